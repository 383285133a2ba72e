import json
import unittest

from advisories import Unreachable, verdict


class Verdicts(unittest.TestCase):
    def test_a_report_without_flaws_is_no_fault(self):
        self.assertEqual(verdict(json.dumps({"vulnerabilities": {}}), 0), "")

    def test_grave_flaws_are_named_and_others_are_not(self):
        flaws = {
            "a": {"name": "a", "range": "<1", "severity": "high"},
            "b": {"name": "b", "range": "<2", "severity": "moderate"},
        }
        self.assertEqual(verdict(json.dumps({"vulnerabilities": flaws}), 1), "a <1: high")

    def test_a_registry_without_advisories_is_no_fault(self):
        for report in ["", "<html>", json.dumps({"message": "404 Not Found"}), json.dumps({"error": {"code": "E"}})]:
            with self.assertRaises(Unreachable):
                verdict(report, 1)


if __name__ == "__main__":
    unittest.main()
