#!/usr/bin/env python3
"""Reads the Terraform module, since Terraform itself is not installed: its syntax, and every name that it uses.

Run by the environment that holds checkov, which brings a parser of HCL.
"""

import json
import re
import sys
from pathlib import Path

import hcl2

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "infra" / "cloud" / "terraform"
TEMPLATES = {"service": "template.yaml", "front_door": "infra/cloud/front-door.yaml", "observability": "infra/cloud/observability.yaml"}


def parsed():
    """All blocks of the module, kind to name to what is in there."""
    blocks = {}
    for path in sorted(MODULE.glob("*.tf")):
        with path.open() as file:
            for kind, entries in hcl2.load(file).items():
                blocks.setdefault(kind, []).extend(entries)
    return blocks


def section(template, name):
    """The names in a section of a template, such as its parameters."""
    text = (ROOT / template).read_text().split(f"\n{name}:\n")[1]
    return set(re.findall(r"^  (\w+):$", re.split(r"^\w", text, maxsplit=1, flags=re.MULTILINE)[0], re.MULTILINE))


def stacks(blocks):
    for entry in blocks["resource"]:
        yield from entry.get("aws_cloudformation_stack", {}).items()


def wrong_names(blocks):
    """Variables, outputs of the service, and parameters of templates that are used and not there."""
    text = json.dumps({kind: it for kind, it in blocks.items() if kind != "variable"})
    variables = {name for entry in blocks["variable"] for name in entry}
    used = set(re.findall(r"\bvar\.(\w+)", text))
    yield from (f"there is no variable {name}" for name in sorted(used - variables))
    yield from (f"nothing uses the variable {name}" for name in sorted(variables - used))
    source = "".join(path.read_text() for path in MODULE.glob("*.tf"))
    outputs = set(re.findall(r'service\.outputs(?:\[|, )"(\w+)"', source))
    if not outputs:
        yield "no output of the service is used, or none is found"
    yield from (f"template.yaml has no output {name}" for name in sorted(outputs - section("template.yaml", "Outputs")))


def wrong_parameters(blocks):
    found = dict(stacks(blocks))
    yield from (f"there is no stack {name}" for name in TEMPLATES.keys() - found.keys())
    for name, template in TEMPLATES.items():
        given = set(re.findall(r"\b([A-Z]\w+)'?\"?: ?'?\"?\$\{", json.dumps(found.get(name, {}).get("parameters", []))))
        if name != "service" and not given:
            yield f"{name} is told of nothing, or that is not found"
        yield from (f"{template} has no parameter {each}" for each in sorted(given - section(template, "Parameters")))


def wrong_stamp(blocks):
    """Without a stamp of its own a plan that changes a parameter would have no effect."""
    (own,) = blocks["locals"]
    if "var.parameters" not in str(own["release"]) or "secret_parameters" not in str(own["release"]):
        yield "the release does not depend on all parameters"
    if "RELEASE" not in str(own["stamped"]):
        yield "the template is not stamped"


def main():
    blocks = parsed()
    faults = [*wrong_names(blocks), *wrong_parameters(blocks), *wrong_stamp(blocks)]
    print(*faults, sep="\n", file=sys.stderr, end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
