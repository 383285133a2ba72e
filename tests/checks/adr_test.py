"""Which decision records are refused."""

import unittest

from adr import BEGIN, END, FOLDER, faults, write
from tree import TreeCase


def record(number, status="accepted", date="2026-11-24", text=""):
    return f"# {number}. Title {number}\n\n- Status: {status}\n- Date: {date}\n- In short: Line {number}.\n\n## Context\n\n{text}\n"


class Records(TreeCase):
    def found(self, records, page=""):
        """The faults of these records, with an index written for them."""
        self.write({f"{FOLDER}/{name}": text for name, text in records.items()})
        self.write({f"{FOLDER}/README.md": f"# D\n\n{BEGIN}\n{END}\nend\n", "docs/PAGE.md": page})
        write(self.base)
        return faults(self.base)

    def test_records_and_their_index_agree(self):
        one = record(1, status="superseded by [2](0002-b.md)")
        records = {"0001-a.md": one, "0002-b.md": record(2, text="See [1](0001-a.md), [ADR 2](0002-b.md).")}
        self.assertEqual(self.found(records, "[ADR 1](adr/0001-a.md)"), [])
        index = (self.base / FOLDER / "README.md").read_text()
        self.assertIn("| 2 | [Title 2](0002-b.md) | accepted | 2026-11-24 | Line 2. |\n", index)
        self.write({f"{FOLDER}/0002-b.md": record(2, date="2026-11-25")})
        self.assertEqual(len(faults(self.base)), 1)

    def assert_fault(self, words, records, page=""):
        found = self.found(records, page)
        self.assertEqual(len(found), 1, found)
        self.assertIn(words, found[0])

    def test_each_fault_is_told(self):
        self.assert_fault("does not begin with", {"0001-a.md": "# 1. Title\n\n## Context\n"})
        self.assert_fault("calls itself 2", {"0001-a.md": record(2)})
        self.assert_fault("which is none like", {"0001-a.md": record(1, date="24 November")})
        self.assert_fault("has the status done", {"0001-a.md": record(1, status="done")})
        self.assert_fault("has the status superseded", {"0001-a.md": record(1, status="superseded")})
        self.assert_fault("0001-a.md links to 0009-x.md, which is not there", {"0001-a.md": record(1, status="superseded by [9](0009-x.md)")})

    def test_numbers_are_unique(self):
        self.assert_fault("two records have the number 1", {"0001-a.md": record(1), "0001-b.md": record(1)})

    def test_links_lead_to_the_record_that_they_name(self):
        self.assert_fault("docs/PAGE.md links to 0002-b.md, which is not there", {"0001-a.md": record(1)}, "[2](adr/0002-b.md)")
        self.assert_fault("docs/PAGE.md says 2 and links to 0001-a.md", {"0001-a.md": record(1)}, "[ADR 2](adr/0001-a.md)")


if __name__ == "__main__":
    unittest.main()
