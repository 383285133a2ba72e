"""The modules of a crate, and which module defines what another one names.

A name that a module only passes on, or only imports, belongs to the module that defines it.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from source import blank, closing, code_of, line_of, parts

DECLARED = re.compile(
    r"\b(?:(?P<module>mod)\s+(?P<name>\w+)\s*(?P<open>[;{])"
    r"|(?:fn|struct|enum|union|trait|type|static(?:\s+mut)?|macro_rules!|const(?!\s+(?:fn|unsafe|async|extern)\b))\s+(?P<item>\w+)"
    r"|(?P<bracket>[{(\[]))"
)
USE = re.compile(r"\buse\s+(?=[\w:{])([^;]+);")
PATH = re.compile(r"(?<!in )\b(?:crate|super|self)(?:\s*::\s*\w+)+")


@dataclass
class Use:
    """One path that a module names: its segments, `*` at the end for all of a module."""

    segments: tuple
    line: int
    alias: str | None = None


@dataclass
class Module:
    """A module with its own code: no comments, no tests, no inner modules, as long as its file."""

    path: tuple
    file: Path
    code: str
    items: set = field(default_factory=set)
    children: dict = field(default_factory=dict)
    uses: list = field(default_factory=list)
    parent: "Module | None" = None

    def root(self):
        return self.parent.root() if self.parent else self

    def all(self):
        yield self
        for child in self.children.values():
            yield from child.all()

    def imported(self, name):
        return [use for use in self.uses if use.alias == name]

    def globs(self):
        return [use for use in self.uses if use.segments[-1] == "*"]

    def knows(self, name):
        """Whether the module declares or imports the name; globs aside."""
        return name in self.children or name in self.items or bool(self.imported(name))


def read_crate(root):
    """The module tree of the crate whose root file this is."""
    return read_module((), Path(root), code_of(root), Path(root).parent, None)


def read_module(path, file, code, folder, parent):
    module = Module(path, file, code, parent=parent)
    for found in declarations(code):
        if found["item"]:
            module.items.add(found["item"])
        elif found["open"] == ";":
            add_file(module, found["name"], folder)
        else:
            add_inline(module, found, folder)
    module.uses = [*written_uses(module.code), *paths(module.code)]
    return module


def declarations(code):
    """What the module itself declares; brackets are skipped, and with them bodies."""
    at = 0
    while found := DECLARED.search(code, at):
        at = found.end()
        if found["bracket"]:
            at = closing(code, found.start()) + 1
            continue
        yield found
        if found["open"] == "{":
            at = closing(code, found.end() - 1) + 1


def add_file(module, name, folder):
    file = next((file for file in (folder / f"{name}.rs", folder / name / "mod.rs") if file.exists()), None)
    if file:
        module.children[name] = read_module((*module.path, name), file, code_of(file), folder / name, module)


def add_inline(module, found, folder):
    begin, end = found.end(), closing(module.code, found.end() - 1)
    inner = blank(module.code[:begin]) + module.code[begin:end]
    name = found["name"]
    module.children[name] = read_module((*module.path, name), module.file, inner, folder / name, module)
    module.code = module.code[:begin] + blank(module.code[begin:end]) + module.code[end:]


def written_uses(code):
    for found in USE.finditer(code):
        line = line_of(code, found.start())
        yield from (Use(segments, line, alias) for segments, alias in leaves(found.group(1)))


def leaves(tree, before=()):
    """The paths of a `use`, each with the name by which the module knows it."""
    head, brace, rest = tree.partition("{")
    head, _, alias = head.partition(" as ")
    segments = before + tuple(part.strip() for part in head.split("::") if part.strip())
    if brace:
        for part in parts(rest.rstrip().removesuffix("}")):
            yield from leaves(part, segments)
    elif len(segments) > 1 and segments[-1] == "self":
        yield segments[:-1], alias.strip() or segments[-2]
    elif segments:
        yield segments, alias.strip() or segments[-1]


def paths(code):
    for found in PATH.finditer(USE.sub(lambda use: blank(use.group()), code)):
        yield Use(tuple(re.split(r"\s*::\s*", found.group())), line_of(code, found.start()))


def resolve(module, segments, seen=frozenset()):
    """The modules of this crate that define what a path names as a module sees it; none when it leads out."""
    first = segments[0]
    if first == "crate":
        return walk(module.root(), segments[1:], seen)
    if first in ("self", "super") or module.knows(first):
        return walk(module, segments, seen)
    return [found for glob in module.globs() for found in through_glob(module, glob, segments, seen)]


def walk(module, segments, seen):
    """The modules that define what is reached from this module by the segments."""
    if not segments or segments[0] == "*":
        return [module]
    name, rest = segments[0], segments[1:]
    if name in ("self", "super"):
        return walk(module.parent if name == "super" else module, rest, seen)
    if (module.path, name) in seen:
        return []
    seen = seen | {(module.path, name)}
    found = []
    if name in module.children:
        found += walk(module.children[name], rest, seen)
    if name in module.items:
        found.append(module)
    if not (found and rest):
        found += [target for use in module.imported(name) for target in resolve(module, use.segments + rest, seen)]
    if not module.knows(name):
        found += [target for glob in module.globs() for target in through_glob(module, glob, segments, seen)] or [module]
    return found


def through_glob(module, glob, segments, seen):
    key = (module.path, glob.segments)
    if key in seen:
        return []
    sources = resolve(module, glob.segments, seen | {key}) if glob.segments != ("*",) else []
    return [found for source in sources if source.knows(segments[0]) for found in walk(source, segments, seen | {key})]


def targets(module, use):
    """The modules that a use leads to; of a glob also those of each name that the module's code has."""
    yield from resolve(module, use.segments)
    if use.segments[-1] == "*":
        words = set(re.findall(r"\w+", module.code))
        for source in resolve(module, use.segments):
            for inner in source.uses:
                if inner.alias in words:
                    yield from resolve(source, inner.segments)
