#!/usr/bin/env python3
"""Builds and deploys a whole deployment: `make deploy` asks, `make upgrade` goes by what was answered.

The order: build for the stack's architecture, stamp, the service, the front door, the service again
when its public URL has changed, alarms and dashboard, then the probe. docs/OPERATIONS.md tells how to use it.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import stamp
from answers import Answers
from asking import Asking
from commands import Commands, is_unattended
from parameters import Parameters, WrongParameter, guided, settings
from stacks import BUILT, FRONT_DOOR, LATER, OBSERVABILITY, ROOT, SERVICE


class Unknown(Exception):
    """A deployment that nothing was answered for."""


@dataclass
class Deployment:
    name: str
    answers: Answers
    commands: Commands
    environment: dict
    say: Callable = print

    def settle(self, part, changes, asking=None):
        """Works the changes, and what is asked, into the answers of one stack, and keeps them."""
        stack, template = part.name(self.name), Parameters(part.source)
        kept = {name: value for name, value in self.answers.parameters(stack).items() if name in template.known}
        for name, value in changes.items():
            kept[name] = template.checked(name, value)
        typed = asking.all(template, kept, part.derived()) if asking else {}
        shown = {name: value for name, value in {**kept, **typed}.items() if not template.is_hidden(name)}
        self.answers.keep(stack, shown, part.region or self._region())
        secrets = {name: value for name, value in {**changes, **typed}.items() if template.is_hidden(name)}
        # The front door has the newest of the service's secrets, see newest().
        given = template.secrets(self.environment) if part is SERVICE else {}
        return {**given, **secrets}

    def _region(self):
        return self.environment.get("AWS_REGION") or self.environment.get("AWS_DEFAULT_REGION")

    def build(self, architecture=None):
        architecture = architecture or self._architecture()
        self.commands.toolchain(architecture)
        self.commands.build(architecture)

    def _architecture(self):
        kept = self.answers.parameters(self.name)
        return kept.get("Architecture", Parameters(SERVICE.source).default("Architecture"))

    def package(self, bucket, folder, architecture=None):
        """Builds, and writes what Terraform, the CDK or CloudFormation itself deploy."""
        self.build(architecture)
        stamp.stamp_file(BUILT, stamp.release())
        folder.mkdir(parents=True, exist_ok=True)
        self.commands.package(BUILT, bucket, self.name, folder / BUILT.name)
        for part in LATER:
            shutil.copy(part.template, folder / part.template.name)
        self.say(f"{folder} holds the templates, and {bucket} the code")

    def deploy_service(self, secrets):
        """Stamps anew each time: a parameter may be all that changed."""
        stamp.stamp_file(BUILT, stamp.release())
        values = {**self.answers.parameters(self.name), **secrets}
        self.commands.deploy(self.name, BUILT, values)
        return self.commands.outputs(self.name, self.answers.region(self.name))

    def deploy_part(self, part, outputs, secrets):
        """Answers the outputs of a later stack, or nothing when the deployment does not have it."""
        stack = part.name(self.name)
        if not self.answers.knows(stack):
            return {}
        values = {**self.answers.parameters(stack), **part.parameters(self.name, outputs), **secrets}
        self.commands.deploy(stack, part.template, values, part.region)
        return self.commands.outputs(stack, part.region)

    def run(self, secrets):
        """`secrets` are those of each stack, by its suffix."""
        self.build()
        outputs = self.deploy_service(secrets[""])
        front = self.deploy_part(FRONT_DOOR, outputs, secrets["front-door"])
        if front.get("PublicUrl", self._public_url()) != self._public_url():
            kept = self.answers.parameters(self.name)
            self.answers.keep(self.name, {**kept, "PublicUrl": front["PublicUrl"]})
            outputs = self.deploy_service(secrets[""])
        self.deploy_part(OBSERVABILITY, outputs, secrets["observability"])
        self.probe(outputs)

    def _public_url(self):
        return self.answers.parameters(self.name).get("PublicUrl", "")

    def probe(self, outputs):
        url = self._public_url() or f"wss://{outputs['WebSocketDomain']}/{outputs['WebSocketStage']}"
        if not self.environment.get("HUBCAST_TOKEN"):
            self.say(f"HUBCAST_TOKEN holds no token, so nothing was probed; later: make probe URL={url}")
            return
        management = f"https://{outputs['WebSocketDomain']}/{outputs['WebSocketStage']}"
        stack = f"--stack --prefix {self.name}"
        more = f"--queue-url {outputs['NotificationsQueueUrl']} --management-url {management} {stack}"
        self.commands.probe(url, more)


def newest(secrets):
    """Of two secrets the front door adds the first one, which is the newer."""
    given = secrets.get("FrontDoorSecret")
    return {} if given is None else {"FrontDoorSecret": "" if given == "none" else given.split(",")[0]}


def prepare(deployment, options, asking):
    """Settles the answers of all stacks that the deployment has; answers their secrets by suffix."""
    deployment.answers.adopt(deployment.name, guided)
    changes = settings(options.set)
    if options.architecture:
        changes.setdefault("", {})["Architecture"] = options.architecture
    if not asking and not options.set and not deployment.answers.knows(deployment.name):
        raise Unknown(f"nothing is kept for {deployment.name}: `make deploy STACK={deployment.name}` asks for it")
    secrets = {"": deployment.settle(SERVICE, changes.pop("", {}), asking)}
    for part in LATER:
        has = deployment.answers.knows(part.name(deployment.name)) or part.suffix in changes
        has = asking.yes(f"Deploy the stack {part.name(deployment.name)}?", has) if asking else has
        own = deployment.settle(part, changes.pop(part.suffix, {}), asking) if has else {}
        secrets[part.suffix] = {**newest(secrets[""]), **own} if part is FRONT_DOOR else own
    if options.tags:
        tag_all(deployment, settings(options.tags).get("", {}))
    if changes:
        raise WrongParameter(f"there is no stack {', '.join(sorted(changes))}: front-door or observability")
    return secrets


def tag_all(deployment, tags):
    for part in [SERVICE, *LATER]:
        if deployment.answers.knows(part.name(deployment.name)):
            deployment.answers.tag(part.name(deployment.name), {"application": "hubcast", **tags})


def parsed(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stack", required=True, help="the deployment's name")
    parser.add_argument("--ask", action="store_true", help="ask for every parameter, unless CI is set")
    parser.add_argument("--architecture", help="arm64 or x86_64; kept as an answer")
    parser.add_argument("--set", default="", help="answers, such as 'Hubs=a,b front-door.DomainName=live.example.com'")
    parser.add_argument("--tags", default="", help="tags of all stacks, such as 'team=web cost-center=12'; kept")
    parser.add_argument("--package", metavar="BUCKET", help="deploy nothing, but put the code into a bucket and the templates into target/package")
    return parser.parse_args(arguments)


def main(arguments):
    options, unattended = parsed(arguments), is_unattended()
    asking = Asking() if options.ask and not unattended else None
    commands = Commands(unattended)
    deployment = Deployment(options.stack, Answers(commands.config), commands, dict(os.environ))
    try:
        if options.package:
            return deployment.package(options.package, ROOT / "target" / "package", options.architecture)
        deployment.run(prepare(deployment, options, asking))
    except (Unknown, WrongParameter, stamp.NoPlace) as fault:
        sys.exit(f"{fault}")
    except subprocess.CalledProcessError as failed:
        sys.exit(f"{failed.cmd[0]} ended with {failed.returncode}; nothing after it was done")


if __name__ == "__main__":
    main(sys.argv[1:])
