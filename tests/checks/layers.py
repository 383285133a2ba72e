#!/usr/bin/env python3
"""Holds the shape of the workspace: dependencies point one way, files stay small.

Cargo itself only forbids cycles. This reads `cargo metadata` and the sources,
and fails with every arrow that points the wrong way (docs/ARCHITECTURE.md has
the picture) and every file of more than 300 lines of code.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = {path.parent.name for path in ROOT.glob("functions/*/Cargo.toml")}

# Which of our crates each crate may use outside its tests.
ROOMS = {"hubcast-model", "hubcast-membership", "hubcast-connection", "hubcast-delivery", "hubcast-backend"}
OURS = {
    "signalr-protocol": set(),
    "hubcast-model": {"signalr-protocol"},
    "hubcast-membership": {"hubcast-model"},
    "hubcast-connection": {"signalr-protocol", "hubcast-model", "hubcast-membership"},
    "hubcast-delivery": {"signalr-protocol", "hubcast-model", "hubcast-membership"},
    "hubcast-backend": {"signalr-protocol", "hubcast-model", "hubcast-membership"},
    "hubcast-auth": {"hubcast-model"},
    "hubcast-aws": {"hubcast-model"},
    "hubcast-wiring": {"hubcast-model", "hubcast-connection", "hubcast-delivery", "hubcast-backend", "hubcast-aws"},
    "hubcast-testkit": {"hubcast-model", "hubcast-auth"},
    "hubcast-cli": {"signalr-protocol", "hubcast-auth", "hubcast-aws", "hubcast-wiring"} | ROOMS,
    "hubcast-local": {"hubcast-auth", "hubcast-aws", "hubcast-wiring"} | ROOMS | FUNCTIONS,
    "hubcast-probe": {"hubcast-model", "hubcast-aws", "hubcast-wiring"},
    "hubcast-rules": set(),
    "hubcast-tests": set(),
} | {name: {"hubcast-auth", "hubcast-aws", "hubcast-wiring"} | ROOMS for name in FUNCTIONS}
# The body of a negotiation is protocol, and the two frame functions share one handler.
OURS["negotiate"] |= {"signalr-protocol"}
OURS["group-join"] |= {"message"}

# Which crates alone may use what from outside.
ONLY = {
    r"aws-sdk-.*|aws-config|aws-smithy-.*": {"hubcast-aws", "hubcast-local", "hubcast-probe", "hubcast-wiring"},
    r"lambda_runtime": {"hubcast-wiring"} | FUNCTIONS,
    r"aws_lambda_events": {"hubcast-testkit", "hubcast-local"} | FUNCTIONS,
    r"jsonwebtoken": {"hubcast-auth", "hubcast-local", "hubcast-testkit"},
    # hubcast-aws signs posts with it.
    r"aws-lc-rs": {"hubcast-auth", "hubcast-aws", "hubcast-local", "hubcast-testkit"},
    r"tokio": set(OURS) - {"signalr-protocol"},
}

# A function's library knows the rules and, where tokens are shown, the tokens; main.rs wires.
LIBRARY_USES = {name.replace("-", "_") for name in ROOMS}
LIBRARY_USES_AUTH = {"authorizer", "negotiate", "rest", "upstream"}

LINES_MAX = 300


def metadata():
    command = ["cargo", "metadata", "--format-version", "1", "--no-deps", "--offline", "--locked"]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)


def wrong_arrows(packages):
    names = {package["name"] for package in packages}
    for package in packages:
        name = package["name"]
        for dependency in package["dependencies"]:
            if dependency["kind"] is not None:
                continue
            other = dependency["name"]
            if other in names and other not in OURS.get(name, set()):
                yield f"{name} must not depend on {other}"
            for pattern, allowed in ONLY.items():
                if re.fullmatch(pattern, other) and name not in allowed:
                    yield f"{name} must not depend on {other}; only {', '.join(sorted(allowed))} may"


def wrong_libraries():
    for name in sorted(FUNCTIONS):
        allowed = LIBRARY_USES | ({"hubcast_auth"} if name in LIBRARY_USES_AUTH else set())
        for path in sorted((ROOT / "functions" / name / "src").glob("**/*.rs")):
            if path.name == "main.rs":
                continue
            for used in set(re.findall(r"\bhubcast_\w+", code_of(path))) - allowed:
                yield f"{path.relative_to(ROOT)} must not use {used}; main.rs wires"


def code_of(path):
    """The text of a file without the unit tests at its end."""
    return path.read_text().split("\n#[cfg(test)]\nmod tests {", 1)[0]


def long_files():
    for path in sorted(ROOT.glob("**/*.rs")):
        parts = path.relative_to(ROOT).parts
        # Tests may be longer: they are read one at a time.
        if {"target", "node_modules", ".venv", "tests"} & set(parts) or path.name == "tests.rs":
            continue
        lines = code_of(path).count("\n")
        if lines > LINES_MAX:
            yield f"{path.relative_to(ROOT)} has {lines} lines of code; {LINES_MAX} are the most"


def main():
    faults = [*wrong_arrows(metadata()["packages"]), *wrong_libraries(), *long_files()]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
