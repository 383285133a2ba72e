#!/usr/bin/env python3
"""Prints the size of each function's zip, and fails when one is too large for a quick cold start.

    sizes.py target/lambda/*/bootstrap.zip
    sizes.py --any target/lambda/*/bootstrap.zip     for a try-out: prints only

Lambda fetches and unpacks the zip at each cold start. ADR 136 says what keeps the zips small.
"""

import sys
from pathlib import Path

ZIP_MAX_BYTES = 4_000_000
ADVICE = "see docs/adr/0136-functions-are-built-for-size.md for what keeps them small"


def sizes(paths):
    """Bytes by the name of the function, which is the name of the folder."""
    return {Path(path).parent.name: Path(path).stat().st_size for path in paths}


def complaint(found):
    """What is wrong with these sizes; empty when nothing is."""
    large = sorted(name for name, size in found.items() if size > ZIP_MAX_BYTES)
    if not large:
        return ""
    told = ", ".join(f"{name} has {found[name]:,}" for name in large)
    return f"a function's zip may have {ZIP_MAX_BYTES:,} bytes, and {told}: {ADVICE}"


def main(arguments):
    found = sizes(argument for argument in arguments if argument != "--any")
    for name, size in found.items():
        print(f"{name:<12} zip {size:9} bytes")
    if "--any" not in arguments and complaint(found):
        sys.exit(complaint(found))


if __name__ == "__main__":
    main(sys.argv[1:])
