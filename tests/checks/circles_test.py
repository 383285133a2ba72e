"""Which uses tie modules into a circle, and which do not."""

import unittest

from circles import circles, largest_knot
from tree import TreeCase

TWO = "mod a;\nmod b;\n"


class Circles(TreeCase):
    def found(self, **files):
        return list(circles("room", self.crate(**files), self.base))

    def assert_circle(self, way, **files):
        found = self.found(**files)
        self.assertEqual(len(found), 1, found)
        self.assertIn(f"room has a circle of modules: {way}", found[0])
        return found[0]

    def assert_none(self, **files):
        self.assertEqual(self.found(**files), [])

    def test_a_circle_is_printed_with_the_place_of_each_step(self):
        text = self.assert_circle(
            "a -> b -> c -> a",
            lib="mod a;\nmod b;\nmod c;\nmod d;\n",
            a="\nuse crate::b::B;\n",
            b="use crate::{\n    c::C,\n    d::D,\n};\n",
            c="pub struct C;\nfn f() {\n    crate::a::go()\n}\n",
            d="pub struct D;",
        )
        self.assertIn("  a -> b: a.rs:2 names crate::b::B\n", text)
        self.assertIn("  b -> c: b.rs:1 names crate::c::C\n", text)
        self.assertTrue(text.endswith("  c -> a: c.rs:3 names crate::a::go"), text)

    def test_modules_in_one_direction_are_no_circle(self):
        self.assert_none(lib=TWO, a="use crate::b::B;\nuse super::b;", b="pub struct B;")

    def test_a_larger_knot_says_how_many_modules_it_ties(self):
        text = self.assert_circle(
            "a -> b -> a",
            lib="mod a;\nmod b;\nmod c;\n",
            a="use crate::b::B;\nuse crate::c::C;",
            b="use crate::a::A;\npub struct B;",
            c="use crate::a::A;\npub struct C;",
        )
        self.assertIn("(one circle of a knot of 3 modules)", text)

    def test_a_parent_and_its_children_use_each_other(self):
        self.assert_none(
            lib="mod a;\nuse a::A;\npub struct Root;",
            a="mod inner;\nuse inner::Inner;\npub struct A;\nuse crate::Root;",
            a__inner="use super::A;\nuse crate::Root;\npub struct Inner;",
        )

    def test_siblings_within_a_module_are_a_circle_too(self):
        self.assert_circle("a::x -> a::y -> a::x", lib="mod a;", a="mod x;\nmod y;", a__x="use super::y;", a__y="use crate::a::x;")

    def test_what_inner_modules_use_their_outer_modules_use(self):
        self.assert_circle(
            "a -> b -> a", lib=TWO, a="mod x;\nmod y;", a__x="use crate::b::B;", a__y="pub struct Y;", b="use crate::a::y::Y;\npub struct B;"
        )

    def test_a_name_that_the_parent_passes_on_is_of_the_sibling(self):
        lib = "mod a;\nmod b;\npub use b::B;\npub use a::{A as First};\n"
        self.assert_circle("a -> b -> a", lib=lib, a="use crate::B;\npub struct A;", b="use super::First;\npub struct B;")

    def test_a_name_that_the_parent_only_imports_is_of_the_sibling(self):
        lib = "mod a;\nmod b;\nuse a::A;\nuse b::B;"
        self.assert_circle("a -> b -> a", lib=lib, a="use super::B;\npub struct A;", b="use super::A;\npub struct B;")

    def test_a_name_that_the_parent_defines_is_of_the_parent(self):
        lib = "mod a;\nmod b;\npub struct Shared;\n"
        self.assert_none(lib=lib, a="use super::{Shared, b};", b="use super::Shared;")

    def test_globs_lead_to_what_is_used_by_them(self):
        lib = "mod a;\nmod b;\nmod c;\npub use c::*;\nuse a::A;\nuse b::B;\n"
        c = "pub struct C;"
        self.assert_circle("a -> b -> a", lib=lib, a="use super::*;\npub struct A(B);", b="use super::*;\npub struct B(A);", c=c)
        self.assert_circle("a -> c -> a", lib=lib, a="use crate::C;\npub struct A;", b="pub struct B;", c="use crate::a::A;\n" + c)

    def test_a_function_may_have_the_name_of_its_module(self):
        lib = "mod a;\nmod b;\npub use a::a;\n"
        self.assert_circle("a -> b -> a", lib=lib, a="pub fn a() { crate::b::b() }", b="pub fn b() { crate::a() }")

    def test_methods_that_modules_add_to_one_type_are_uses(self):
        lib = "mod a;\nmod b;\npub struct Desk<T>(T);\nimpl<T> Desk<T> { pub fn here(&self) {} }\n"
        a = "use super::Desk;\nimpl<T> Desk<T> where T: Clone {\n    fn one(&self) { self.two(); self.here() }\n}\n"
        b = "use super::Desk;\nimpl<T: Fn() -> u8> Desk<T> {\n    fn two(&self) { CALL }\n}\n"
        self.assert_none(lib=lib, a=a, b=b.replace("CALL", "self.here()"))
        text = self.assert_circle("a -> b -> a", lib=lib, a=a, b=b.replace("CALL", "Self::one(self)"))
        self.assertIn("a -> b: a.rs:3 names the method two", text)

    def test_inner_modules_may_stand_in_the_same_file(self):
        self.assert_circle("a -> b -> a", lib="mod a { pub fn go() { super::b::go() } }\nmod b { pub fn go() { crate::a::go() } }\n")

    def test_a_path_in_an_attribute_is_a_use(self):
        self.assert_circle("a -> b -> a", lib=TWO, a='#[serde(with = "crate::b")]\nstruct A;', b="use crate::a;")

    def test_tests_comments_and_texts_do_not_count(self):
        self.assert_none(
            lib=TWO,
            a="use crate::b;",
            b="\n".join(
                [
                    "//! See [`crate::a`].",
                    "/* crate::a::go */",
                    'const SAID: &str = "it is in crate::a::go, \\" is it not";',
                    'const RAW: &str = r#"" crate::a::go "#;',
                    "const QUOTE: char = '\"';",
                    "#[cfg(test)]\nuse crate::a::{go, stay};",
                    "#[cfg(test)]\n#[derive(Debug)]\nstruct Seen { go: crate::a::Go }",
                    "pub(in crate::a) struct B<'a>(&'a str);",
                    "#[cfg(test)]\nmod tests {\n    use crate::a::go;\n}",
                ]
            ),
        )

    def test_other_crates_are_none_of_ours(self):
        self.assert_none(lib=TWO, a="use b_of_others::b;\nuse std::a::x;", b="use crate::a;")

    def test_the_largest_knot_is_counted(self):
        self.assertEqual(largest_knot(self.crate(lib=TWO, a="use crate::b;", b="use crate::a;")), 2)
        self.assertEqual(largest_knot(self.crate(lib=TWO, a="use crate::b;", b="")), 1)


if __name__ == "__main__":
    unittest.main()
