#!/usr/bin/env python3
"""Writes the pages of the site to target/pages: the documents of docs/, and some that stand beside the code.

A link of a document is relative to the document's place in the repository. On the
site the link leads to the page of its target. Where the target is no page, such as
a folder of code, the text stays without the link; a target that does not exist is
a fault.
"""

import posixpath
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "target/pages"
DOCS = "docs/"
# Documents outside docs/, and their pages.
BESIDE = {
    "README.md": "index.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "SECURITY.md": "disclosure.md",
    "infra/dotnet/README.md": "infra/dotnet/README.md",
    "infra/testing/node/README.md": "infra/testing/node/README.md",
    "infra/testing/python/README.md": "infra/testing/python/README.md",
    "infra/web/client-js/README.md": "infra/web/client-js/README.md",
    "tests/stack/README.md": "tests/stack/README.md",
}
LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
# Blocks of code are left as they are: what looks like a link there is none.
BLOCK = re.compile(r"(^ *```.*?^ *```$)", re.MULTILINE | re.DOTALL)
SETTINGS = "infra/site/mkdocs.yml"
DRAWING = "infra/site/node_modules/mermaid/dist/mermaid.min.js"


def page_of(path):
    """The page of a document, if there is one."""
    if path in BESIDE:
        return BESIDE[path]
    if path.startswith(DOCS) and (ROOT / path).is_dir():
        path = posixpath.join(path, "README.md")
    is_page = path.startswith(DOCS) and path.endswith(".md") and (ROOT / path).is_file()
    return path.removeprefix(DOCS) if is_page else None


def relinked(found, source, faults):
    """A link of a document, as its page has it."""
    text, target = found.groups()
    if re.match(r"[a-z]+:|#", target):
        return found[0]
    path, _, anchor = target.partition("#")
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    if not (ROOT / path).exists():
        faults.append(f"{source}: there is no {path}")
    wanted = page_of(path)
    if wanted is None:
        return text
    way = posixpath.relpath(wanted, posixpath.dirname(page_of(source)) or ".")
    return f"[{text}]({way}{'#' + anchor if anchor else ''})"


def page(source, faults):
    parts = BLOCK.split((ROOT / source).read_text())
    relink = lambda found: relinked(found, source, faults)
    return "".join(part if index % 2 else LINK.sub(relink, part) for index, part in enumerate(parts))


def sources():
    yield from BESIDE
    for path in (ROOT / DOCS).rglob("*.md"):
        # An example may have packages installed, whose pages are not ours.
        if "node_modules" not in path.parts:
            yield str(path.relative_to(ROOT))


def main():
    shutil.rmtree(PAGES, ignore_errors=True)
    faults = []
    for source in sources():
        place = PAGES / page_of(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(page(source, faults))
    shutil.copy(ROOT / DRAWING, PAGES)
    shutil.copy(ROOT / SETTINGS, PAGES.parent)
    print(*faults, sep="\n", file=sys.stderr, end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
