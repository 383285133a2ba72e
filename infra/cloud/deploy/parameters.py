"""The parameters of a template: which there are, which are secret, and what `SET` says of them."""

import os
import re
import shlex
from functools import lru_cache

from samcli.cli.types import CfnParameterOverridesType
from samcli.yamlhelper import yaml_parse


class WrongParameter(Exception):
    """A name that the template does not have, a value that it refuses, or no value."""


@lru_cache(maxsize=None)
def declared(path):
    return yaml_parse(path.read_text())["Parameters"]


class Parameters:
    def __init__(self, path):
        self.path = path
        self.known = declared(path)

    def is_hidden(self, name):
        """Whether the value is a secret, which no file keeps."""
        return str(self.known[name].get("NoEcho", "false")).lower() == "true"

    def default(self, name):
        """Nothing for a parameter that has none, and needs an answer."""
        default = self.known[name].get("Default")
        return None if default is None else str(default)

    def checked(self, name, value):
        """The value, if the template takes it: CloudFormation would say so only after the build."""
        if name not in self.known:
            raise WrongParameter(f"{self.path.name} has no parameter {name}")
        fault = self._fault(self.known[name], value)
        if fault:
            raise WrongParameter(f"{name}: {fault}")
        return value

    def _fault(self, parameter, value):
        allowed = [str(each) for each in parameter.get("AllowedValues", [])]
        if allowed and value not in allowed:
            return f"one of {', '.join(allowed)}"
        if parameter["Type"] == "Number":
            return self._number_fault(parameter, value)
        if "AllowedPattern" in parameter and not re.fullmatch(parameter["AllowedPattern"], value):
            return f"has to look like {parameter['AllowedPattern']}"
        return None

    def _number_fault(self, parameter, value):
        if not re.fullmatch(r"-?\d+", value):
            return "a number"
        least, most = parameter.get("MinValue"), parameter.get("MaxValue")
        if (least is not None and int(value) < least) or (most is not None and int(value) > most):
            return f"from {least} to {most}"
        return None

    def secrets(self, environment=os.environ):
        """Secret values by their variables: FRONT_DOOR_SECRET for FrontDoorSecret."""
        hidden = {name: variable(name) for name in self.known if self.is_hidden(name)}
        return {name: self.checked(name, environment[it]) for name, it in hidden.items() if environment.get(it)}


def variable(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()


def settings(text):
    """`A=1 front-door.B='2 3' C=` as part (empty for the first stack) to name to value."""
    parts = {}
    for word in shlex.split(text):
        name, equals, value = word.partition("=")
        if not equals:
            raise WrongParameter(f"{word}: write NAME=VALUE")
        part, _, name = name.rpartition(".")
        parts.setdefault(part, {})[name] = value
    return parts


def guided(overrides):
    """What `sam deploy --guided` wrote, read as SAM reads it."""
    return {name: str(value).strip('"') for name, value in CfnParameterOverridesType().convert(overrides, None, None).items()}
