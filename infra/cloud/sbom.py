#!/usr/bin/env python3
"""Writes what the programs and the tools are made of, as CycloneDX, into target/sbom.

One file for each program (a function of the deployment, or a program of ours), one for each lock file of npm, and
one for each list of Python's packages.
"""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "target" / "sbom"
SPEC = "1.5"
# cargo-cyclonedx writes beside each manifest; the name tells its files from all others.
MARK = "hubcast-sbom"
PROGRAMS = ["functions/*", "infra/programs/*"]
NPM = {"tests": "tests", "cdk": "infra/cloud/cdk", "web": "infra/web", "angular": "docs/examples/angular"}
PYTHON = {
    "tests": "tests/requirements.txt",
    "stack": "tests/stack/requirements.txt",
    "deploy": "infra/requirements.txt",
    "build": "infra/build-requirements.txt",
    "checkov": "infra/checkov-requirements.txt",
}


def run(command, folder=ROOT):
    return subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True).stdout


def crates():
    """For the machines that functions run on; features and targets are those of a build."""
    target = ["--target", "aarch64-unknown-linux-gnu"]
    form = ["--format", "json", "--spec-version", SPEC, "--override-filename", MARK]
    run(["cargo", "cyclonedx", "--quiet", *target, *form])
    for written in ROOT.rglob(f"{MARK}.json"):
        folder = written.parent
        if any(folder.match(pattern) for pattern in PROGRAMS):
            written.rename(OUT / f"{folder.name}.cdx.json")
        else:
            written.unlink()


def packages():
    npm = shutil.which("npm") or "npm"
    for name, folder in NPM.items():
        form = ["--sbom-format=cyclonedx", "--package-lock-only"]
        (OUT / f"npm-{name}.cdx.json").write_text(run([npm, "sbom", *form], ROOT / folder))
    for name, file in PYTHON.items():
        cyclonedx = Path(sys.executable).with_name("cyclonedx-py")
        form = ["--output-format", "JSON", "--spec-version", SPEC, "--output-reproducible"]
        run([cyclonedx, "requirements", *form, "--output-file", OUT / f"python-{name}.cdx.json", file])


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    crates()
    packages()
    for written in sorted(OUT.iterdir()):
        print(written.relative_to(ROOT))


if __name__ == "__main__":
    main()
