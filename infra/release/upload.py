#!/usr/bin/env python3
"""Puts the templates and the functions' zips of a release into a bucket of each region: upload.py BUCKET.

Each bucket is called BUCKET-REGION and must be readable by whoever launches the template.
"""

import subprocess
import sys

from launch import ARCHITECTURES, REGIONS
from release import OUT, ROOT, version_of


def main(bucket):
    version = version_of(ROOT / "Cargo.toml")
    for region in REGIONS:
        place = f"s3://{bucket}-{region}/{version}"
        for architecture in ARCHITECTURES:
            copy(OUT / f"functions-{architecture}", f"{place}/{architecture}/", region, "--recursive")
            copy(OUT / f"hubcast-{architecture}.yaml", f"{place}/hubcast-{architecture}.yaml", region)


def copy(source, target, region, *how):
    subprocess.run(["aws", "s3", "cp", str(source), target, "--region", region, "--no-progress", *how], check=True)


if __name__ == "__main__":
    main(sys.argv[1])
