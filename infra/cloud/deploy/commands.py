"""The programs that a deployment runs: make, SAM and the probe."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from stacks import ROOT

# SAM takes files of values by this ending only; what is JSON is YAML too.
FILES = ".yaml"
SAM = Path(sys.executable).parent / "sam"


def is_unattended(environment=os.environ):
    """Whether nobody is there to be asked: pipelines set CI."""
    return environment.get("CI", "").lower() not in ("", "0", "false")


class Commands:
    """Runs programs; `unattended` decides whether a change set has to be confirmed, `config` keeps answers."""

    def __init__(self, unattended, config=ROOT / "samconfig.toml"):
        self.unattended, self.config = unattended, config

    def toolchain(self, architecture):
        self._run(["make", "--no-print-directory", "toolchain", f"ARCH={architecture}"])

    def build(self, architecture):
        self._run([SAM, "build", "--parameter-overrides", f"Architecture={architecture}"])

    def package(self, template, bucket, prefix, output):
        """Puts the code into a bucket, and writes a template that names it there."""
        where = ["--template-file", template, "--s3-bucket", bucket, "--s3-prefix", prefix]
        self._run([SAM, "package", *where, "--output-template-file", output])

    def deploy(self, stack, template, values, region=None):
        """Deploys one stack by its section. Values stand in a file, since command lines can be seen."""
        confirm = "--no-confirm-changeset" if self.unattended else "--confirm-changeset"
        where = ["--stack-name", stack, "--template-file", template, "--config-file", self.config]
        how = ["--config-env", stack, confirm, "--no-fail-on-empty-changeset"]
        with tempfile.NamedTemporaryFile("w", suffix=FILES) as file:
            json.dump(values, file)
            file.flush()
            overrides = ["--parameter-overrides", f"file://{file.name}"] if values else []
            self._run([SAM, "deploy", *where, *how, *overrides, *_region(region)])

    def outputs(self, stack, region=None):
        """Name to value of a stack's outputs."""
        command = [SAM, "list", "stack-outputs", "--stack-name", stack, "--output", "json", *_region(region)]
        answer = subprocess.run(list(map(str, command)), cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
        return {each["OutputKey"]: each["OutputValue"] for each in json.loads(answer.stdout)}

    def probe(self, url, more):
        self._run(["make", "--no-print-directory", "probe", f"URL={url}", f"ARGS={more}"])

    def _run(self, command):
        subprocess.run(list(map(str, command)), cwd=ROOT, check=True)


def _region(region):
    return ["--region", region] if region else []
