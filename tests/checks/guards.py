#!/usr/bin/env python3
"""Checks that every guard which docs/ARCHITECTURE.md names for an invariant is there."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def missing(document):
    for line in document.read_text().splitlines():
        if "**Invariant:**" not in line:
            continue
        _, found, guards = line.partition("Guard: ")
        named = re.findall(r"`([^`]+)`", guards)
        if not found or not named:
            yield f"an invariant names no guard: {line}"
        for name in named:
            if not (ROOT / name).exists():
                yield f"{document.relative_to(ROOT)} names the guard {name}, which is not there"


def main():
    faults = list(missing(ROOT / "docs" / "ARCHITECTURE.md"))
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
