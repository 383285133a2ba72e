"""What SAM makes of template.yaml: its own translator, with the values of parameters.

Run by the environment that holds SAM.
"""

import logging
import sys
from copy import deepcopy
from functools import lru_cache
from pathlib import Path

import boto3
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "infra" / "cloud" / "deploy"))

import stamp  # noqa: E402, F401 - the tests have it from here

# The translator complains of metrics that nobody asked for.
logging.getLogger("samtranslator").setLevel(logging.ERROR)
TEXT = (ROOT / "template.yaml").read_text()
TEMPLATE = yaml_parse(TEXT)
PARAMETERS = TEMPLATE["Parameters"]
# What `sam package` puts in the place of the code; the same as long as the binaries are.
CODE = "s3://bucket/code"


@lru_cache(maxsize=None)
def session():
    return boto3.session.Session(region_name="eu-central-1")


def packaged(text):
    """The template as `sam package` hands it to CloudFormation."""
    template = yaml_parse(text)
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = f"{CODE}/{name}"
            resource.pop("Metadata", None)
    template["Globals"]["Function"].pop("CodeUri", None)
    return template


def translated(template, values=()):
    """The CloudFormation template; `values` are those of parameters that have other than their default."""
    return Translator({}, Parser(), boto_session=session()).translate(deepcopy(template), dict(values))


def of(template, kind):
    return {name: it for name, it in template["Resources"].items() if it["Type"] == kind}


def versions(template):
    """Function to the logical id of its version: a new one is what publishes."""
    found = of(template, "AWS::Lambda::Version")
    return {it["Properties"]["FunctionName"]["Ref"]: name for name, it in found.items()}


def other(parameter):
    """A value of the parameter that is not its default."""
    default = parameter.get("Default")
    if "AllowedValues" in parameter:
        return next(value for value in parameter["AllowedValues"] if value != default)
    if parameter["Type"] == "Number":
        return str(int(parameter["MaxValue"]) if parameter["MaxValue"] != default else parameter["MinValue"])
    return f"another-{default}"
