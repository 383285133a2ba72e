"""Which modules of a crate use which, and the circles among them.

A module uses another one by a `use`, by a path in its code, or by a call of a
method that the other one adds to the same type. Uses are lifted to where the
paths of the two part: when `a::x` uses `b::y`, then `a` uses `b`. A module and
those within it may use each other. Tests do not count.
"""

import re
from collections import defaultdict, deque

from impls import impls
from modules import resolve
from source import line_of

CALL = re.compile(r"(?:\bself\s*\.\s*|\bSelf\s*::\s*)(\w+)\s*\(")


def uses(root):
    """Each use in the crate: the module that uses, the path of the used one, the line, and what it names there."""
    for module in root.all():
        for use in module.uses:
            for target in targets(module, use):
                yield module, target.path, use.line, "::".join(use.segments)
    yield from calls(root)


def targets(module, use):
    """The modules that a use leads to; of a glob also those of each name that the module's code has."""
    found = resolve(module, use.segments)
    yield from found
    if use.segments[-1] == "*":
        words = set(re.findall(r"\w+", module.code))
        for source in found:
            for inner in source.uses:
                if inner.alias in words:
                    yield from resolve(source, inner.segments)


def calls(root):
    """The calls from one block of a type to another block's methods."""
    blocks = [block for block in impls(root) if block.is_inherent]
    homes = {(block.owner, name): block.module.path for block in blocks for name in block.methods()}
    for block in impls(root):
        for call in CALL.finditer(block.module.code, block.begin, block.end):
            if home := homes.get((block.owner, call[1])):
                yield block.module, home, line_of(block.module.code, call.start()), f"the method {call[1]}"


def graphs(root):
    """Parent path to what each of its modules uses of the others, with the first place of each use."""
    found = defaultdict(lambda: defaultdict(dict))
    for module, target, line, named in uses(root):
        shared = common(module.path, target)
        if shared < min(len(module.path), len(target)):
            one, other = module.path[: shared + 1], target[: shared + 1]
            found[module.path[:shared]][one].setdefault(other, (module.file, line, named))
    return found


def common(one, other):
    """How many segments two paths begin with alike."""
    return next((at for at, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))


def knots(graph):
    """The sets of modules of which each reaches every other, largest first."""
    reach = {node: reached(graph, node) for node in graph}
    tied = {frozenset(other for other in reach[node] if node in reach.get(other, ())) for node in graph}
    return sorted((knot for knot in tied if knot), key=lambda knot: (-len(knot), sorted(knot)))


def reached(graph, start):
    seen, left = set(), [start]
    while left:
        new = set(graph.get(left.pop(), ())) - seen
        seen |= new
        left += new
    return seen


def shortest_circle(graph, knot):
    """The nodes of a shortest way round within a knot, the first one again at the end."""
    return min((way_round(graph, node) for node in sorted(knot)), key=len)


def way_round(graph, start):
    """A shortest way from a node of a knot back to itself."""
    left, seen = deque([(start,)]), set()
    while left:
        way = left.popleft()
        for node in sorted(graph.get(way[-1], ())):
            if node == start:
                return (*way, start)
            if node not in seen:
                seen.add(node)
                left.append((*way, node))
    return ()


def circles(name, root, base):
    """A text for each knot of modules of the crate of this name: a circle in it, and where each step stands."""
    for _, graph in sorted(graphs(root).items()):
        for knot in knots(graph):
            way = shortest_circle(graph, knot)
            tied = f" (one circle of a knot of {len(knot)} modules)" if len(knot) > len(way) - 1 else ""
            round_trip = " -> ".join("::".join(node) for node in way)
            steps = [step(graph[one][other], one, other, base) for one, other in zip(way, way[1:])]
            yield "\n".join([f"{name} has a circle of modules: {round_trip}{tied}", *steps])


def step(place, one, other, base):
    file, line, named = place
    return f"  {'::'.join(one)} -> {'::'.join(other)}: {file.relative_to(base)}:{line} names {named}"


def largest_knot(root):
    """How many modules the largest circle of the crate ties together; 1 when there is none."""
    return max((len(knot) for graph in graphs(root).values() for knot in knots(graph)), default=1)
