"""A function decides when a message is given up; the queue's own limit is for crashes only.

A message that fails is received again after a pause. The queue moves it, without a reason and out
of order, when it was received too often. So the pauses of a message that lives as long as it may
have to be fewer than the receives that the queue allows.
"""

import re
import unittest

from translation import PARAMETERS, ROOT, TEMPLATE

RESOURCES = TEMPLATE["Resources"]
# Lambda hands a batch back after the queue's time-out when it is throttled or crashes.
SPARE = 100
# SQS takes no more.
MOST = 1000


def constant(path, name):
    return int(re.search(rf"\b{name}: \w+ = (\d+);", (ROOT / path).read_text()).group(1))


def receives(queue, condition=True):
    """How often the queue hands a message over, where the condition of the template holds or does not."""
    most = RESOURCES[queue]["Properties"]["RedrivePolicy"]["maxReceiveCount"]
    return most["Fn::If"][1 if condition else 2] if isinstance(most, dict) else most


def pauses_of(life, pause):
    """How often a message is received that lives for `life` seconds and pauses so long at an age."""
    count, age = 1, 0
    while age <= life:
        age += pause(count, age)
        count += 1
    return count


class Publisher(unittest.TestCase):
    QUEUES = ("NotificationsQueue", "DeliveriesQueue", "IngressMessagesQueue")
    SOURCE = "shared/delivery/src/retry.rs"

    def pause(self, count, age):
        """As pause() in retry.rs; the test of the same numbers in tests/rules runs that one."""
        longest = constant(self.SOURCE, "RETRY_PAUSE_MAX_SECONDS")
        return max(min(2 ** min(count - 1, 6), longest), age / constant(self.SOURCE, "RETRY_PAUSE_PART_OF_AGE"))

    def test_a_message_of_any_age_is_given_up_by_the_publisher(self):
        for queue in self.QUEUES:
            for life in (PARAMETERS["MaxAge"]["Default"], PARAMETERS["MaxAge"]["MaxValue"]):
                with self.subTest(queue=queue, life=life):
                    self.assertLessEqual(pauses_of(life, self.pause) + SPARE, receives(queue))

    def test_an_old_message_is_still_there_when_the_publisher_gives_it_up(self):
        """After the longest pause, and with a redelivery after a crash, the queue has it still."""
        longest = PARAMETERS["MaxAge"]["MaxValue"]
        for queue in self.QUEUES:
            properties = RESOURCES[queue]["Properties"]
            last = longest + self.pause(MOST, longest) + properties["VisibilityTimeout"]
            self.assertLess(last, properties["MessageRetentionPeriod"])

    def test_no_pause_is_longer_than_sqs_takes(self):
        self.assertLess(self.pause(MOST, PARAMETERS["MaxAge"]["MaxValue"]), 12 * 3600)


class Upstream(unittest.TestCase):
    QUEUE = "UpstreamEventsQueue"
    SOURCE = "functions/upstream/src/lib.rs"

    def setUp(self):
        self.life = constant(self.SOURCE, "TRIED_FOR_SECONDS")

    def pause(self, count, _age):
        return min(2 ** min(count - 1, 6), constant(self.SOURCE, "PAUSE_MAX_SECONDS"))

    def test_an_endpoint_may_be_down_for_an_hour(self):
        self.assertEqual(self.life, 3600)

    def test_an_event_is_given_up_by_the_function(self):
        self.assertLessEqual(pauses_of(self.life, self.pause) + SPARE, receives(self.QUEUE))

    def test_a_backend_that_reads_the_queue_has_the_same_time(self):
        self.assertLessEqual(pauses_of(self.life, self.pause), receives(self.QUEUE, condition=False))

    def test_an_old_event_is_still_there_when_the_function_gives_it_up(self):
        """After the longest pause, a try that takes all of an invocation, and a redelivery after a crash."""
        properties = RESOURCES[self.QUEUE]["Properties"]
        timeout = RESOURCES["UpstreamFunction"]["Properties"]["Timeout"]
        last = self.life + self.pause(MOST, 0) + timeout + properties["VisibilityTimeout"]
        self.assertLess(last, properties["MessageRetentionPeriod"])


class Timers(unittest.TestCase):
    QUEUE = RESOURCES["TimersQueue"]["Properties"]

    def test_an_alarm_of_a_connection_is_kept_for_as_long_as_its_rows(self):
        """No dead letters are taken of it, and nobody else tells that a client is not back."""
        hours = re.search(r"LINE_LIFETIME: \w+ = Duration::from_hours\((\d+)\)", (ROOT / "shared/model/src/socket.rs").read_text())
        self.assertGreater(self.QUEUE["MessageRetentionPeriod"], int(hours.group(1)) * 3600)
        self.assertNotIn("RedrivePolicy", self.QUEUE)

    def test_the_local_stack_keeps_them_as_long(self):
        seconds = constant("infra/programs/local/src/sqs.rs", "TIMER_RETENTION_SECONDS")
        self.assertEqual(seconds, self.QUEUE["MessageRetentionPeriod"])


class Everywhere(unittest.TestCase):
    def test_no_queue_asks_for_more_than_sqs_takes(self):
        for name, resource in RESOURCES.items():
            if "RedrivePolicy" in resource.get("Properties", {}):
                for condition in (True, False):
                    self.assertLessEqual(receives(name, condition), MOST, name)

    def test_the_local_stack_gives_up_as_the_template_does(self):
        source = "infra/programs/local/src/sqs.rs"
        self.assertEqual(constant(source, "MAX_RECEIVES"), receives("NotificationsQueue"))
        self.assertEqual(constant(source, "MAX_RECEIVES"), receives("UpstreamEventsQueue"))
        self.assertEqual(constant(source, "UPSTREAM_MAX_RECEIVES"), receives("UpstreamEventsQueue", condition=False))

    def test_so_does_the_model(self):
        world = (ROOT / "tests/rules/model/world.rs").read_text()
        self.assertIn(f"receives_max: {receives('DeliveriesQueue')}", world)


if __name__ == "__main__":
    unittest.main()
