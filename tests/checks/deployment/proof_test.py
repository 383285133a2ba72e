"""`make proof`: what is run in which order, that the deployment always ends, and what the report says.

The load runs against the local stack in tests/stories/proof.test.js, and the deployment on MiniStack in
tests/stack/redeployment_test.py. Here stand-ins take the place of the programs and of AWS.
"""

import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
import tempfile
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path
from unittest.mock import patch

from translation import ROOT, TEXT

sys.path.insert(0, str(ROOT / "infra" / "cloud" / "proof"))

import deploy  # noqa: E402
import proof  # noqa: E402
from meters import Line, Meter, bill, meters, prices, total  # noqa: E402

KEY = "k" * 64
BEGIN = datetime(2026, 12, 1, 10, 0, tzinfo=timezone.utc)
OUTPUTS = {
    "WebSocketDomain": "sockets.example.com", "WebSocketStage": "prod", "HttpDomain": "http.example.com",
    "WebSocketApiId": "ws1", "HttpApiId": "http1", "TableName": "proof-Table-1", "AccessKeyPlace": "arn:secret",
    "NotificationsQueueUrl": "https://sqs.example.com/1/proof-notifications.fifo", "NotificationsQueueName": "proof-notifications.fifo",
    "DeliveriesQueueName": "proof-deliveries.fifo", "DeadLetterQueueName": "proof-dlq.fifo",
}
LOAD = {
    "sockets": 100, "opened": 99, "refusals": {"429": 3}, "connect": {"p50": 80.4, "p99": 300, "most": 400},
    "everybody": {"deliveries": 990, "missed": 1, "p50": 40, "p99": 90, "most": 95},
    "single": {"deliveries": 10, "missed": 0, "p50": 20, "p99": 30, "most": 30}, "rest": {"202": 18, "429": 2}, "socketMinutes": 200,
}


class Programs:
    """Stands in for all programs; `steps` are what was run, and `fails` the step that does not work."""

    def __init__(self, built, fails=None):
        self.built, self.fails, self.steps = built, fails, []

    def _step(self, name, *more):
        self.steps.append((name, *more))
        if name == self.fails:
            raise subprocess.CalledProcessError(1, name)

    def toolchain(self, architecture):
        self._step("toolchain")

    def build(self, architecture):
        self._step("build")
        self.built.write_text(TEXT)

    def deploy(self, stack, template, values, region=None):
        self._step("deploy", stack, dict(values))

    def outputs(self, stack, region=None):
        return OUTPUTS

    def probe_with(self, token, url, more):
        self._step("probe", token, url, more)

    def load(self, sockets, rounds, where, key):
        self._step("load", sockets, rounds, where, key)
        return {**LOAD, "sockets": sockets}

    def delete(self, stack):
        self._step("delete", stack)

    def names(self):
        return [step[0] for step in self.steps]


class Aws:
    """Stands in for Secrets Manager, CloudWatch and DynamoDB."""

    class exceptions:
        class ResourceNotFoundException(Exception):
            pass

    def __init__(self):
        self.asked, self.deleted, self.has_table, self.may_delete = [], [], True, True

    def get_secret_value(self, SecretId):
        return {"SecretString": json.dumps({"primary": KEY})}

    def get_metric_statistics(self, **asked):
        self.asked.append(asked)
        return {"Datapoints": [{"Sum": 1000.0}, {"Sum": 500.0}]}

    def delete_table(self, TableName):
        if not self.may_delete:
            raise RuntimeError("access denied")
        if not self.has_table:
            raise self.exceptions.ResourceNotFoundException
        self.deleted.append(TableName)


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder, self.said, self.waits, self.aws = Path(folder.name), [], [], Aws()
        built = self.folder / "built.yaml"
        for module, name, value in ((deploy, "BUILT", built), (proof, "FOLDER", self.folder / "proof")):
            changed = patch.object(module, name, value)
            changed.start()
            self.addCleanup(changed.stop)
        self.programs = Programs(built)

    def prove(self, *given, **environment):
        times = iter(BEGIN + timedelta(minutes=each) for each in range(100))
        cloud = proof.Cloud(self.aws, self.aws, self.aws, "eu-central-1")
        with patch.dict(os.environ, {"CI": "true", **environment}):
            more = {"say": self.said.append, "settle": self.waits.append, "clock": lambda: next(times)}
            return proof.main(["--stack", "proof", "--sockets", "100 200", *given], cloud, self.programs, **more).read_text()


