"""SHA256SUMS, as `sha256sum --check` reads it."""

import hashlib

NAME = "SHA256SUMS"


def write_sums(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != NAME)
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}" for path in files]
    (folder / NAME).write_text("\n".join([*lines, ""]))
