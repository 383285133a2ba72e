"""What the tables of limits are compared with, and what is said when they differ."""

import unittest

from constants import constants, ranges, value
from limits import INNER, LIMITS, PARAMETERS, unstated, wrong_parameters, wrong_rows
from tree import TreeCase

CODE = {
    "shared/one/src/b/tests.rs": "const AGE_MAX: u32 = 1;",
    "shared/a/src/lib.rs": "pub const IDS_MAX: usize = 1_000;\n#[cfg(test)]\nmod tests { const TEST_MAX: usize = 1; }",
    "shared/a/src/one.rs": "const BYTES_MAX: usize = 2 * 1024;\nconst BOTH_MAX: u8 = 1;\n// const SAID_MAX: u8 = 1;",
    "functions/f/src/two.rs": "const AGE_MAX: std::time::Duration = std::time::Duration::from_mins(90);\n"
    "const BOTH_MAX: u8 = 2;\nconst OTHER_MAX: usize = a::IDS_MAX;\nconst NAME_MAX: &str = \"x\";",
    "functions/f/src/main.rs": 'fn f() { reader.number("DIRECT_MAX", 1..=10_000, 1000) }',
    "shared/testkit/src/lib.rs": "const IDS_MAX: usize = 5;",
}
TEMPLATE = "Parameters:\n  DirectMax:\n    Type: Number\n    Default: 7\n    MinValue: 1\n    MaxValue: 9000\n  Free:\n    Default: 1\n"


def table(*rows):
    return "\n".join(["# T", LIMITS, "|---|---|---|---|", *rows, "", "after"])


class Limits(TreeCase):
    def setUp(self):
        super().setUp()
        self.write(CODE)
        self.known = constants(self.base)

    def found(self, *rows):
        return list(wrong_rows(table(*rows), self.known))

    def test_constants_of_what_is_deployed_are_known_with_their_values(self):
        values = {it.full_name(): value(it.written, self.known) for it in self.known}
        self.assertEqual(
            values,
            {"a::IDS_MAX": 1000, "one::BYTES_MAX": 2048, "one::BOTH_MAX": 1, "two::AGE_MAX": 5400, "two::BOTH_MAX": 2, "two::OTHER_MAX": 1000},
        )
        self.assertEqual(ranges(self.base), {"DIRECT_MAX": (1, 10000)})

    def test_rows_that_say_what_the_code_says_are_right(self):
        self.assertEqual(
            self.found(
                "| ids, ``a1`` | 1 to 1,000 | `E2` | `IDS_MAX` |",
                "| ids and bytes | 1,000, and 2 KB | x | `IDS_MAX`, `BYTES_MAX` |",
                "| age | 90 minutes | | `AGE_MAX` |",
                "| both | 2 | | `two::BOTH_MAX` |",
                "| frame | 32 KB | | API Gateway |",
            ),
            [],
        )

    def test_each_difference_is_told(self):
        for row, said in [
            ("| ids | 999 | | `IDS_MAX` |", "ids: the page says 999, the code 1000"),
            ("| bytes | 2 | | `BYTES_MAX` |", "bytes: the page says 2, the code 2048"),
            ("| ids | 1,000 of 5 | | `IDS_MAX` |", "ids: the page says 1,000 of 5, the code 1000"),
            ("| gone | 1 | | `GONE_MAX` |", "gone: 0 constants are called GONE_MAX"),
            ("| both | 1 | | `BOTH_MAX` |", "both: 2 constants are called BOTH_MAX, write file::NAME"),
            ("| none | 1 | | |", "none: name the constant, or who sets the limit"),
        ]:
            self.assertEqual(self.found(row), [said])

    def test_a_limit_that_no_table_states_is_told(self):
        page = table(
            "| a | 1,000 | | `IDS_MAX` |", "| b | 2 KB | | `BYTES_MAX` |", "| c | 90 minutes | | `AGE_MAX` |", "| d | 1 | | `one::BOTH_MAX` |"
        )
        found = [text for text in unstated([page], self.known) if not text.startswith("INNER")]
        self.assertEqual([text.split()[0] for text in found], ["two::BOTH_MAX", "two::OTHER_MAX"])
        self.assertEqual(sum(text.startswith("INNER") for text in unstated([page], self.known)), len(" ".join(INNER.values()).split()))

    def test_parameters_are_stated_as_they_are_and_within_what_is_taken(self):
        def found(row, taken):
            page = "\n".join([PARAMETERS, "|---|---|---|---|---|", row])
            return list(wrong_parameters(page, TEMPLATE, taken))

        right = "| `DirectMax` | 1 | 9,000 | 7 | x |"
        self.assertEqual(found(right, {"DIRECT_MAX": (1, 10000), "ELSE": (1, 2)}), [])
        self.assertIn("is stated as [1, 9000, 8]", found(right.replace("7", "8"), {})[0])
        self.assertIn("is stated as None", found("| `Other` | 1 | 2 | 3 | x |", {})[0])
        self.assertIn("and DIRECT_MAX from 1 to 8999", found(right, {"DIRECT_MAX": (1, 8999)})[0])


if __name__ == "__main__":
    unittest.main()