class Order(Case):
    def test_everything_in_order_and_nothing_is_left(self):
        page = self.prove("--rounds", "5")
        self.assertEqual(self.programs.names(), ["toolchain", "build", "deploy", "probe", "load", "load", "delete"])
        self.assertEqual(self.aws.deleted, ["proof-Table-1"])
        self.assertEqual(self.waits, [proof.SETTLE_SECONDS])
        self.assertIn("Nothing is left.", page)
        loads = [step for step in self.programs.steps if step[0] == "load"]
        where = ["--sockets-url", "wss://sockets.example.com/prod", "--rest-url", "https://http.example.com", "--hub", "notifications"]
        self.assertEqual(loads, [("load", 100, 5, where, KEY), ("load", 200, 5, where, KEY)])

    def test_the_probe_has_a_token_of_the_deployments_own_key_and_all_its_means(self):
        self.prove()
        _, token, url, more = self.programs.steps[3]
        text, _, signature = token.rpartition(".")
        own = base64.urlsafe_b64encode(hmac.new(KEY.encode(), text.encode(), hashlib.sha256).digest()).rstrip(b"=").decode()
        self.assertEqual(signature, own)
        claims = text.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        self.assertEqual(claims["aud"], "https://http.example.com/client/?hub=notifications")
        self.assertEqual(url, "wss://sockets.example.com/prod")
        for flag in ("--queue-url", "--management-url https://sockets.example.com/prod", "--stack --prefix proof", "--report"):
            self.assertIn(flag, more)

    def test_the_answers_of_other_deployments_stay_as_they_are(self):
        before = (ROOT / "samconfig.toml").read_text()
        self.prove()
        self.assertEqual((ROOT / "samconfig.toml").read_text(), before)

    def test_nobody_pays_who_did_not_say_yes(self):
        class No:
            def yes(self, *_):
                return False

        with patch.dict(os.environ, {"CI": ""}), self.assertRaises(proof.Declined):
            proof.main(["--stack", "proof"], object(), self.programs, No())
        self.assertEqual(self.programs.steps, [])


class TearDown(Case):
    def test_whatever_fails_the_deployment_ends(self):
        for step in ("build", "deploy", "probe", "load"):
            with self.subTest(step):
                self.programs = Programs(self.folder / "built.yaml", step)
                self.aws.deleted.clear()
                with self.assertRaises(subprocess.CalledProcessError):
                    self.prove()
                self.assertEqual(self.programs.names()[-1], "delete")
                self.assertEqual(self.aws.deleted, ["proof-Table-1"] if step in ("probe", "load") else [])

    def test_what_is_left_is_named(self):
        self.programs.fails, self.aws.may_delete = "delete", False
        page = self.prove()
        self.assertIn("- left: the stack `proof`", page)
        self.assertIn("- left: the table `proof-Table-1`", page)

    def test_a_table_that_is_gone_already_is_not_left(self):
        self.aws.has_table = False
        self.assertIn("Nothing is left.", self.prove())


class Report(Case):
    def test_it_has_latencies_refusals_and_the_bill(self):
        page = self.prove()
        self.assertIn("# Proof of 2026-12-01", page)
        self.assertIn("| 99 of 100 | 80 ms | 300 ms | 40 ms | 90 ms | 20 ms | 30 ms | 5 | 1 |", page)
        self.assertIn("| WebSocket messages | 1,500.000 | 0.001500 |", page)
        self.assertIn("| connection minutes | 400.000 | 0.000100 |", page)

    def test_a_load_that_opened_nothing_has_no_latencies(self):
        nothing = {**LOAD, "opened": 0, "connect": None, "everybody": {"deliveries": 0, "missed": 0}, "single": {"deliveries": 0, "missed": 0}}
        with patch.object(Programs, "load", lambda *_: nothing):
            self.assertIn("| 0 of 100 | - | - | - | - | - | - | 5 | 0 |", self.prove())


class Meters(unittest.TestCase):
    ALL = list(meters("proof", OUTPUTS, {name: 0.25 for name in proof.FUNCTIONS}))

    def test_every_price_is_known_and_every_meter_has_its_own_dimension(self):
        known = prices()
        for meter in self.ALL:
            self.assertTrue(meter.price is None or meter.price in known, meter)
        self.assertEqual(len({(it.namespace, it.metric, it.dimensions) for it in self.ALL}), len(self.ALL))

    def test_a_total_is_the_sum_in_the_unit_of_its_price(self):
        aws = Aws()
        duration = Meter("GB-seconds", "AWS/Lambda", "Duration", (("FunctionName", "f"),), "gigabyteSecond", 0.25 / 1000)
        self.assertAlmostEqual(total(aws, duration, BEGIN, BEGIN + timedelta(hours=1)), 1500 * 0.25 / 1000)
        (asked,) = aws.asked
        self.assertEqual(asked["Dimensions"], [{"Name": "FunctionName", "Value": "f"}])
        self.assertEqual((asked["Period"], asked["Statistics"]), (60, ["Sum"]))

    def test_lines_of_one_kind_are_added_up(self):
        one, free = Meter("a", "n", "m", (), "read"), Meter("b", "n", "m", ())
        lines = bill([(one, 2.0), (one, 3.0), (free, 7.0)], {"read": 0.5, "connectionMinute": 0.1}, 10)
        self.assertEqual(lines, [Line("a", 5.0, 2.5), Line("b", 7.0, None), Line("connection minutes", 10, 1.0)])


if __name__ == "__main__":
    unittest.main()
