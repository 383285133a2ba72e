"""A circle and a tuple make the check fail, and a tree without them passes."""

import unittest

from crates import Package
from layers import wrong_trees
from tree import TreeCase


class Trees(TreeCase):
    def found(self, **files):
        self.crate(**files)
        package = Package("shared/room", "hub-room", frozenset(), (self.base / "lib.rs",))
        return list(wrong_trees([package], self.base))

    def test_a_circle_fails_and_is_printed(self):
        [text] = self.found(lib="mod a;\nmod b;\n", a="use crate::b::B;\n", b="use crate::a;\npub struct B;\n")
        self.assertEqual(
            text,
            "shared/room has a circle of modules: a -> b -> a\n"
            "  a -> b: a.rs:1 names crate::b::B\n"
            "  b -> a: b.rs:1 names crate::a",
        )

    def test_a_tuple_fails(self):
        [text] = self.found(lib="mod a;\n", a="fn f((a, b): (u8, u8)) {}\n")
        self.assertTrue(text.startswith("a.rs:1: f takes the tuple `(a, b): (u8, u8)`"), text)

    def test_a_tree_without_them_passes(self):
        self.assertEqual(self.found(lib="mod a;\nmod b;\n", a="use crate::b::B;\nfn f(b: B) {}\n", b="pub struct B;\n"), [])


if __name__ == "__main__":
    unittest.main()
