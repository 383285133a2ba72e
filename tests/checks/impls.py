"""The `impl` blocks of a crate: which type each is for, and which methods it has."""

import re
from dataclasses import dataclass

from modules import Module, resolve
from source import closing, without_generics

IMPL = re.compile(r"(?m)^[ \t]*(?:unsafe\s+)?impl\b([^{;]*)\{")
METHOD = re.compile(r"\bfn\s+(\w+)|[{(\[]")


@dataclass
class Impl:
    """One block: the module it stands in, its type as (path of the defining module, name), where its body is."""

    module: Module
    owner: tuple
    is_inherent: bool
    begin: int
    end: int

    def methods(self):
        at = self.begin
        while found := METHOD.search(self.module.code, at, self.end):
            if found[1]:
                yield found[1]
            at = found.end() if found[1] else closing(self.module.code, found.start()) + 1


def impls(root):
    """Every block for a type of the crate itself."""
    for module in root.all():
        for found in IMPL.finditer(module.code):
            is_inherent, written = header(found[1])
            if owner := defined(module, written):
                begin = found.end()
                yield Impl(module, owner, is_inherent, begin, closing(module.code, begin - 1))


def header(text):
    """Whether no trait is implemented, and the type's path as it is written."""
    head = re.split(r"\bwhere\b", without_generics(text.strip()))[0]
    before, is_of_trait, after = head.partition(" for ")
    return not is_of_trait, (after if is_of_trait else before).strip()


def defined(module, written):
    found = re.match(r"\w+(?:::\w+)*", written)
    if not found:
        return None
    segments = tuple(found[0].split("::"))
    owners = resolve(module, segments)
    return (owners[0].path, segments[-1]) if owners else None
