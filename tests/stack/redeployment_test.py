#!/usr/bin/env python3
"""Deploys template.yaml a second time on MiniStack, with changed parameters, by what `make upgrade` runs.

Other stories deploy once, so that none of them shows whether a change takes effect. Here the program of
infra/cloud/deploy does all but the build: SAM, its section of samconfig.toml, the stamp, all three stacks. The
functions are placeholders, since nobody calls them; what counts is what the alias `live` stands for.
Run by the environment that holds SAM.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from unittest.mock import patch

import boto3
from samcli.yamlhelper import yaml_dump

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "infra" / "cloud" / name) for name in ("deploy", "proof")] + [str(ROOT / "tests" / "stack")]

import deploy  # noqa: E402
import prepare  # noqa: E402
import proof  # noqa: E402
from answers import Answers  # noqa: E402
from commands import Commands  # noqa: E402

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": "us-east-1"}
PATIENCE_SECONDS = 60
FUNCTIONS = sorted(path.parent.name for path in ROOT.glob("functions/*/Cargo.toml"))
# Deployed only when a parameter asks for them.
OPTIONAL = ("canary", "upstream")


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


class MiniStack:
    """The emulator as a process of its own."""

    def __init__(self, folder):
        self.url = f"http://127.0.0.1:{free_port()}"
        own = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": self.url.rsplit(":", 1)[1], "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0"}
        env = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "TMPDIR": folder, **CREDENTIALS, **own}
        self.log = open(Path(folder) / "ministack.log", "w+")
        command = [ROOT / ".venv" / "ministack" / "bin" / "ministack"]
        self.process = subprocess.Popen(command, env=env, stdout=self.log, stderr=subprocess.STDOUT)
        self.wait()

    def wait(self):
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/_ministack/health").close()
                return
            except (urllib.error.URLError, ConnectionError):
                if self.process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(Path(self.log.name).read_text()) from None

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.log.close()


class Placeholders(Commands):
    """Builds nothing: the template is the copy for MiniStack, with the same placeholder for each function."""

    def __init__(self, folder, config):
        super().__init__(unattended=True, config=config)
        self.folder, self.built, self.program = folder, folder / "template.yaml", "#!/bin/sh\n"

    def _run(self, command):
        """Shows what SAM said only when it fails."""
        answer = subprocess.run(list(map(str, command)), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if answer.returncode:
            raise AssertionError(answer.stdout)

    def toolchain(self, architecture):
        pass

    def build(self, architecture):
        package = self.folder / "bootstrap.zip"
        with zipfile.ZipFile(package, "w") as archive:
            archive.writestr(zipfile.ZipInfo("bootstrap"), self.program)
        template = prepare.yaml_parse((ROOT / "template.yaml").read_text())
        with patch.object(prepare, "zipped", lambda name, folder: str(package)):
            # Nothing is called here, so URLs may have https as in AWS.
            for change in [it for it in prepare.CHANGES if it is not prepare.with_plain_http]:
                change(template, {"endpoints": dict.fromkeys(FUNCTIONS, "http://127.0.0.1:9"), "folder": str(self.folder)})
        self.built.write_text(yaml_dump(template))


class Proving(Placeholders, proof.Programs):
    """Nothing answers here, so nothing is loaded and probed; stack, secret, meters and tear-down are real."""

    def probe_with(self, token, url, more):
        self.token = token

    def load(self, sockets, rounds, where, key):
        nothing = {"deliveries": 0, "missed": 0}
        measured = {"sockets": sockets, "opened": 0, "refusals": {}, "connect": None, "everybody": nothing, "single": nothing}
        return {**measured, "rest": {}, "socketMinutes": 0}


class Redeployment(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.ministack = MiniStack(folder.name)
        cls.addClassCleanup(cls.ministack.stop)
        env = {**CREDENTIALS, "AWS_ENDPOINT_URL": cls.ministack.url, "SAM_CLI_TELEMETRY": "0", "SAM_CLI_POLL_DELAY": "0.5"}
        cls.enterClassContext(patch.dict(os.environ, env))
        cls.commands = Placeholders(cls.folder, cls.folder / "samconfig.toml")
        cls.enterClassContext(patch.object(deploy, "BUILT", cls.commands.built))
        cls.aws = {name: boto3.client(name) for name in ("lambda", "cloudformation", "sqs")}

    def upgrade(self, **answers):
        """Does what `make upgrade SET=..` does with these answers."""
        given = " ".join(f"{name}='{value}'" for name, value in answers.items())
        options = deploy.parsed(["--stack", "hubcast", "--set", given])
        deployment = deploy.Deployment("hubcast", Answers(self.commands.config), self.commands, {}, lambda text: None)
        deployment.run(deploy.prepare(deployment, options, None))

    def live(self, function):
        """The environment that the alias `live` has, with its version."""
        try:
            found = self.aws["lambda"].get_function_configuration(FunctionName=f"hubcast-{function}", Qualifier="live")
        except self.aws["lambda"].exceptions.ResourceNotFoundException:
            return None, {}
        return found["Version"], found["Environment"]["Variables"]

    def by_cargo_lambda(self, name):
        """Deploys another program as the code of one function, as OPERATIONS tells."""
        command = [ROOT / ".venv" / "build" / "bin" / "cargo-lambda", "lambda", "deploy", "--alias", "live", "--merge-env"]
        how = ["--endpoint-url", self.ministack.url, "--binary-path", "/bin/true", f"hubcast-{name}"]
        answer = subprocess.run([*command, *how], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual(answer.returncode, 0, answer.stdout)

    def stale(self):
        """What `hubcast doctor` says of parameters that have not reached the functions."""
        command = [ROOT / "target" / "debug" / "hubcast", "doctor", "--json", "--read-only", "--url", "http://127.0.0.1:9"]
        answer = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        found = [it for it in map(json.loads, answer.stdout.splitlines()) if it["check"] == "settings"]
        self.assertTrue(found, answer.stdout)
        return [it["detail"] for it in found if it["verdict"] != "ok"]

    def code(self, name):
        return self.aws["lambda"].get_function_configuration(FunctionName=f"hubcast-{name}", Qualifier="live")["CodeSha256"]

    def test_the_code_of_one_function_is_deployed_by_cargo_lambda_until_a_build_differs(self):
        self.upgrade(Hubs="kept", Architecture="x86_64")
        code, (version, variables) = self.code("connect"), self.live("connect")
        others = {name: self.live(name) for name in FUNCTIONS if name not in ("connect", *OPTIONAL)}
        self.by_cargo_lambda("connect")
        self.assertNotEqual(self.code("connect"), code)
        self.assertNotEqual(self.live("connect")[0], version)
        self.assertEqual(self.live("connect")[1], variables)
        self.assertEqual({name: self.live(name) for name in others}, others)
        code = self.code("connect")
        self.upgrade(MaxAge="60")
        self.assertEqual(self.code("connect"), code, "CloudFormation changes no code that its template does not change")
        self.commands.program = "#!/bin/sh\nexit 1\n"
        self.upgrade(MaxAge="60")
        self.assertNotEqual(self.code("connect"), code)

    def test_a_second_deployment_takes_effect(self):
        self.upgrade(Hubs="first", Architecture="x86_64")
        before = {name: self.live(name) for name in FUNCTIONS if name not in OPTIONAL}
        self.assertEqual(before["connect"][1]["HUBS"], "first")
        self.assertNotIn("UPSTREAM_QUEUE_URL", before["connect"][1])

        self.upgrade(Hubs="second", UpstreamQueue="true", AllowedOrigins="https://app.example.com", FrontDoorSecret="a-secret-of-16-chars")
        for name, (version, _) in before.items():
            with self.subTest(name):
                self.assertNotEqual(self.live(name)[0], version)
        _, connect = self.live("connect")
        self.assertEqual(connect["HUBS"], "second")
        self.assertEqual(connect["ALLOWED_ORIGINS"], "https://app.example.com")
        self.assertIn("upstream", connect["UPSTREAM_QUEUE_URL"])
        self.assertEqual(self.live("authorizer")[1]["FRONT_DOOR_SECRET"], "a-secret-of-16-chars")

        # An answer that nobody repeats stays, one that is emptied goes, and so does a secret that stays as it is.
        self.upgrade(AllowedOrigins="")
        _, connect = self.live("connect")
        self.assertEqual((connect["HUBS"], connect["ALLOWED_ORIGINS"]), ("second", ""))
        self.assertEqual(self.live("authorizer")[1]["FRONT_DOOR_SECRET"], "a-secret-of-16-chars")

    def test_the_doctor_names_the_parameters_that_no_version_was_published_for(self):
        # Whoever deploys by `sam deploy` alone has the stamp of the last build.
        with patch.object(deploy.stamp, "release", lambda: "the-same"):
            self.upgrade(Hubs="old", UpstreamQueue="false", FrontDoorSecret="a-secret-of-16-chars", Architecture="x86_64")
            self.assertEqual(self.stale(), [])
            self.upgrade(Hubs="new", UpstreamQueue="true", FrontDoorSecret="another-secret-of-16-chars")
        stale = " ".join(self.stale())
        for name in ("Hubs", "FrontDoorSecret", "UpstreamQueue"):
            self.assertIn(f"the parameter {name} ", stale)
        self.upgrade(MaxAge="70")
        self.assertEqual(self.stale(), [])

    def test_a_proof_leaves_nothing(self):
        programs = Proving(self.folder, self.folder / "proof.toml")
        with patch.object(deploy, "BUILT", programs.built), patch.object(proof, "FOLDER", self.folder), patch.dict(os.environ, {"CI": "true"}):
            path = proof.main(["--stack", "proof", "--sockets", "1"], programs=programs, settle=lambda seconds: None, say=lambda text: None)
        report = path.read_text()
        self.assertIn("Nothing is left.", report)
        self.assertIn("| WebSocket messages | 0.000 |", report)
        self.assertTrue(programs.token)
        with self.assertRaises(self.aws["cloudformation"].exceptions.ClientError):
            self.aws["cloudformation"].describe_stacks(StackName="proof")
        tables = boto3.client("dynamodb").list_tables()["TableNames"]
        self.assertEqual([name for name in tables if name.startswith("proof")], [])


if __name__ == "__main__":
    unittest.main()
