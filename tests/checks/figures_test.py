"""What counts as a method, a bound and a tuple."""

import unittest

from figures import longest_bound, most_methods, traits
from signatures import refusals, tuples
from tree import TreeCase


class Figures(TreeCase):
    def test_methods_of_a_type_are_counted_over_all_files(self):
        root = self.crate(
            lib="mod a;\npub struct Big<T>(T);\npub struct Small;\nimpl Small { fn one() {} }\nimpl<T> Clone for Big<T> { fn clone() {} }\n",
            a="use super::Big;\nimpl Big<u8> { fn one() { fn inner() {} } fn two(x: [u8; 2]) {} }\nimpl<T: Copy> Big<T> { fn three() {} }",
        )
        self.assertEqual(most_methods([root]), "3 in 1 files (Big)")

    def test_a_bound_reaches_supertraits(self):
        root = self.crate(
            lib="trait A: B + Send {}\ntrait B {}\ntrait C<T>: A where T: Clone {}\ntrait D {}\n"
            "fn f<S: A>() {}\nfn g<S>() where S: C<u8> + D + 'static {}\nfn h() -> u8 { let x: u8 = 1 + 2; x }"
        )
        supers = traits([root])
        self.assertEqual(supers, {"A": {"B"}, "B": set(), "C": {"A"}, "D": set()})
        self.assertEqual(longest_bound([root], supers), (2, 4))


class Tuples(TreeCase):
    def test_tuples_of_several_parts_are_found_wherever_they_stand(self):
        code = "fn f<F: Fn(u8, u8) -> u8>(&self, (a, b): (A<B>, C), more: u8) {}\nfn g(\n    pair: (&str, u16),\n    shown: &(A, B),\n) {}"
        self.assertEqual(list(tuples(code)), [
            ("f", "(a, b): (A<B>, C)", 1),
            ("g", "pair: (&str, u16)", 3),
            ("g", "shown: &(A, B)", 4),
        ])

    def test_other_parameters_are_not(self):
        code = "fn f(list: &[(A, B)], unit: (), call: impl Fn((A, B)), dynamic: &(dyn Fn(A) + Send), Path(x): Path<(A, B)>) { |(a, b)| a }"
        self.assertEqual(list(tuples(code)), [])

    def test_the_name_of_a_tuple_type_is_refused_too(self):
        root = self.crate(lib="type Pair<'a> = (&'a str, u8);\ntype Unit = ();\nfn f((a, b): Pair) {}")
        found = list(refusals(root, self.base))
        self.assertEqual([text.split(": ")[0] for text in found], ["lib.rs:1", "lib.rs:3"])


if __name__ == "__main__":
    unittest.main()
