"""The numbers that the code of what is deployed names: constants, and the ranges of its variables."""

import re
from dataclasses import dataclass
from pathlib import Path

from source import code_of

SOURCES = ["shared/*/src", "functions/*/src"]
NOT_DEPLOYED = {"testkit"}

CONSTANT = re.compile(r"\bconst (\w+): (?:[ui](?:8|16|32|64|size)|f64|(?:\w+::)*Duration) =\s*([^;]+);")
RANGE = re.compile(r'\bnumber\(\s*"(\w+)",\s*([\d_]+)\.\.=([\d_]+),')
DURATION = re.compile(r"(?:\w+::)*Duration::from_(\w+)\((.+)\)", re.DOTALL)
SECONDS = {"millis": 0.001, "secs": 1, "mins": 60, "hours": 3600}


@dataclass(frozen=True)
class Constant:
    """A constant with the file that names it, and the expression of its value."""

    name: str
    file: Path
    written: str

    def full_name(self):
        """`file::NAME`; for lib.rs and main.rs the crate's folder stands for the file."""
        is_root = self.file.stem in ("lib", "main")
        return f"{self.file.parent.parent.name if is_root else self.file.stem}::{self.name}"


def files(base):
    for folder in (folder for pattern in SOURCES for folder in sorted(base.glob(pattern))):
        if folder.parent.name not in NOT_DEPLOYED:
            yield from sorted(file for file in folder.rglob("*.rs") if file.name != "tests.rs")


def constants(base):
    return [
        Constant(name, file, " ".join(written.split()))
        for file in files(base)
        for name, written in CONSTANT.findall(code_of(file))
    ]


def ranges(base):
    """Variable to the least and the most that the configuration takes."""
    texts = (file.read_text() for file in files(base))
    return {name: (int(least), int(most)) for text in texts for name, least, most in RANGE.findall(text)}


def named(name, known):
    """The constants of a name, which may begin with its file's."""
    return [constant for constant in known if name in (constant.name, constant.full_name())]


def value(written, known):
    """The number of an expression of numbers, products and other constants; durations are in seconds."""
    if duration := DURATION.fullmatch(written):
        return value(duration[2], known) * SECONDS[duration[1]]
    product = 1
    for factor in re.split(r"\s*\*\s*", written):
        product *= number(factor, known)
    return product


def number(text, known):
    if re.fullmatch(r"[\d_]+(\.\d+)?", text):
        return float(text.replace("_", ""))
    others = named(text.rpartition("::")[2], known)
    if len(others) != 1:
        raise ValueError(f"`{text}` is no number and no name of one constant")
    return value(others[0].written, known)
