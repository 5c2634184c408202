#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads a small file, and looks at what is printed: test_run.py BUILD"""
import pathlib
import re
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
from serving.checks import SPREAD, check, output, refuses  # noqa: E402


def main(build):
    refuses(__file__, "--depth", "0")
    with tempfile.TemporaryDirectory(dir=build) as folder:  # on a disk, as the build is
        file = pathlib.Path(folder) / "file"
        said = output(__file__, "--build", build, "--file", file, "--size", 1 << 20, "--depth", 4,
                      "--rounds", 1, "--seconds", 1)
        check(file.stat().st_size == 1 << 20, "the file is as long as it was told")
        missing = output(__file__, "--build", folder, "--file", file.parent / "none", status=1)
        check(missing.count("\n") == 1 and "build it" in missing,
              f"one line where nothing was built: {missing}")
        check(not (file.parent / "none").exists(), "and no file")
    check(said.startswith("1 rounds of 1 s, 4 reads in flight"), f"what it is: {said}")
    check(re.search(rf"^coil +{SPREAD} +{SPREAD} *$", said, re.M), f"a row of coil: {said}")
    for name in ("fio", "fio, batches"):
        check(re.search(rf"^{name} +{SPREAD} +{SPREAD} +{SPREAD}$", said, re.M),
              f"a row of {name}: {said}")


if __name__ == "__main__":
    main(*sys.argv[1:])
