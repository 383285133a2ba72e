"""Lists of issuers: in the environment, or in a parameter of Systems Manager where they are too long for it."""

import json
import unittest

from deployed import deployed, kind
from translation import PARAMETERS, TEMPLATE

# What Lambda gives the environment of a function, names and values together.
ENVIRONMENT_MOST = 4096
# What people may say in lists of their own, such as issuers, producers and origins.
LEFT_FOR_LISTS = 2048
# No name of a queue, a table, a secret or a host that the template refers to is longer.
REFERENCE = 120
# An id of a role has 21 characters.
ROLE_ID = 21
# The variable to the parameter of the template, and the functions that read the variable.
READERS = {
    "TokenIssuers": ("TOKEN_ISSUERS", {"authorizer", "negotiate", "rest"}),
    "RestIssuers": ("REST_ISSUERS", {"rest"}),
}


def functions(**given):
    """The functions of a deployment by their short names."""
    found = kind(deployed(**given), "AWS::Lambda::Function")
    return {it["FunctionName"]["Fn::Sub"].rpartition("}-")[2]: it for it in found.values()}


def variables(function):
    return function["Environment"]["Variables"]


def readable(**given):
    """The functions whose roles may read a parameter of this name."""
    roles = kind(deployed(**given), "AWS::IAM::Role")
    for name, role in roles.items():
        text = json.dumps(role)
        for each in READERS:
            if f"parameter${{{each}Parameter}}" in text:
                yield name.removesuffix("FunctionRole").lower(), each


class Issuers(unittest.TestCase):
    def test_by_default_they_are_in_the_environment_and_nobody_may_read_a_parameter(self):
        self.assertEqual(variables(functions()["authorizer"])["TOKEN_ISSUERS"], "[]")
        self.assertEqual(list(readable()), [])

    def test_a_parameter_takes_the_place_of_each_list_for_those_who_read_it(self):
        for name, (variable, readers) in READERS.items():
            with self.subTest(name):
                given = {f"{name}Parameter": "/hubcast/issuers"}
                self.assertEqual({each for each, _ in readable(**given)}, readers)
                for function, it in functions(**given).items():
                    if function in readers:
                        self.assertEqual(variables(it)[variable], {"Fn::Sub": f"ssm:${{{name}Parameter}}"})
                    else:
                        self.assertNotIn(variable, variables(it))

    def test_a_list_in_both_places_is_refused(self):
        for name in READERS:
            (assertion,) = TEMPLATE["Rules"][f"{name}StandInOnePlace"]["Assertions"]
            self.assertEqual(assertion["Assert"], {"Fn::Equals": [{"Ref": name}, PARAMETERS[name]["Default"]]})


def size(value):
    """The length of a value; what a resource is called counts as the longest name."""
    if isinstance(value, dict):
        ((function, operand),) = value.items()
        if function == "Fn::Sub" and operand.endswith("Role.RoleId}:*"):
            return ROLE_ID + len(":*")
        if function == "Fn::Join":
            return sum(size(part) + len(operand[0]) for part in operand[1])
        return REFERENCE
    return len(str(value))


class Environment(unittest.TestCase):
    def test_every_function_has_room_for_lists_beside_what_the_template_says(self):
        given = {"UpstreamQueue": "true", "UpstreamUrl": "https://a", "IngressQueue": "true", "CanaryMinutes": "5", "PublicUrl": "https://a"}
        for name, function in functions(**given).items():
            with self.subTest(name):
                used = sum(len(variable) + size(value) for variable, value in variables(function).items())
                self.assertLessEqual(used + LEFT_FOR_LISTS, ENVIRONMENT_MOST)


if __name__ == "__main__":
    unittest.main()
