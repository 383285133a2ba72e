"""Which guards are found, and what is said of the others."""

import unittest

from guards import PAGE, faults, write
from tree import TreeCase

TREE = {
    "shared/room/Cargo.toml": "",
    "tests/Cargo.toml": "",
    "shared/room/src/inner.rs": "#[cfg(test)]\nmod tests {\n    #[test]\n    fn a_unit_holds() {}\n    fn a_stage() {}\n}\n",
    "shared/room/tests/rules/deep.rs": "#[tokio::test(start_paused = true)]\n#[expect(x)]\nasync fn a_rule_holds() {}\n",
    "tests/faults/posts.rs": "#[tokio::test]\nasync fn a_post_holds() {}\n",
    "tests/stories/one.test.js": "it(`holds for ${name} (client ${version})`, () => {});\nitBySqs('it\\'s held', f);\ntest(\"twice\", f);\n",
    "tests/stories/two.test.js": 'test("twice", f);\n',
    "tests/checks/one.py": "def wrong_things():\n    pass\n",
    "tests/node_modules/x/y.test.js": 'test("not ours", f);\n',
    "deny.toml": "",
}


class Guards(TreeCase):
    def found(self, *guards):
        named = ", ".join(f"`{guard}`" for guard in guards)
        self.write({**TREE, PAGE: f"- **Invariant:** it holds, `whatever`. Guard: {named}.\n"})
        return list(faults(self.base))

    def test_tests_are_found_by_folder_and_name(self):
        self.assertEqual(
            self.found(
                "shared/room: a_unit_holds",
                "shared/room: a_rule_holds",
                "tests/faults: a_post_holds",
                "tests/stories: holds for .. (client ..)",
                "tests/stories: it's held",
                "tests/checks: wrong_things",
                "deny.toml",
            ),
            [],
        )

    def test_an_invariant_without_a_guard_is_refused(self):
        self.assertTrue(self.found()[0].startswith("an invariant names no guard: "))

    def test_what_is_no_test_is_no_guard(self):
        for guard in ["shared/room: a_stage", "shared/room: a_rule", "tests/stories: not ours"]:
            self.assertEqual(self.found(guard), [f"the guard {guard} is not there: no test has this name"])
        for guard in ["shared/room", "shared/room/src/inner.rs", "gone.toml"]:
            self.assertEqual(self.found(guard), [f"the guard {guard} names no test; write `folder: name of the test`"])

    def test_a_name_that_stands_twice_is_no_guard(self):
        self.assertIn("is the name of several tests", self.found("tests/stories: twice")[0])

    def test_a_guard_follows_a_test_that_moved(self):
        self.assertIn("it is in shared/room (", self.found("shared/old: a_rule_holds", "shared/old: gone")[0])
        write(self.base)
        self.assertEqual(list(faults(self.base)), ["the guard shared/old: gone is not there: no test has this name"])
        self.assertIn("`shared/room: a_rule_holds`, `shared/old: gone`", (self.base / PAGE).read_text())


if __name__ == "__main__":
    unittest.main()
