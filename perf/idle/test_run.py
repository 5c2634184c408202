#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures idle connections in small, and looks at what is printed: test_run.py BUILD"""
import pathlib
import re
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
from serving.checks import check, output, refuses  # noqa: E402


def main(build):
    refuses(__file__, "--connections", "0")
    said = output(__file__, "--build", build, "--connections", 50, "--contestants", "coil", "epoll")
    check(said.startswith("50 idle connections, bytes each\n"), f"what it is: {said}")
    for name in ("coil", "epoll"):
        check(re.search(rf"^{name}(?: +-?\d+){{4}} +(?:\?|\d+(?: .*)?)$", said, re.M),
              f"a row of {name}: {said}")
    task = int(re.search(r"^coil +(\d+)", said, re.M)[1])
    check(task >= 4096, f"a task has a page at the least: {said}")


if __name__ == "__main__":
    main(*sys.argv[1:])
