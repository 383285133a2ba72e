"""Figures of the tree's shape, to be compared before and after a change of it.

For each crate: modules, the largest circle of modules, lines, the type with the
most methods, the longest bound, parameters that are tuples.
"""

import re
from collections import Counter, defaultdict

from circles import largest_knot
from impls import impls
from modules import read_crate
from signatures import tuples
from source import lines_of, parts

TRAIT = re.compile(r"\btrait\s+(\w+)(?:<[^{;]*>)?\s*(?::([^{;]*))?(?=[{;]|\bwhere\b)")
JOINED = re.compile(r"(?:[:+=]|\bimpl\b|\bdyn\b)\s*([\w:]+(?:<[^;{}()]*>)?(?:\s*\+\s*[\w:'?]+(?:<[^;{}()]*>)?)*)")
COLUMNS = ["crate", "modules", "largest circle", "lines", "most methods", "longest bound", "tuples"]


def crates(found):
    """Each package with the module trees of its library and its programs."""
    return {each.folder: [read_crate(root) for root in each.roots] for each in found}


def traits(trees):
    """Our traits: name to the names of its supertraits that are ours."""
    written = {}
    for root in trees:
        for module in root.all():
            written |= {found[1]: found[2] or "" for found in TRAIT.finditer(module.code)}
    return {name: set(re.findall(r"\w+", supers)) & set(written) for name, supers in written.items()}


def reached(names, supers):
    """The traits, and all that are reached from them through supertraits."""
    found, left = set(), list(names)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += supers.get(name, ())
    return found


def longest_bound(trees, supers):
    """Of the bound that reaches the most of our traits: how many it names, and how many it reaches."""
    bounds = [
        {part.split("<")[0].split("::")[-1] for part in parts(found[1], "+")} & set(supers)
        for root in trees
        for module in root.all()
        for found in JOINED.finditer(module.code)
    ]
    longest = max(bounds, key=lambda names: (len(reached(names, supers)), len(names)), default=set())
    return len(longest), len(reached(longest, supers))


def most_methods(trees):
    """The type with the most methods of its own, how many those are, and in how many files they stand."""
    methods, homes = Counter(), defaultdict(set)
    for block in (block for root in trees for block in impls(root) if block.is_inherent):
        methods[block.owner] += len(list(block.methods()))
        homes[block.owner].add(block.module.path)
    if not methods:
        return "0"
    (owner, count), *_ = methods.most_common(1)
    return f"{count} in {len(homes[owner])} files ({owner[1]})"


def row(folder, trees, supers):
    modules = [module for root in trees for module in root.all()]
    named, all_reached = longest_bound(trees, supers)
    return [
        folder,
        len(modules),
        max(map(largest_knot, trees), default=1),
        sum(lines_of(file) for file in {module.file for module in modules}),
        most_methods(trees),
        f"{named}, reaching {all_reached}",
        sum(1 for module in modules for _ in tuples(module.code)),
    ]


def table(found):
    """The lines of a table with a row for each crate."""
    trees = crates(found)
    supers = traits([root for roots in trees.values() for root in roots])
    yield from (f"| {' | '.join(map(str, cells))} |" for cells in [COLUMNS, ["---"] * len(COLUMNS)])
    for folder, roots in trees.items():
        yield f"| {' | '.join(map(str, row(folder, roots, supers)))} |"
