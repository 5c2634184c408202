#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures the HTTP servers in small, and looks at what is printed: test_run.py BUILD"""
import pathlib
import re
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
from serving.checks import SPREAD, check, output, refuses  # noqa: E402


def main(build):
    refuses(__file__, "--seconds", "x")
    said = output(__file__, "--build", build, "--rounds", 2, "--seconds", 1, "--connections", 4)
    for name in ("coil", "nginx", "nginx-copies", "coil / nginx", "coil / nginx-copies"):
        check(len(re.findall(rf"^{name} +{SPREAD} +{SPREAD}$", said, re.M)) == 1,
              f"a row of {name}: {said}")


if __name__ == "__main__":
    main(*sys.argv[1:])
