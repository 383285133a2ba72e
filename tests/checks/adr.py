#!/usr/bin/env python3
"""Checks the decision records: each has a status, a date and a line, and docs/adr/README.md is their index.

`--write` writes the index anew.
"""

import re
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = "docs/adr"
BEGIN = "<!-- index: written by `python3 tests/checks/adr.py --write` -->"
END = "<!-- end of index -->"

HEAD = re.compile(
    r"# (?P<number>\d+)\. (?P<title>.+)\n\n- Status: (?P<status>.+)\n- Date: (?P<date>.+)\n- In short: (?P<line>.+)\n\n## Context\n"
)
STATUS = re.compile(r"proposed|accepted|rejected|superseded by \[\d+\]\(\d{4}-[^)]+\.md\)")
LINK = re.compile(r"\[(?:ADR )?(?P<number>\d+)\]\((?:adr/|docs/adr/)?(?P<file>(?P<digits>\d{4})-[^)#]+\.md)")
# Where records are named, besides the records themselves.
PAGES = ["README.md", "CHANGELOG.md", "docs/*.md", "docs/adr/[0-9]*.md"]


@dataclass(frozen=True)
class Record:
    name: str
    number: int
    title: str
    status: str
    date: str
    line: str


def read(base):
    """The records with a head, by their files' names, and a fault for each page without one."""
    records, faults = [], []
    for path in sorted((base / FOLDER).glob("[0-9]*.md")):
        found = HEAD.match(path.read_text())
        if found:
            records.append(Record(path.name, int(found["number"]), *found.group("title", "status", "date", "line")))
        else:
            faults.append(f"{path.name} does not begin with its number and title, then Status, Date, In short, ## Context")
    return records, faults


def is_date(text):
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def wrong_heads(records):
    for record in records:
        if not record.name.startswith(f"{record.number:04}-"):
            yield f"{record.name} calls itself {record.number}"
        if not is_date(record.date):
            yield f"{record.name} has the date {record.date}, which is none like 2026-11-24"
        if not STATUS.fullmatch(record.status):
            yield f"{record.name} has the status {record.status}: proposed, accepted, rejected, or superseded by [N](NNNN-name.md)"
    numbers = [record.number for record in records]
    yield from (f"two records have the number {number}" for number in sorted({it for it in numbers if numbers.count(it) > 1}))


def wrong_links(base, records):
    names = {record.name for record in records}
    for path in sorted(path for pattern in PAGES for path in base.glob(pattern)):
        for found in LINK.finditer(path.read_text()):
            if found["file"] not in names:
                yield f"{path.relative_to(base)} links to {found['file']}, which is not there"
            elif int(found["number"]) != int(found["digits"]):
                yield f"{path.relative_to(base)} says {found['number']} and links to {found['file']}"


def index(records):
    rows = [f"| {it.number} | [{it.title}]({it.name}) | {it.status} | {it.date} | {it.line} |" for it in records]
    return "\n".join([BEGIN, "| | decision | status | date | in short |", "|---|---|---|---|---|", *rows, END])


def split(base):
    """What stands before the index, the index, and what stands behind it."""
    before, _, rest = (base / FOLDER / "README.md").read_text().partition(BEGIN)
    inner, _, after = rest.partition(END)
    return before, BEGIN + inner + END, after


def faults(base):
    records, found = read(base)
    found += [*wrong_heads(records), *wrong_links(base, records)]
    if split(base)[1] != index(records):
        found.append("README.md does not list the records as they are: python3 tests/checks/adr.py --write")
    return [f"{FOLDER}: {text}" for text in found]


def write(base):
    before, _, after = split(base)
    (base / FOLDER / "README.md").write_text(before + index(read(base)[0]) + after)


def main():
    if sys.argv[1:] == ["--write"]:
        write(ROOT)
    found = faults(ROOT)
    print(*found, sep="\n", file=sys.stderr, end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
