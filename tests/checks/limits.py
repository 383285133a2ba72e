#!/usr/bin/env python3
"""Checks that the limits which the documents state are the numbers in the code.

A table of limits has a column `in the code`. It names constants, in the order in
which their numbers stand in the column `limit`; a name that several files have
is written `file::NAME`. What stands there without backticks is a limit of AWS.
Every constant whose name says that it is a limit is in a table, or in INNER with
the reason why nobody outside meets it. A table of parameters is compared with
template.yaml, and that with what the configuration takes.
"""

import re
import sys
from pathlib import Path

from constants import constants, named, ranges, value

ROOT = Path(__file__).resolve().parents[2]
PAGES = ["docs/PROTOCOL.md", "docs/OPERATIONS.md"]
LIMITS = "| what | limit | beyond it | in the code |"
PARAMETERS = "| parameter | least | most | when not given | what |"
# A constant of such a name is a limit.
LIMIT = re.compile(r"\w+_(MAX|MIN|LIFETIME|PER_SECOND)(_[A-Z]+)?|LEEWAY")

INNER = {
    "what AWS takes in one call, which adapters keep": "BATCH_MAX BATCH_MAX_BYTES CALL_MAX_BYTES CALL_MAX_LINES WRITES_MAX READS_MAX SAMPLES_MAX DELAY_MAX ANSWERS_MAX LINES_MAX PAGES_MAX",
    "what services of AWS never reach on the ingress queue": "WRAPPINGS_MAX ingress::ID_MAX_BYTES",
    "pauses between tries, and how often is looked again": "PAUSE_MAX PING_PAUSE ALONE_MAX ROUNDS_MAX LIVE_ROUNDS_MAX CHANGE_ROUNDS_MAX ATTEMPT_MIN",
    "how long a sender looks whether a handshake is through": "JOINING_MAX",
    "how long a line waits, and how a frame of a line begins": "OPENING_MAX RESUMING_MAX ACK_MAX CUTTING_MAX SEQUENCE_MAX_BYTES LINE_RECORD_MAX_BYTES",
    "what a line remembers of the queue and of its client": "SEEN_MAX calls::NAMES_MAX calls::RANGES_MAX calls::ID_MAX record::WRITERS_MAX",
    "what is kept in memory": "OWED_MAX KEPT_MAX HASHES_MAX SOCKETS_MAX SKEW_MAX TAKEN_MAX",
    "how long rows outlive what they are for": "ROW_LIFETIME LINE_LIFETIME GRANT_LIFETIME REMINDER_LATE_MAX ANNOUNCING_MAX UPTAKE_LIFETIME",
    "how much of a text is repeated, and how near a misspelt name is": "MISSPELT_MAX fields::ECHO_MAX_CHARS parse::ECHO_MAX_CHARS negotiation::ECHO_MAX_CHARS reason::TEXT_MAX_CHARS PRINCIPAL_MAX_CHARS",
    "how large hubcast makes what it writes itself": "CLOSE_MAX_BYTES MESSAGE_MAX_BYTES PROGRESS_KEY_MAX_BYTES",
    "how long programs of hubcast wait that are clients themselves": "socket::OPEN_MAX socket::CLOSE_MAX connection::HANDSHAKE_MAX negotiation::REDIRECTS_MAX STEP_MAX CALL_TOKEN_LIFETIME",
    "how slow the pace of posts becomes": "RATE_MIN",
    "what the OpenAPI document calls the largest number": "I32_MAX",
    "versions of the handshake, which PROTOCOL names": "VERSION_MAX",
    "what the MessagePack hub protocol itself sets": "LENGTH_MAX_BYTES",
}

NUMBER = re.compile(r"(\d[\d,]*)(?: (bytes|KB|MB|s|seconds?|minutes?|hours?|days?)\b)?")
UNITS = {"KB": 1024, "MB": 1024 * 1024, "minute": 60, "hour": 3600, "day": 86400}


