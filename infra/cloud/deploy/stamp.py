#!/usr/bin/env python3
"""Writes a release stamp into a template that `sam build` made.

SAM decides by a hash of a function's properties, before parameters are filled in, whether a
deployment publishes a new version. Without a text that differs, a changed parameter publishes
none, and the alias keeps the old environment. With a changed text outside a version's own
configuration, Lambda refuses to publish a version that would be the same. The stamp stands in
the environment of each function and differs with each build, so it prevents both.

    stamp.py .aws-sam/build/template.yaml
"""

import re
import secrets
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

# As template.yaml has it, and as an earlier run may have left it.
PLACE = re.compile(r"^(\s*RELEASE:\s*)(\S+)[ \t]*$", re.MULTILINE)


class NoPlace(Exception):
    """The template has no line for the stamp."""


def revision():
    """The commit that is built; `source` where there is none."""
    command = ["git", "describe", "--always", "--dirty", "--exclude", "*"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent)
    return answer.stdout.strip() or "source"


def release():
    """A stamp that no other build has: the time, chance, and the commit for who reads it."""
    now = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    return f"{now}-{secrets.token_hex(3)}-{revision()}"


def stamped(template, stamp):
    """The template's text with the stamp in every function."""
    text, places = PLACE.subn(lambda found: f"{found.group(1)}{stamp}", template)
    if places == 0:
        raise NoPlace("no line `RELEASE: ..` in the template, so a changed parameter would have no effect")
    return text


def stamp_file(path, stamp):
    path.write_text(stamped(path.read_text(), stamp))
    return stamp


if __name__ == "__main__":
    print(stamp_file(Path(sys.argv[1]), release()))
