#!/usr/bin/env python3
"""Makes everything that a release consists of, in target/release-artefacts; publishes nothing.

Each step can be left out, so that a pipeline makes each artefact on the machine that it is for:

    release.py programs      hubcast and hubcast-local with the demo page, for the machine that this runs on
    release.py functions     the zips of the functions, for the architectures whose standard library is here
    release.py template      the template that names the zips in a bucket, and the launch links
    release.py packages      @hubcast/client, @hubcast/testing, pytest-hubcast, signalr-protocol, the package for ASP.NET Core
    release.py image         the folder that the Dockerfile is built from
    release.py sbom          what programs and tools are made of
    release.py sums          SHA256SUMS of all that is there

Without a name, all steps are done, in this order.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from launch import ARCHITECTURES, launch_page, packaged
from sums import write_sums

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "target" / "release-artefacts"
SBOM = ROOT / "target" / "sbom"
DEMO = ROOT / "infra" / "web" / "demo" / "dist"
# Cargo takes this page into the program hubcast.
CONSOLE = ROOT / "infra" / "web" / "console" / "dist" / "index.html"
PROGRAMS = ["hubcast", "hubcast-local"]
FUNCTIONS = sorted(path.parent.name for path in ROOT.glob("functions/*/Cargo.toml"))
TRIPLES = {"arm64": "aarch64-unknown-linux-gnu", "x86_64": "x86_64-unknown-linux-gnu"}
# No bucket can have capitals in its name, so nobody else can own what an unset name leads to.
NO_BUCKET = "YOUR-BUCKET"
NPM = ["infra/web/client-js", "infra/testing/node"]
# What Docker calls the architectures.
DOCKER = {"aarch64": "arm64", "arm64": "arm64", "x86_64": "amd64", "AMD64": "amd64"}


def run(*command, folder=ROOT):
    subprocess.run([str(word) for word in command], cwd=folder, check=True)


def answer(*command):
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


class Release:
    """`built` is the folder of programs that are built already; otherwise each step builds what it needs."""

    def __init__(self, version, bucket, profile="release", built=None, out=OUT):
        self.version, self.bucket, self.profile, self.built, self.out = version, bucket, profile, built, out

    def programs(self):
        """One archive for the machine that this runs on; everything in one folder, which works where it is."""
        folder = self._folder(f"hubcast-{self.version}-{host()}")
        for program in PROGRAMS:
            shutil.copy2(self._program(program), folder)
        shutil.copytree(DEMO, folder / "demo")
        for page in ["LICENSE-MIT", "LICENSE-APACHE", "CHANGELOG.md", "SECURITY.md"]:
            shutil.copy(ROOT / page, folder)
        shutil.copy(ROOT / "infra" / "release" / "README.txt", folder)
        if os.name == "nt":
            shutil.make_archive(str(folder), "zip", self.out, folder.name)
        else:
            with tarfile.open(f"{folder}.tar.gz", "w:gz") as archive:
                archive.add(folder, folder.name)
        shutil.rmtree(folder)

    def _program(self, name):
        file = f"{name}.exe" if os.name == "nt" else name
        if self.built:
            return self.built / file
        if not CONSOLE.exists():
            sys.exit("the page of the console is not built: run make console")
        run("cargo", "build", "--locked", "--profile", self.profile, "--bin", name)
        return ROOT / "target" / self.profile / file

    def functions(self):
        for architecture in ARCHITECTURES:
            if self.built and TRIPLES[architecture] != host():
                print(f"functions: those for {architecture} are not built here")
            elif not self.built and not has_library(TRIPLES[architecture]):
                print(f"functions: rustup target add {TRIPLES[architecture]} brings what {architecture} needs; left out")
            else:
                self._functions(architecture)

    def _functions(self, architecture):
        folder = self._folder(f"functions-{architecture}")
        if not self.built:
            run("make", "--no-print-directory", "build", f"ARCH={architecture}", f"PROFILE={self.profile}")
        for name in FUNCTIONS:
            if self.built:
                zipped(self.built / name, folder / f"{name}.zip")
            else:
                shutil.copy(ROOT / "target" / "lambda" / name / "bootstrap.zip", folder / f"{name}.zip")

    def template(self):
        """Per architecture, since the zips differ."""
        sources = (ROOT / "template.yaml").read_text()
        for architecture in ARCHITECTURES:
            text = packaged(sources, self.bucket, f"{self.version}/{architecture}", architecture)
            (self.out / f"hubcast-{architecture}.yaml").write_text(text)
        for name in ["front-door", "observability", "pipeline"]:
            shutil.copy(ROOT / "infra" / "cloud" / f"{name}.yaml", self.out / f"hubcast-{name}.yaml")
        (self.out / "LAUNCH.md").write_text(launch_page(self.bucket, self.version))

    def packages(self):
        for folder in NPM:
            run("npm", "pack", "--silent", "--pack-destination", self.out, folder=ROOT / folder)
        with tempfile.TemporaryDirectory() as copy:
            # Setuptools leaves files beside its sources.
            source = shutil.copytree(ROOT / "infra" / "testing" / "python", Path(copy) / "source")
            run(sys.executable, "-m", "uv", "build", "--quiet", "--wheel", "--out-dir", self.out, source)
        (self.out / ".gitignore").unlink(missing_ok=True)
        if has_dotnet():
            project = "infra/dotnet/src/Hubcast.AspNetCore"
            run("dotnet", "pack", project, "--configuration", "Release", "--output", self.out)
        else:
            print("packages: there is no .NET SDK; the package for ASP.NET Core is left out")
        # Without --allow-dirty, what is not committed would end a try-out here; the pipeline has a clean tree.
        how = ["--allow-dirty", "--quiet", "--package", "signalr-protocol"]
        run("cargo", "publish", "--dry-run", *how)
        # A dry run leaves no file.
        run("cargo", "package", "--no-verify", *how)
        for crate in (ROOT / "target" / "package").glob(f"signalr-protocol-{self.version}.crate"):
            shutil.copy(crate, self.out)

    def image(self):
        """The programs of this machine beside those of other machines, which an earlier run put there."""
        folder = self.out / "image"
        own = folder / DOCKER[machine()]
        own.mkdir(parents=True, exist_ok=True)
        for program in PROGRAMS:
            shutil.copy2(self._program(program), own)
        shutil.copytree(DEMO, folder / "demo", dirs_exist_ok=True)
        shutil.copy(ROOT / "infra" / "release" / "Dockerfile", folder)

    def sbom(self):
        run("make", "--no-print-directory", "sbom")
        with tarfile.open(self.out / f"hubcast-{self.version}-sbom.tar.gz", "w:gz") as archive:
            archive.add(SBOM, "sbom")

    def sums(self):
        write_sums(self.out)

    def _folder(self, name):
        folder = self.out / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder


STEPS = ["programs", "functions", "template", "packages", "image", "sbom", "sums"]


def zipped(program, archive):
    """As Lambda wants it: the program by the name `bootstrap`, which may be run."""
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr = 0o755 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr(entry, program.read_bytes(), compresslevel=1)


def machine():
    return os.uname().machine if hasattr(os, "uname") else os.environ.get("PROCESSOR_ARCHITECTURE", "AMD64")


def host():
    lines = answer("rustc", "--version", "--verbose").splitlines()
    return next(line.split()[1] for line in lines if line.startswith("host:"))


def has_dotnet():
    """A runtime alone answers no --version."""
    return shutil.which("dotnet") is not None and subprocess.run(["dotnet", "--version"], capture_output=True).returncode == 0


def has_library(triple):
    return Path(answer("rustc", "--print", "target-libdir", "--target", triple)).is_dir()


def version_of(manifest):
    line = next(line for line in manifest.read_text().splitlines() if line.startswith("version = "))
    return line.split('"')[1]


def parsed(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("steps", nargs="*", choices=[*STEPS, []], metavar="STEP", help=", ".join(STEPS))
    parser.add_argument("--bucket", default=NO_BUCKET, help="the first part of the buckets' names; a region follows it")
    parser.add_argument("--profile", default="release", help="cargo's profile; `quick` for a try-out")
    parser.add_argument("--built", type=Path, help="a folder of programs that are built already")
    parser.add_argument("--tag", help="the tag that is released, which must be that of the version")
    return parser.parse_args(arguments)


def main(arguments):
    options, version = parsed(arguments), version_of(ROOT / "Cargo.toml")
    if options.tag not in (None, "", f"v{version}"):
        sys.exit(f"the tag {options.tag} is not v{version}: set the version in Cargo.toml and package.json first")
    OUT.mkdir(parents=True, exist_ok=True)
    release = Release(version, options.bucket, options.profile, options.built)
    for step in options.steps or STEPS:
        print(f"== {step}", flush=True)
        getattr(release, step)()
    print(*sorted(str(path.relative_to(ROOT)) for path in OUT.rglob("*") if path.is_file() and "demo" not in path.parts), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
