"""The tables of ./crates.py as docs/ARCHITECTURE.md shows them."""

from crates import CRATES, NEVER, ONLY

PAGE = "docs/ARCHITECTURE.md"
BEGIN = "<!-- arrows: written by `python3 tests/checks/layers.py --write` -->"
END = "<!-- end of arrows -->"


def listed(words):
    return ", ".join(f"`{word}`" for word in words.split()) or "none"


def crate_rows(crates):
    yield "| crate | may use | only its `wiring.rs` may use | what |"
    yield "|---|---|---|---|"
    for crate in crates:
        wired = listed(crate.wired) if crate.wired else ""
        uses = listed(crate.uses)
        yield f"| `{crate.folder}` | {uses} | {wired} | {crate.what} |"


def outsider_rows():
    yield "| from outside | only in |"
    yield "|---|---|"
    yield from (f"| {listed(names)} | {listed(folders)} |" for names, folders in ONLY.items())
    yield from (f"| {listed(names)} | all but {listed(folders)} |" for names, folders in NEVER.items())


def block(crates=None):
    rows = [*crate_rows(CRATES if crates is None else crates), "", *outsider_rows()]
    return "\n".join([BEGIN, *rows, END])


def split(text):
    """The page before the block, the block, and the page behind it."""
    before, begin, rest = text.partition(BEGIN)
    inner, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{PAGE} needs the lines {BEGIN} and {END}")
    return before, begin + inner + end, after


def wrong_picture(base):
    if split((base / PAGE).read_text())[1] != block():
        yield f"{PAGE} shows other arrows than tests/checks/crates.py holds: python3 tests/checks/layers.py --write"


def write(base):
    before, _, after = split((base / PAGE).read_text())
    (base / PAGE).write_text(before + block() + after)
