"""Parameters that are tuples: a list of parameters in disguise, without the names that a struct would give.

A closure's are not looked at, since iterators hand tuples out. A reference to a tuple is a tuple here.
"""

import re

from source import closing, line_of, parts

FUNCTION = re.compile(r"\bfn\s+(\w+)\s*(?=[<(])")
ALIAS = re.compile(r"\btype\s+(\w+)[^=;]*=\s*&?\s*\(\s*[^\s)]")
TUPLE = re.compile(r"&?\s*(?:'\w+\s+)?(?:mut\s+)?\(")


def tuples(code):
    """The function's name, the parameter and its line, for each parameter that is a tuple."""
    for found in FUNCTION.finditer(code):
        begin = parameters_begin(code, found.end())
        for parameter in parts(code[begin + 1 : closing(code, begin)]):
            if is_tuple(parameter):
                line = line_of(code, code.index(parameter, begin))
                yield found[1], " ".join(parameter.split()), line


def parameters_begin(code, at):
    """The place of the bracket that opens the parameters, behind the generics."""
    depth = 0
    while code[at] != "(" or depth:
        depth += {"<": 1, ">": -(code[at - 1] not in "-=")}.get(code[at], 0)
        at += 1
    return at


def is_tuple(parameter):
    """Whether a parameter is taken apart as a tuple, or its type is one of several parts."""
    if parameter.startswith("("):
        return True
    written = parameter.partition(":")[2].strip()
    found = TUPLE.match(written)
    return bool(found) and len(list(parts(written[found.end() :].removesuffix(")")))) > 1


def refusals(root, base):
    """A text for each tuple among the parameters of a crate's functions, and for each name of a tuple type."""
    for module in root.all():
        for found in ALIAS.finditer(module.code):
            yield f"{module.file.relative_to(base)}:{line_of(module.code, found.start())}: {found[1]} names a tuple: write a struct"
        for function, parameter, line in tuples(module.code):
            yield (
                f"{module.file.relative_to(base)}:{line}: {function} takes the tuple `{parameter}`: "
                "name its parts by a struct, or take fewer parameters"
            )