def rows(page, head):
    """The cells of each row below each head of this kind."""
    for table in page.split(head + "\n")[1:]:
        for line in table.splitlines()[1:]:
            if not line.startswith("|"):
                break
            # A bar within code is escaped, and a cell may be empty.
            yield [cell.strip() for cell in line.strip().strip("|").split("|")]


def numbers(cell):
    """The numbers of a cell, in bytes, seconds or things; the 1 of `1 to 5` is no limit."""
    bare = re.sub(r"``.*?``|`[^`]*`|\b1 to (?=\d)", "", cell)
    for digits, unit in NUMBER.findall(bare):
        yield int(digits.replace(",", "")) * UNITS.get(unit, UNITS.get(unit.removesuffix("s"), 1))


def names(cell):
    return re.findall(r"`([^`]+)`", cell)


def wrong_rows(page, known):
    """A text for each row whose numbers are not those of the constants that it names."""
    for what, limit, _, held in rows(page, LIMITS):
        found = [named(name, known) for name in names(held)]
        for name, each in zip(names(held), found):
            if len(each) != 1:
                yield f"{what}: {len(each)} constants are called {name}" + (", write file::NAME" if each else "")
        if not found and not held:
            yield f"{what}: name the constant, or who sets the limit"
        if found and all(len(each) == 1 for each in found):
            values = [value(each[0].written, known) for each in found]
            if values != list(numbers(limit)):
                yield f"{what}: the page says {limit}, the code {', '.join(f'{it:g}' for it in values)}"


def unstated(pages, known):
    """A text for each limit of the code that no table states and that is not inner."""
    stated = [name for page in pages for *_, held in rows(page, LIMITS) for name in names(held)]
    inner = " ".join(INNER.values()).split()
    for constant in known:
        if LIMIT.fullmatch(constant.name) and not {constant.name, constant.full_name()} & {*stated, *inner}:
            yield f"{constant.full_name()} is in no table of limits, and not in INNER of tests/checks/limits.py"
    yield from (f"INNER names {name}, and there is no such constant" for name in inner if not named(name, known))


def parameters(template):
    """Parameter of the template to its least, its most and its default."""
    found = {}
    for name, body in re.findall(r"^  (\w+):\n((?:    .*\n)+)", template, re.MULTILINE):
        written = dict(re.findall(r"^    (MinValue|MaxValue|Default): (\d+)$", body, re.MULTILINE))
        if len(written) == 3:
            found[name] = [int(written[key]) for key in ("MinValue", "MaxValue", "Default")]
    return found


def wrong_parameters(page, template, taken):
    """A text for each parameter that the page states wrongly or not at all, or that the code would refuse."""
    given = parameters(template)
    stated = {names(cells[0])[0]: [next(numbers(cell)) for cell in cells[1:4]] for cells in rows(page, PARAMETERS)}
    for name in sorted(given.keys() | stated.keys()):
        if given.get(name) != stated.get(name):
            yield f"the parameter {name} is stated as {stated.get(name)}, and template.yaml has {given.get(name)}"
    for variable, (least, most) in sorted(taken.items()):
        name = "".join(word.capitalize() for word in variable.split("_"))
        if name in given and not least <= given[name][0] <= given[name][1] <= most:
            yield f"the parameter {name} may be {given[name][:2]}, and {variable} from {least} to {most}"


def faults(base):
    known, pages = constants(base), [(base / page).read_text() for page in PAGES]
    for name, page in zip(PAGES, pages):
        yield from (f"{name}: {text}" for text in wrong_rows(page, known))
    yield from unstated(pages, known)
    template = (base / "template.yaml").read_text()
    yield from (f"{PAGES[1]}: {text}" for text in wrong_parameters(pages[1], template, ranges(base)))


def main():
    found = list(faults(ROOT))
    print(*found, sep="\n", file=sys.stderr, end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
