#!/usr/bin/env python3
"""Writes docs/CONFIGURATION.md from one table, or checks that the page is what the table says.

infra/cloud/configuration/settings.yaml says when to change a parameter. What a
parameter is called, does and is when it is not given, stands in template.yaml;
its variable is the one that a function gets from it; a flag of the local stack
is the one that reads this variable. Run with --write to write the page.
"""

import re
import sys
from pathlib import Path

from samcli.yamlhelper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "infra/cloud/configuration"
PAGE = ROOT / "docs/CONFIGURATION.md"
# What the local stack has of its own.
LOCAL_OWN = {"ACCESS_KEY_PARAMETER", "FANOUT_INSTANCES", "TABLE_NAME"}
# Parameters of AWS's Systems Manager, which is not here.
ONLY_ON_AWS = {"TokenIssuersParameter", "RestIssuersParameter"}
HEAD = "| parameter | variable | locally | when not given | what | change it when |\n|---|---|---|---|---|---|"
INTRODUCTION = """# Configuration

This page lists each parameter of `template.yaml`, and says when to change the parameter.
`make template` checks that the page is true, and `make configuration` writes the page.

- To change a parameter of a deployment, see [OPERATIONS](OPERATIONS.md#upgrade).
- The local stack takes the flags of the column `locally`: [LOCAL](LOCAL.md#flags).
- [OPERATIONS](OPERATIONS.md#limits) has the least and the most of each number.
"""


def refers_to(value, parameter):
    """Whether a value of CloudFormation is made of this parameter."""
    if isinstance(value, dict):
        return value.get("Ref") == parameter or any(refers_to(it, parameter) for it in value.values())
    if isinstance(value, list):
        return any(refers_to(it, parameter) for it in value)
    return isinstance(value, str) and f"${{{parameter}}}" in value


def environments(template):
    """The variables that all functions get, and what each is made of."""
    parts = [template.get("Globals", {}).get("Function", {})]
    parts += [it["Properties"] for it in template["Resources"].values() if it["Type"] == "AWS::Serverless::Function"]
    for part in parts:
        yield from part.get("Environment", {}).get("Variables", {}).items()


def variables(template):
    """The variable of each parameter that functions read: the one of its name, or the only one that is made of it."""
    found = {}
    for parameter in template["Parameters"]:
        named = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", parameter).upper()
        made = sorted({name for name, value in environments(template) if refers_to(value, parameter)})
        found[parameter] = named if named in made else made[0] if len(made) == 1 else None
    return found


def flags(options):
    """The flag of the local stack that reads each variable."""
    given = re.findall(r'#\[arg\(([^]]*?)\)\]\s*pub (\w+)', options, re.DOTALL)
    named = [(re.search(r'env = "(\w+)"', arguments), field) for arguments, field in given]
    return {variable[1]: "--" + field.replace("_", "-") for variable, field in named if variable}


def cell(text):
    return " ".join(str(text).split()).replace("|", "\\|")


def default(parameter):
    value = str(parameter.get("Default", ""))
    return f"`{cell(value)}`" if value else "empty"


def row(name, parameter, variable, flag, when):
    can_be_set = variable and variable not in LOCAL_OWN and name not in ONLY_ON_AWS
    local = f"`{flag}`" if flag and name not in ONLY_ON_AWS else f"`--set {variable}=..`" if can_be_set else "no"
    shown = f"`{variable}`" if variable else "none"
    what = cell(parameter["Description"]).replace("<", "&lt;")
    return f"| `{name}` | {shown} | {local} | {default(parameter)} | {what} | {cell(when)} |"


def page(template, sections, options, recipes):
    known, by_flag = variables(template), flags(options)
    parts = [INTRODUCTION]
    for section in sections:
        lines = [
            row(name, template["Parameters"][name], known[name], by_flag.get(known[name]), when)
            for name, when in section["settings"].items()
        ]
        parts.append("\n".join([f"## {section['section']}\n", HEAD, *lines]) + "\n")
    return "\n".join([*parts, recipes])


def faults(template, sections):
    """What the table leaves out, has twice, or has though the template does not."""
    listed = [name for section in sections for name in section["settings"]]
    for name in sorted({name for name in listed if listed.count(name) > 1}):
        yield f"settings.yaml has {name} twice"
    for name in sorted(template["Parameters"].keys() - set(listed)):
        yield f"settings.yaml does not say when to change {name}"
    for name in sorted(set(listed) - template["Parameters"].keys()):
        yield f"settings.yaml has {name}, and template.yaml has not"


def main():
    template = yaml_parse((ROOT / "template.yaml").read_text())
    sections = yaml_parse((SOURCE / "settings.yaml").read_text())
    found = list(faults(template, sections))
    if not found:
        options = (ROOT / "infra/programs/local/src/options.rs").read_text()
        wanted = page(template, sections, options, (SOURCE / "recipes.md").read_text())
        if "--write" in sys.argv:
            PAGE.write_text(wanted)
        elif not PAGE.exists() or PAGE.read_text() != wanted:
            found.append("docs/CONFIGURATION.md is old: run make configuration")
    print(*found, sep="\n", file=sys.stderr, end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
