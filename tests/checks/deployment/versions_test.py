"""A deployment takes effect: whatever changes, the alias `live` gets a version that has it."""

import unittest

from samcli.yamlhelper import yaml_parse
from translation import PARAMETERS, TEXT, of, other, packaged, stamp, translated, versions


def built():
    """What one build makes of template.yaml."""
    return packaged(stamp.stamped(TEXT, stamp.release()))


def environments(template):
    return {
        name: it["Properties"]["Environment"]["Variables"] for name, it in of(template, "AWS::Lambda::Function").items()
    }


class ChangedParameters(unittest.TestCase):
    def test_every_changed_parameter_publishes_a_version_of_every_function(self):
        before = versions(translated(built()))
        self.assertEqual(len(before), len(of(translated(built()), "AWS::Lambda::Function")))
        for name, parameter in PARAMETERS.items():
            with self.subTest(name):
                after = versions(translated(built(), {name: other(parameter)}))
                self.assertEqual(before.keys(), after.keys())
                self.assertEqual(set(before.values()) & set(after.values()), set())

    def test_a_build_that_is_deployed_twice_publishes_nothing(self):
        once = built()
        self.assertEqual(versions(translated(once)), versions(translated(once)))

    def test_without_the_stamp_no_parameter_publishes_anything(self):
        """SAM issue 3820. When this fails, SAM sees parameters by itself, and the stamp may go."""
        plain = packaged(TEXT)
        others = {name: other(parameter) for name, parameter in PARAMETERS.items()}
        self.assertEqual(versions(translated(plain, others)), versions(translated(plain)))


class ChangedTexts(unittest.TestCase):
    """SAM issue 3281: Lambda refuses a version that equals the one before."""

    # What SAM hashes, though no version has it as its own.
    OUTSIDE = {"Tags": {"application": "another"}, "ReservedConcurrentExecutions": 5}

    def test_a_text_outside_a_versions_configuration_moves_the_version(self):
        for name, value in self.OUTSIDE.items():
            with self.subTest(name):
                changed = packaged(TEXT)
                for resource in changed["Resources"].values():
                    if resource["Type"] == "AWS::Serverless::Function":
                        resource["Properties"][name] = value
                moved = versions(translated(changed))
                self.assertNotEqual(moved, versions(translated(packaged(TEXT))))

    def test_so_two_builds_never_have_the_same_environment(self):
        one, another = environments(translated(built())), environments(translated(built()))
        self.assertEqual(one.keys(), another.keys())
        for name, variables in one.items():
            self.assertNotEqual(variables, another[name], name)


class Stamps(unittest.TestCase):
    def test_every_function_has_the_stamp_and_nothing_else_changes(self):
        marked = yaml_parse(stamp.stamped(TEXT, "a-stamp"))
        for variables in environments(translated(packaged(stamp.stamped(TEXT, "a-stamp")))).values():
            self.assertEqual(variables["RELEASE"], "a-stamp")
        marked["Globals"]["Function"]["Environment"]["Variables"]["RELEASE"] = "unstamped"
        self.assertEqual(marked, yaml_parse(TEXT))

    def test_a_stamp_that_is_there_is_replaced(self):
        self.assertEqual(stamp.stamped(stamp.stamped(TEXT, "first"), "second"), stamp.stamped(TEXT, "second"))

    def test_a_template_without_a_place_is_refused(self):
        with self.assertRaises(stamp.NoPlace):
            stamp.stamped("Resources: {}\n", "a-stamp")

    def test_no_two_stamps_are_alike_and_each_is_plain_text_to_yaml(self):
        stamps = {stamp.release() for _ in range(100)}
        self.assertEqual(len(stamps), 100)
        for each in stamps:
            self.assertEqual(yaml_parse(f"RELEASE: {each}"), {"RELEASE": each})


if __name__ == "__main__":
    unittest.main()
