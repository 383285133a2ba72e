#!/usr/bin/env python3
"""Checks that every guard which docs/ARCHITECTURE.md names for an invariant is a test that exists.

A guard is written `folder: name`. The name is that of a Rust test, the title of
a JavaScript test (`..` for what the title fills in), or a function of a Python
check. The folder is the crate of a Rust test, and of any other test the folder
of its file; so a test may move within its crate. When a test moved elsewhere,
`--write` corrects the folder. A guard may also be a lint's file, such as `deny.toml`.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = "docs/ARCHITECTURE.md"
ROOMS = ["shared", "functions", "infra", "tests"]
NOT_OURS = {"target", "node_modules", ".venv", "dist", "artefacts", "fuzz"}

RUST = re.compile(r"#\[(?:\w+::)?test(?:\([^\]]*\))?\]\s*(?:#\[[^\]]*\]\s*)*(?:pub\s+)?(?:async\s+)?fn\s+(\w+)")
SCRIPT = re.compile(r"""\b(?:it|test)(?:By\w+)?(?:\.\w+)?\(\s*(?P<quote>["'`])(?P<title>(?:\\.|(?!(?P=quote)).)*)(?P=quote)""")
PYTHON = re.compile(r"^def (\w+)", re.MULTILINE)
FILLED_IN = re.compile(r"\$\{[^}]*\}")


def titles(text):
    for found in SCRIPT.finditer(text):
        yield FILLED_IN.sub("..", re.sub(r"\\(.)", r"\1", found["title"]))


NAMES = {".rs": RUST.findall, ".js": titles, ".py": PYTHON.findall}


def home(base, path):
    """The folder by which a test is named: that of its crate, else that of its file."""
    crates = (folder for folder in path.parents if (base / folder / "Cargo.toml").exists())
    crate = next(crates, Path())
    return str(path.parent if str(crate) in (".", "tests") else crate)


def tests(base):
    """Name of a test to the files that hold one of this name, each as often as it does."""
    found = defaultdict(list)
    for path in (path for room in ROOMS for path in sorted((base / room).rglob("*"))):
        inner = path.relative_to(base)
        if path.suffix in NAMES and path.is_file() and not NOT_OURS & set(inner.parts):
            for name in NAMES[path.suffix](path.read_text()):
                found[name].append(inner)
    return found


def guards(page):
    """Each line of an invariant, with the guards that it names."""
    for line in page.splitlines():
        if "**Invariant:**" in line:
            yield line, re.findall(r"`([^`]+)`", line.partition("Guard: ")[2])


def fault(base, found, guard):
    """What is wrong with a guard, if anything is."""
    folder, colon, name = guard.partition(": ")
    if not colon:
        is_lint = guard.endswith(".toml") and (base / guard).exists()
        return None if is_lint else f"the guard {guard} names no test; write `folder: name of the test`"
    files = found.get(name, [])
    here = [file for file in files if home(base, file) == folder]
    if len(here) == 1:
        return None
    if here:
        return f"the guard {guard} is the name of several tests: {', '.join(map(str, here))}"
    elsewhere = ", ".join(sorted({home(base, file) for file in files}))
    advice = f"it is in {elsewhere} (python3 tests/checks/guards.py --write)" if files else "no test has this name"
    return f"the guard {guard} is not there: {advice}"


def faults(base):
    page, found = (base / PAGE).read_text(), tests(base)
    for line, named in guards(page):
        if not named:
            yield f"an invariant names no guard: {line}"
        yield from filter(None, (fault(base, found, guard) for guard in named))


def write(base):
    """Names for each guard the folder in which the only test of this name stands now."""
    page, found = (base / PAGE).read_text(), tests(base)
    for guard in {guard for _, named in guards(page) for guard in named if fault(base, found, guard)}:
        name = guard.partition(": ")[2]
        if len(found.get(name, [])) == 1:
            page = page.replace(f"`{guard}`", f"`{home(base, found[name][0])}: {name}`")
    (base / PAGE).write_text(page)


def main():
    if sys.argv[1:] == ["--write"]:
        write(ROOT)
    found = list(faults(ROOT))
    print(*(f"{PAGE}: {text}" for text in found), sep="\n", file=sys.stderr, end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
