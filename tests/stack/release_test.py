#!/usr/bin/env python3
"""Tries the artefacts of a release, made of the programs of `cargo build` (the PROFILE of a release takes long).

The archive is unpacked into an empty folder and its programs start there; the packaged template is deployed on
MiniStack with the zips from a bucket; the crate and the packages are built as registries want them; the checksums
are checked by sha256sum. Run by the environment that holds SAM; PYTHON names the one that holds uv.
"""

import base64
import hashlib
import json
import os
import platform
import subprocess
import sys
import tarfile
import tempfile
import unittest
import urllib.request
from pathlib import Path
from unittest.mock import patch

import boto3
from samcli.yamlhelper import yaml_dump

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "infra" / "release"), str(ROOT / "tests" / "stack")]

import prepare  # noqa: E402
import release  # noqa: E402
from redeployment_test import CREDENTIALS, MiniStack  # noqa: E402

BUCKET = "releases"
REGION = CREDENTIALS["AWS_DEFAULT_REGION"]
BUILT = ROOT / "target" / "debug"
ARCHITECTURE = "x86_64"
FIRST_LINE = "hubcast ready on "
# That of functions/negotiate/events/preflight.json.
ORIGIN = "https://app.example.com"


def run(*command, **options):
    answer = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if answer.returncode:
        raise AssertionError(f"{command[0]} ended with {answer.returncode}: {answer.stdout}")
    return answer.stdout


def stripped(folder):
    """Programs without symbols, as those of a release are."""
    for name in [*release.PROGRAMS, *release.FUNCTIONS]:
        run("strip", "-o", folder / name, BUILT / name)
    return folder


