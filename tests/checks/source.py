"""Reads Rust source text as far as the checks need: which code is there, and where its items begin and end.

All functions keep the length and the line breaks of a text, so that a place in
the result is the same place in the file.
"""

import re
from functools import cache
from pathlib import Path

# A path in a string, as `#[serde(with = "crate::time")]` has it, stays: it is a use like any other.
PATH_IN_STRING = re.compile(r'"(?:crate|super|self)(?:::\w+)+"')
NOT_CODE = re.compile(
    r"""//[^\n]*
    | /\*.*?\*/
    | \b[bc]?r(?P<hashes>\#*)".*?"(?P=hashes)
    | \b[bc]"(?:\\.|[^"\\])*" | "(?:\\.|[^"\\])*"
    | '(?:\\(?:x..|u\{[^}]*\}|.)|[^\\'\n])'""",
    re.DOTALL | re.VERBOSE,
)
TEST_ONLY = re.compile(r"#\[cfg\((?:test|all\(test\b[^\]]*)\)\]")
OPENERS = {"(": ")", "[": "]", "{": "}"}
BRACKET = re.compile(r"[()\[\]{}]")


def blank(text):
    """The text with a space for each character, but for line breaks."""
    return re.sub(r"[^\n]", " ", text)


def without_comments_and_strings(text):
    def erased(found):
        text = found.group()
        return text if PATH_IN_STRING.fullmatch(text) else blank(text)

    return NOT_CODE.sub(erased, text)


def closing(code, at):
    """The place of the bracket that closes the one at `at`."""
    depth = 0
    for found in BRACKET.finditer(code, at):
        depth += 1 if found.group() in OPENERS else -1
        if depth == 0:
            return found.start()
    return len(code)


def item_end(code, at):
    """The place behind the item, the field or the statement that begins at `at`."""
    ends = ";" if re.compile(r"\s*(pub(\([^)]*\))?\s+)?use\b").match(code, at) else ";{,"
    while at < len(code):
        sign = code[at]
        if sign in ends:
            return closing(code, at) + 1 if sign == "{" else at + 1
        if sign == "}":
            return at
        at = closing(code, at) + 1 if sign in "([{" else at + 1
    return at


def attributes_end(code, at):
    """The place behind the attributes that begin at `at`."""
    while found := re.compile(r"\s*#\[").match(code, at):
        at = closing(code, found.end() - 1) + 1
    return at


def without_tests(code):
    """The code without all that `#[cfg(test)]` marks."""
    while found := TEST_ONLY.search(code):
        end = item_end(code, attributes_end(code, found.start()))
        code = code[: found.start()] + blank(code[found.start() : end]) + code[end:]
    return code


@cache
def code_in(text):
    return without_tests(without_comments_and_strings(text))


def code_of(path):
    """The code of a file: no comments, no texts, no tests."""
    return code_in(Path(path).read_text())


def lines_of(path):
    """How many lines a file has without the unit tests at its end."""
    return Path(path).read_text().split("\n#[cfg(test)]\nmod tests {", 1)[0].count("\n")


def line_of(code, at):
    return code.count("\n", 0, at) + 1


def depths(text):
    """Each sign with its place and how deep it stands in brackets; `<` and `>` are brackets here, `->` is none."""
    depth = 0
    for at, sign in enumerate(text):
        is_arrow = sign == ">" and text[at - 1 : at] in ("-", "=")
        if sign in ")]}>" and not is_arrow:
            depth -= 1
        yield at, sign, depth
        if sign in "([{<":
            depth += 1


def parts(text, separator=","):
    """What stands between the separators that no bracket encloses."""
    begin = 0
    for at, sign, depth in depths(text):
        if sign == separator and depth == 0:
            yield text[begin:at].strip()
            begin = at + 1
    if last := text[begin:].strip():
        yield last


def without_generics(text):
    """The text without the `<..>` that it begins with."""
    if not text.startswith("<"):
        return text
    return next((text[at + 1 :] for at, sign, depth in depths(text) if sign == ">" and depth == 0), "")
