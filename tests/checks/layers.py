#!/usr/bin/env python3
"""Holds the shape of the workspace: dependencies point one way, files stay small.

Cargo itself only forbids cycles among crates. This reads `cargo metadata` and
the sources, and fails with every arrow between crates that ./crates.py does not
list, every circle of modules within a crate, every parameter that is a tuple,
and every file of more than 300 lines of code. docs/ARCHITECTURE.md shows the
arrows, which `--write` writes there. `--figures` prints the tree's figures. A
folder as the last argument is looked at in place of this tree.
"""

import argparse
import sys
from pathlib import Path

from circles import circles
from crates import packages, wrong_arrows, wrong_libraries, wrong_lines, wrong_outsiders
from figures import table
from modules import read_crate
from picture import write, wrong_picture
from signatures import refusals
from source import lines_of

ROOT = Path(__file__).resolve().parents[2]
LINES_MAX = 300
# Tests may be longer: they are read one at a time.
NOT_COUNTED = {"target", "node_modules", ".venv", "tests"}


def long_files(base):
    for path in sorted(base.glob("**/*.rs")):
        if NOT_COUNTED & set(path.relative_to(base).parts) or path.name == "tests.rs":
            continue
        if lines_of(path) > LINES_MAX:
            yield f"{path.relative_to(base)} has {lines_of(path)} lines of code; {LINES_MAX} are the most"


def wrong_trees(found, base):
    """A text for each circle of modules and each tuple among parameters, in libraries and programs."""
    for package in found:
        for root in map(read_crate, package.roots):
            yield from circles(package.folder, root, base)
            yield from refusals(root, base)


def faults(base):
    found = packages(base)
    return [
        *wrong_arrows(found),
        *wrong_outsiders(found),
        *wrong_lines(found),
        *wrong_libraries(found, base),
        *wrong_picture(base),
        *wrong_trees(found, base),
        *long_files(base),
    ]


def arguments():
    parser = argparse.ArgumentParser(description="Holds the shape of the workspace.")
    parser.add_argument("--write", action="store_true", help="write the arrows into docs/ARCHITECTURE.md")
    parser.add_argument("--figures", action="store_true", help="print the figures of each crate")
    parser.add_argument("tree", nargs="?", type=Path, default=ROOT)
    return parser.parse_args()


def main():
    given = arguments()
    base = given.tree.resolve()
    if given.write:
        write(base)
    if given.figures:
        print(*table(packages(base)), sep="\n")
        return 0
    found = faults(base)
    print(*found, sep="\n", file=sys.stderr, end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
