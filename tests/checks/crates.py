"""The crates of the workspace, inner to outer, and what each may use. docs/ARCHITECTURE.md shows these tables.

A new crate is one line in CRATES. After a change: `python3 tests/checks/layers.py --write`.
"""

import json
import re
import subprocess
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from source import code_of


@dataclass(frozen=True)
class Crate:
    """A folder, or a pattern of folders, and the folders of those that it may use, each of a line above.

    `wired` are those that only wiring.rs and main.rs may name. Several lines may match one folder: it may use what any of them says.
    """

    folder: str
    uses: str = ""
    wired: str = ""
    what: str = ""


CRATES = [
    Crate("shared/protocol", what="the codec: no runtime, no clock, no AWS"),
    Crate("shared/model", "shared/protocol", what="the words, what an envelope says, the ports: no SDK, no Lambda, no JWT"),
    Crate("shared/line", "shared/protocol shared/model", what="connections that outlive their sockets"),
    Crate("shared/membership", "shared/model shared/line", what="who is in which channel"),
    Crate("shared/connection", "shared/protocol shared/model shared/line shared/membership", what="sockets come, send frames and go"),
    Crate("shared/delivery", "shared/protocol shared/model shared/membership", what="notifications to sockets"),
    Crate("shared/backend", "shared/protocol shared/model shared/membership", what="what backends ask for and are told"),
    Crate("shared/client", "shared/protocol shared/model", what="a SignalR client, for programs of hubcast"),
    Crate("shared/auth", "shared/model", what="tokens and keys"),
    Crate("shared/aws", "shared/model shared/line", what="adapters of AWS for the ports"),
    Crate(
        "shared/wiring",
        "shared/model shared/line shared/connection shared/delivery shared/backend shared/aws",
        what="what the start of all functions has in common: variables, SDK, logs, metrics",
    ),
    Crate("shared/testkit", "shared/model shared/line shared/auth", what="ports in memory and what they promise: for tests only"),
    Crate("functions/*", "shared/model", wired="shared/membership shared/aws shared/wiring", what="one function each"),
    Crate("functions/authorizer", "shared/auth"),
    Crate("functions/canary", "shared/client shared/auth shared/protocol"),
    Crate("functions/connect", "shared/connection"),
    Crate("functions/disconnect", "shared/membership"),
    Crate("functions/message", "shared/protocol shared/connection"),
    Crate("functions/group-join", "functions/message"),
    Crate("functions/negotiate", "shared/protocol shared/connection shared/auth"),
    Crate("functions/publisher", "shared/line shared/membership shared/delivery"),
    Crate("functions/rest", "shared/backend shared/auth"),
    Crate("functions/upstream", "shared/backend shared/auth"),
    Crate("infra/programs/cli", "shared/protocol shared/model shared/membership shared/delivery shared/backend shared/client shared/auth shared/aws shared/wiring", what="the command line"),
    Crate(
        "infra/programs/local",
        "shared/model shared/aws shared/wiring functions/*",
        what="the local stack: for tests and laptops",
    ),
    Crate("tests", what="tests and benches of the whole; only dependencies for development"),
    Crate("tests/rules", what="the rules of all rooms together, over ports in memory; likewise"),
]

# The files of a function that may name adapters.
WIRING = {"main.rs", "wiring.rs"}

# What alone may use these crates from outside; tests aside.
ONLY = {
    "aws-sdk-* aws-config aws-runtime aws-smithy-* aws-types": "shared/aws shared/wiring infra/programs/local",
    "lambda_runtime": "shared/wiring functions/*",
    "aws_lambda_events": "shared/testkit functions/* infra/programs/local",
    "jsonwebtoken": "shared/auth shared/testkit infra/programs/local",
    "aws-lc-rs": "shared/auth shared/aws shared/testkit infra/programs/local",
}
# What must never use these crates from outside.
NEVER = {
    "tokio": "shared/protocol",
}


