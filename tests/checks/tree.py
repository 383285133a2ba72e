"""Small source trees on disk, for the tests of the checks."""

import tempfile
from pathlib import Path
from unittest import TestCase

from modules import read_crate


class TreeCase(TestCase):
    """A test that writes files into a folder of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.base = Path(folder.name)

    def write(self, files):
        """Writes each text under its path."""
        for name, text in files.items():
            path = self.base / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def crate(self, **files):
        """The module tree of a crate with these files: `a__b="text"` is a/b.rs, and lib.rs is `lib`."""
        self.write({f"{name.replace('__', '/')}.rs": text for name, text in files.items()})
        return read_crate(self.base / "lib.rs")
