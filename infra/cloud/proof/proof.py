#!/usr/bin/env python3
"""Proves a deployment in an account: deploys one, probes, loads, reads the bill's meters, and tears down.

    make proof                          2,500 and then 10,000 sockets, in a stack of its own
    make proof SOCKETS="100" ROUNDS=5   less

This costs money (docs/PROOF.md says how much), so a person has to say yes, or CI has to be set. Whatever
fails, the deployment is torn down. The report is in target/proof.
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import secrets
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "deploy"))

import boto3  # noqa: E402
from answers import Answers  # noqa: E402
from asking import Asking  # noqa: E402
from commands import Commands, is_unattended  # noqa: E402
from deploy import Deployment, parsed as deployment_options, prepare  # noqa: E402
from meters import FUNCTIONS, bill, meters, prices, total  # noqa: E402
from page import page  # noqa: E402
from parameters import Parameters  # noqa: E402
from stacks import ROOT, SERVICE  # noqa: E402

FOLDER = ROOT / "target" / "proof"
LOAD = ROOT / "tests" / "proof" / "load.js"
HUB = "notifications"
# Until CloudWatch has the sums of the last minutes.
SETTLE_SECONDS = 300
TOKEN_SECONDS = 3600


class Declined(Exception):
    """Nobody said yes."""


class Programs(Commands):
    """The programs of a deployment, the load, and what takes a stack away."""

    def load(self, sockets, rounds, where, key):
        """What the load measured."""
        how = ["--sockets", sockets, "--rounds", rounds, *where]
        command = [str(word) for word in ("node", LOAD, *how)]
        answer = subprocess.run(command, cwd=ROOT / "tests", env={**os.environ, "HUBCAST_ACCESS_KEY": key}, check=True, stdout=subprocess.PIPE, text=True)
        return json.loads(answer.stdout)

    def probe_with(self, token, url, more):
        """Probes; the token stands in a variable, since command lines can be seen."""
        command = ["make", "--no-print-directory", "probe", f"URL={url}", f"ARGS={more}"]
        subprocess.run(command, cwd=ROOT, env={**os.environ, "HUBCAST_TOKEN": token}, check=True)

    def delete(self, stack):
        sam = Path(sys.executable).parent / "sam"
        where = ["--config-file", str(self.config), "--config-env", stack, "--no-prompts"]
        subprocess.run([str(sam), "delete", "--stack-name", stack, *where], cwd=ROOT, check=True)


@dataclass
class Cloud:
    """The calls of AWS that no program of the deployment makes."""

    secretsmanager: object
    cloudwatch: object
    dynamodb: object
    region: str

    @classmethod
    def here(cls):
        session = boto3.Session()
        clients = [session.client(name) for name in ("secretsmanager", "cloudwatch", "dynamodb")]
        return cls(*clients, session.region_name)

    def access_key(self, place):
        return json.loads(self.secretsmanager.get_secret_value(SecretId=place)["SecretString"])["primary"]

    def delete_table(self, name):
        """Deletes the table of a stack, which outlives the stack. A stack that failed may have none any more."""
        with suppress(self.dynamodb.exceptions.ResourceNotFoundException):
            self.dynamodb.delete_table(TableName=name)


def token(key, audience):
    """A client token of an hour, as docs/PROTOCOL.md describes."""
    encoded = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")  # noqa: E731
    now = int(time.time())
    claims = {"aud": audience, "nameid": "proof", "iat": now, "exp": now + TOKEN_SECONDS}
    text = encoded({"alg": "HS256", "typ": "JWT"}) + b"." + encoded(claims)
    signature = hmac.new(key.encode(), text, hashlib.sha256).digest()
    return (text + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


@dataclass
class Proof:
    stack: str
    sockets: list
    rounds: int
    programs: Programs
    cloud: Cloud
    answers: Answers
    say: object = print
    settle: object = time.sleep
    clock: object = lambda: datetime.now(timezone.utc)  # noqa: E731
    loads: list = field(default_factory=list)

    def run(self):
        """Proves, tears down whatever happens, and answers the page of the report."""
        begin, lines, left, outputs = self.clock(), [], [], {}
        try:
            outputs = self.deploy()
            self.probe(outputs)
            self.load(outputs)
            self.say(f"waiting {SETTLE_SECONDS} s for the meters")
            self.settle(SETTLE_SECONDS)
            lines = self.read(outputs, begin)
        finally:
            left = self.tear_down(outputs)
        return page(self.stack, self.cloud.region, begin, self.clock(), self.loads, lines, left)

    def deploy(self):
        deployment = Deployment(self.stack, self.answers, self.programs, {"AWS_REGION": self.cloud.region}, self.say)
        options = deployment_options(["--stack", self.stack, "--set", f"Hubs={HUB}"])
        given = prepare(deployment, options, None)
        deployment.build()
        return deployment.deploy_service(given[""])

    def places(self, outputs):
        """Where clients connect, and where backends call."""
        sockets = f"wss://{outputs['WebSocketDomain']}/{outputs['WebSocketStage']}"
        return sockets, f"https://{outputs['HttpDomain']}"

    def probe(self, outputs):
        sockets, rest = self.places(outputs)
        own = token(self.cloud.access_key(outputs["AccessKeyPlace"]), f"{rest}/client/?hub={HUB}")
        management = sockets.replace("wss:", "https:", 1)
        means = f"--queue-url {outputs['NotificationsQueueUrl']} --management-url {management}"
        more = f"{means} --stack --prefix {self.stack} --posts 2000 --report {FOLDER}"
        self.programs.probe_with(own, sockets, more)

    def load(self, outputs):
        sockets, rest = self.places(outputs)
        key = self.cloud.access_key(outputs["AccessKeyPlace"])
        for count in self.sockets:
            self.say(f"{count} sockets, {self.rounds} rounds")
            where = ["--sockets-url", sockets, "--rest-url", rest, "--hub", HUB]
            self.loads.append(self.programs.load(count, self.rounds, where, key))

    def read(self, outputs, begin):
        template = Parameters(SERVICE.source)
        memory = {name: int(template.default("FunctionMemory")) / 1024 for name in FUNCTIONS}
        memory["publisher"] = int(template.default("PublisherMemory")) / 1024
        end = self.clock()
        found = [(meter, total(self.cloud.cloudwatch, meter, begin, end)) for meter in meters(self.stack, outputs, memory)]
        return bill(found, prices(), sum(load["socketMinutes"] for load in self.loads))

    def tear_down(self, outputs):
        """Deletes the stack and its table; answers what is left."""
        left = []
        try:
            self.programs.delete(self.stack)
        except (OSError, subprocess.CalledProcessError) as fault:
            self.say(f"the stack {self.stack} is still there: {fault}")
            left.append(f"the stack `{self.stack}`")
        table = outputs.get("TableName")
        try:
            if table:
                self.cloud.delete_table(table)
        except Exception as fault:  # noqa: BLE001 - whatever AWS says, the report names the table
            self.say(f"the table {table} is still there: {fault}")
            left.append(f"the table `{table}`")
        if not table:
            left.append(f"perhaps a table whose name begins with `{self.stack}-Table-`")
        for what in left:
            self.say(f"left: {what}")
        return left


def arguments(given):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sockets", default="2500 10000", help="how many sockets, one load after the other")
    parser.add_argument("--rounds", type=int, default=20, help="how many messages to everybody, and to single users")
    parser.add_argument("--stack", default=f"hubcast-proof-{secrets.token_hex(3)}", help="the name of the deployment")
    return parser.parse_args(given)


def main(given, cloud=None, programs=None, asking=None, **more):
    options = arguments(given)
    FOLDER.mkdir(parents=True, exist_ok=True)
    unattended = is_unattended()
    if not unattended and not (asking or Asking()).yes("This deploys into your account and costs some dollars. Go on?", False):
        raise Declined
    config = FOLDER / f"{options.stack}.toml"
    programs = programs or Programs(True, config=config)
    sockets = [int(count) for count in options.sockets.split()]
    proof = Proof(options.stack, sockets, options.rounds, programs, cloud or Cloud.here(), Answers(config), **more)
    written = proof.run()
    path = FOLDER / f"proof-{proof.clock():%Y-%m-%dT%H%M%SZ}.md"
    path.write_text(written)
    print(f"the report is {path}")
    return path


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Declined:
        sys.exit("nothing was done")