def matches(name, patterns):
    return any(fnmatch(name, pattern) for pattern in patterns.split())


@dataclass(frozen=True)
class Package:
    """A crate as Cargo knows it: its folder, its name, the names it depends on outside its tests, its roots."""

    folder: str
    name: str
    needs: frozenset
    roots: tuple

    def ident(self):
        return self.name.replace("-", "_")


def packages(base):
    """The packages of the workspace at `base`, by folder."""
    command = ["cargo", "metadata", "--format-version", "1", "--no-deps", "--offline", "--locked"]
    found = json.loads(subprocess.run(command, cwd=base, check=True, capture_output=True).stdout)["packages"]
    return [package(base, each) for each in sorted(found, key=lambda each: each["manifest_path"])]


def package(base, found):
    return Package(
        folder=str(Path(found["manifest_path"]).parent.relative_to(base)),
        name=found["name"],
        needs=frozenset(each["name"] for each in found["dependencies"] if each["kind"] is None),
        roots=tuple(Path(each["src_path"]) for each in found["targets"] if {"lib", "bin"} & set(each["kind"])),
    )


def allowed(folder, crates):
    """The patterns of all folders that a folder may use."""
    return " ".join(f"{each.uses} {each.wired}" for each in crates if fnmatch(folder, each.folder))


def wrong_arrows(found, crates=None):
    """A text for each dependency between ours that no line allows."""
    crates = CRATES if crates is None else crates
    folders = {each.name: each.folder for each in found}
    for each in found:
        if not any(fnmatch(each.folder, line.folder) for line in crates):
            yield f"{each.folder} has no line in CRATES of tests/checks/crates.py"
            continue
        for other in sorted(folders[name] for name in each.needs if name in folders):
            if not matches(other, allowed(each.folder, crates)):
                yield f"{each.folder} must not depend on {other}"


def wrong_outsiders(found):
    """A text for each dependency from outside that a crate must not have."""
    for each in found:
        for name in sorted(each.needs):
            for patterns, folders in ONLY.items():
                if matches(name, patterns) and not matches(each.folder, folders):
                    yield f"{each.folder} must not depend on {name}; only {', '.join(folders.split())} may"
            for patterns, folders in NEVER.items():
                if matches(name, patterns) and matches(each.folder, folders):
                    yield f"{each.folder} must not depend on {name}"


def wrong_lines(found, crates=None):
    """A text for each line of the table that is not so: no such crate, an arrow nobody uses, or one that points down."""
    crates = CRATES if crates is None else crates
    folders = {each.name: each.folder for each in found}
    for at, line in enumerate(crates):
        of_line = [each for each in found if fnmatch(each.folder, line.folder)]
        if not of_line:
            yield f"CRATES has a line for {line.folder}, and there is no such crate"
        needed = {folders[name] for each in of_line for name in each.needs if name in folders}
        for pattern in f"{line.uses} {line.wired}".split():
            if of_line and not any(fnmatch(folder, pattern) for folder in needed):
                yield f"CRATES lets {line.folder} use {pattern}, which it does not"
            if not any(fnmatch(pattern, above.folder) for above in crates[:at]):
                yield f"CRATES lets {line.folder} use {pattern}, which has no line above"


def wrong_libraries(found, base, crates=None):
    """A text for each file that names what only the wiring and main.rs may."""
    crates = CRATES if crates is None else crates
    for each in found:
        lines = [line for line in crates if fnmatch(each.folder, line.folder)]
        wired, uses = (" ".join(texts) for texts in zip(*((line.wired, line.uses) for line in lines)))
        names = {other.ident() for other in found if matches(other.folder, wired) and not matches(other.folder, uses)}
        for path in sorted((base / each.folder / "src").glob("**/*.rs")):
            for name in sorted(names & set(re.findall(r"\w+", code_of(path)))) if path.name not in WIRING else ():
                yield f"{path.relative_to(base)} must not use {name}; wiring.rs wires"