class Release(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.out = cls.folder / "out"
        for name in ["out", "built", "ministack"]:
            (cls.folder / name).mkdir()
        cls.version = release.version_of(ROOT / "Cargo.toml")
        cls.made = release.Release(cls.version, BUCKET, built=stripped(cls.folder / "built"), out=cls.out)
        for step in ["programs", "functions", "template", "image", "sums"]:
            getattr(cls.made, step)()

    def test_the_programs_start_in_an_empty_folder_and_talk_to_each_other(self):
        with tempfile.TemporaryDirectory() as empty:
            [archive] = self.out.glob("hubcast-*.tar.gz")
            with tarfile.open(archive) as packed:
                packed.extractall(empty, filter="data")
            [folder] = Path(empty).iterdir()
            self.serves(folder / "hubcast-local", folder / "hubcast", empty, "--port", "0")

    def test_the_image_has_what_its_file_copies_and_works_by_its_entry_point(self):
        folder = self.out / "image"
        lines = (folder / "Dockerfile").read_text().replace("${TARGETARCH}", release.DOCKER[platform.machine()]).splitlines()
        copies = [line.split()[1:] for line in lines if line.startswith("COPY")]
        for words in copies:
            for source in [word for word in words[:-1] if not word.startswith("--")]:
                self.assertTrue((folder / source).exists(), source)
        programs = folder / release.DOCKER[platform.machine()]
        entry = next(json.loads(line.removeprefix("ENTRYPOINT ")) for line in lines if line.startswith("ENTRYPOINT"))
        self.assertEqual(Path(entry[0]).name, "hubcast-local")
        # The address of a container is not that of this machine, which no test may open to the network.
        flags = [word.replace("0.0.0.0", "127.0.0.1") for word in entry[1:]]
        (programs / "demo").exists() or (programs / "demo").symlink_to(folder / "demo")
        with tempfile.TemporaryDirectory() as empty:
            self.serves(programs / "hubcast-local", programs / "hubcast", empty, *flags, "--port", "0")

    def serves(self, stack, hubcast, folder, *flags):
        """That the stack starts with its page, and that the command line reaches the stack."""
        clean = {"PATH": os.environ["PATH"], "HOME": folder}
        process = subprocess.Popen([stack, *flags], cwd=folder, env=clean, stdout=subprocess.PIPE, text=True)
        try:
            line = process.stdout.readline().strip()
            self.assertTrue(line.startswith(FIRST_LINE), line)
            url = line.removeprefix(FIRST_LINE)
            for path, what in [("/", b"<title>hubcast"), ("/api", b"REST API"), ("/hubcast-client.tgz", b"\x1f\x8b")]:
                with urllib.request.urlopen(url + path) as answer:
                    self.assertIn(what, answer.read())
            self.assertEqual(run(hubcast, "connections", "count", f"--local={url}", cwd=folder, env=clean), "0\n")
            self.shows_the_console(hubcast, url, cwd=folder, env=clean)
        finally:
            process.terminate()
            self.assertEqual(process.wait(), 0)
            process.stdout.close()

    def shows_the_console(self, hubcast, url, **options):
        """That the program holds the page of its console."""
        flags = [f"--local={url}", "console", "--json"]
        process = subprocess.Popen([hubcast, *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
        try:
            entrance = json.loads(process.stdout.readline())["url"]
            with urllib.request.build_opener(urllib.request.HTTPCookieProcessor()).open(entrance) as page:
                self.assertIn(b'<div id="app">', page.read())
        finally:
            process.terminate()
            process.communicate()

    def test_the_template_deploys_with_the_zips_of_its_bucket(self):
        ministack = MiniStack(str(self.folder / "ministack"))
        self.addCleanup(ministack.stop)
        env = {**CREDENTIALS, "AWS_ENDPOINT_URL": ministack.url, "SAM_CLI_TELEMETRY": "0", "SAM_CLI_POLL_DELAY": "0.5"}
        with patch.dict(os.environ, env):
            self.upload()
            self.deploy()
            aws = boto3.client("lambda")
            for name in release.FUNCTIONS:
                if name in ("canary", "upstream"):
                    continue  # only when a parameter asks for it
                archive = (self.out / f"functions-{ARCHITECTURE}" / f"{name}.zip").read_bytes()
                found = aws.get_function_configuration(FunctionName=f"hubcast-{name}", Qualifier="live")
                self.assertEqual(found["CodeSha256"], base64.b64encode(hashlib.sha256(archive).digest()).decode(), name)
            event = (ROOT / "functions" / "negotiate" / "events" / "preflight.json").read_bytes()
            answer = aws.invoke(FunctionName="hubcast-negotiate", Qualifier="live", Payload=event)
            self.assertEqual(json.loads(answer["Payload"].read())["statusCode"], 204)

    def upload(self):
        """What upload.py does for each region."""
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=f"{BUCKET}-{REGION}")
        for archive in (self.out / f"functions-{ARCHITECTURE}").iterdir():
            s3.upload_file(str(archive), f"{BUCKET}-{REGION}", f"{self.version}/{ARCHITECTURE}/{archive.name}")

    def deploy(self):
        """As the template is, but for the gaps of MiniStack that README.md names."""
        template = prepare.yaml_parse((self.out / f"hubcast-{ARCHITECTURE}.yaml").read_text())
        endpoint = os.environ["AWS_ENDPOINT_URL"]
        names = {"endpoints": dict.fromkeys(release.FUNCTIONS, endpoint)}
        with patch.object(prepare, "binary", lambda resource: Path(resource["Properties"]["CodeUri"]["Key"]).stem):
            for change in [it for it in prepare.CHANGES if it not in (prepare.with_built_binaries, prepare.with_plain_http)]:
                change(template, names)
        copy = self.folder / "template.yaml"
        copy.write_text(yaml_dump(template))
        where = ["--template-file", copy, "--stack-name", "hubcast", "--s3-bucket", f"{BUCKET}-{REGION}"]
        how = ["--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--no-progressbar", "--parameter-overrides", f"AllowedOrigins={ORIGIN}"]
        run(Path(sys.executable).parent / "sam", "deploy", *where, *how, cwd=self.folder)

    def test_a_launch_link_for_each_region_names_the_template_of_its_architecture(self):
        page = (self.out / "LAUNCH.md").read_text()
        self.assertIn(f"region={REGION}#/stacks/create/review?stackName=hubcast", page)
        self.assertIn(f"https://{BUCKET}-{REGION}.s3.{REGION}.amazonaws.com/{self.version}/hubcast-arm64.yaml", page)

    def test_the_checksums_are_right(self):
        run("sha256sum", "--check", "--strict", "SHA256SUMS", cwd=self.out)

    def test_packages_are_as_registries_want_them(self):
        python = os.environ.get("PYTHON", ROOT / ".venv" / "bin" / "python")
        run(python, ROOT / "infra" / "release" / "release.py", "packages", cwd=ROOT)
        names = {path.name for path in release.OUT.iterdir()}
        for name in ["hubcast-client-{}.tgz", "hubcast-testing-{}.tgz", "pytest_hubcast-{}-py3-none-any.whl", "signalr-protocol-{}.crate"]:
            self.assertIn(name.format(self.version), names)

    def test_a_tag_of_another_version_releases_nothing(self):
        with self.assertRaises(SystemExit) as refused:
            release.main(["--tag", "v99.0.0"])
        self.assertIn(f"is not v{self.version}", str(refused.exception))


if __name__ == "__main__":
    unittest.main()
