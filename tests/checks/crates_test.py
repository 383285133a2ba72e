"""Which arrows between crates are refused, and what the page must show."""

import unittest

from crates import Crate, Package, wrong_arrows, wrong_libraries, wrong_lines, wrong_outsiders
from picture import BEGIN, END, PAGE, block, write, wrong_picture
from tree import TreeCase

LINES = [
    Crate("shared/inner", what="the inside"),
    Crate("shared/outer", "shared/inner"),
    Crate("functions/*", "shared/inner", wired="shared/outer"),
]


def package(folder, *needs):
    return Package(folder, folder.replace("shared/", "hub-").replace("functions/", ""), frozenset(needs), ())


RIGHT = [package("shared/inner"), package("shared/outer", "hub-inner"), package("functions/f", "hub-inner", "hub-outer")]


class Arrows(unittest.TestCase):
    def test_what_the_lines_allow_is_right(self):
        self.assertEqual([*wrong_arrows(RIGHT, LINES), *wrong_lines(RIGHT, LINES), *wrong_outsiders(RIGHT)], [])

    def test_an_arrow_that_no_line_allows_is_refused(self):
        found = list(wrong_arrows([package("shared/inner", "hub-outer"), *RIGHT[1:]], LINES))
        self.assertEqual(found, ["shared/inner must not depend on shared/outer"])

    def test_a_crate_without_a_line_is_refused(self):
        found = list(wrong_arrows([*RIGHT, package("shared/new")], LINES))
        self.assertEqual(found, ["shared/new has no line in CRATES of tests/checks/crates.py"])

    def test_a_line_that_is_not_so_is_refused(self):
        lines = [Crate("shared/gone"), Crate("shared/inner", "shared/outer"), *LINES[1:]]
        found = list(wrong_lines(RIGHT, lines))
        self.assertEqual(len(found), 3, found)
        self.assertEqual(found[0], "CRATES has a line for shared/gone, and there is no such crate")
        self.assertEqual(found[1], "CRATES lets shared/inner use shared/outer, which it does not")
        self.assertEqual(found[2], "CRATES lets shared/inner use shared/outer, which has no line above")

    def test_crates_from_outside_stay_where_they_belong(self):
        found = list(wrong_outsiders([package("shared/core", "jsonwebtoken", "aws-sdk-sqs"), package("shared/protocol", "tokio")]))
        self.assertEqual([text.split(";")[0] for text in found], [
            "shared/core must not depend on aws-sdk-sqs",
            "shared/core must not depend on jsonwebtoken",
            "shared/protocol must not depend on tokio",
        ])


class Sources(TreeCase):
    def test_only_the_wiring_names_what_is_wired(self):
        self.write({"functions/f/src/main.rs": "use hub_outer::A;", "functions/f/src/wiring.rs": "use hub_outer::A;", "functions/f/src/lib.rs": "// hub_outer\nuse hub_inner::B;"})
        self.assertEqual(list(wrong_libraries(RIGHT, self.base, LINES)), [])
        self.write({"functions/f/src/deep/er.rs": "fn f() { hub_outer::go() }"})
        self.assertEqual(list(wrong_libraries(RIGHT, self.base, LINES)), ["functions/f/src/deep/er.rs must not use hub_outer; wiring.rs wires"])

    def test_the_page_shows_what_is_held(self):
        self.write({PAGE: f"before\n{BEGIN}\nold\n{END}\nafter\n"})
        self.assertEqual(len(list(wrong_picture(self.base))), 1)
        write(self.base)
        self.assertEqual(list(wrong_picture(self.base)), [])
        self.assertEqual((self.base / PAGE).read_text(), f"before\n{block()}\nafter\n")
        self.assertIn("| `functions/*` | `shared/inner` | `shared/outer` |", block(LINES))


if __name__ == "__main__":
    unittest.main()
