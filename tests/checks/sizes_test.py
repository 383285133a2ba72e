"""No function's zip of a release is larger than it may be."""

import contextlib
import io
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "infra" / "release"))

import sizes  # noqa: E402


class Sizes(unittest.TestCase):
    def zips(self, **sizes_of):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for name, size in sizes_of.items():
            (Path(folder.name) / name).mkdir()
            with (Path(folder.name) / name / "bootstrap.zip").open("wb") as file:
                file.truncate(size)
        return [str(path) for path in sorted(Path(folder.name).glob("*/bootstrap.zip"))]

    def told(self, *arguments):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            sizes.main(arguments)
        return out.getvalue()

    def test_each_size_is_told(self):
        told = self.told(*self.zips(connect=1234, rest=sizes.ZIP_MAX_BYTES))
        self.assertEqual([line.split() for line in told.splitlines()][0], ["connect", "zip", "1234", "bytes"])
        self.assertEqual(len(told.splitlines()), 2)

    def test_a_zip_that_is_too_large_fails_by_its_name(self):
        with self.assertRaises(SystemExit) as refused:
            self.told(*self.zips(connect=1234, rest=sizes.ZIP_MAX_BYTES + 1))
        self.assertIn("rest has 4,000,001", str(refused.exception))
        self.assertNotIn("connect", str(refused.exception))

    def test_a_try_out_may_be_large(self):
        self.assertIn("rest", self.told("--any", *self.zips(rest=2 * sizes.ZIP_MAX_BYTES)))

    def test_the_page_that_the_message_names_is_there(self):
        page = next(word for word in sizes.ADVICE.split() if word.startswith("docs/"))
        self.assertTrue((ROOT / page).is_file(), page)

    def test_the_verb_that_builds_for_lambda_looks_at_the_sizes(self):
        recipe = (ROOT / "Makefile").read_text().split("\nbuild: ")[1].split("\n\n")[0]
        self.assertRegex(recipe, r"python3 infra/release/sizes.py \$\(if \$\(filter-out release,\$\(PROFILE\)\),--any\)")


if __name__ == "__main__":
    unittest.main()
