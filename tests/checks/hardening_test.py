"""What checkov finds is an exception or a fault, and no exception is left over."""

import contextlib
import io
import unittest
from unittest.mock import patch

import hardening

EXCUSED = [(check, f"{resource}Any", "as known") for check, resource, _ in hardening.EXCEPTIONS]


def code(found):
    with patch.object(hardening, "findings", lambda: iter(found)), contextlib.redirect_stderr(io.StringIO()) as said:
        return hardening.main(), said.getvalue()


class Findings(unittest.TestCase):
    def test_exceptions_pass_when_each_is_needed(self):
        self.assertEqual(code(EXCUSED), (0, ""))

    def test_what_is_no_exception_fails_by_name(self):
        result, said = code([*EXCUSED, ("CKV_AWS_27", "AWS::SQS::Queue.NotificationsQueue", "SQS is encrypted")])
        self.assertEqual(result, 1)
        self.assertIn("CKV_AWS_27 AWS::SQS::Queue.NotificationsQueue: SQS is encrypted", said)

    def test_the_same_check_of_another_kind_of_resource_fails(self):
        check = hardening.EXCEPTIONS[0][0]
        self.assertEqual(code([*EXCUSED, (check, "AWS::Other::Kind.It", "the same check")])[0], 1)

    def test_an_exception_that_nothing_needs_fails(self):
        result, said = code(EXCUSED[1:])
        self.assertEqual(result, 1)
        self.assertIn("nothing needs this exception", said)


if __name__ == "__main__":
    unittest.main()
