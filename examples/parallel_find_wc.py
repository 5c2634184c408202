#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts a tree with the example, and with find and wc: parallel_find_wc.py PROGRAM"""

import os
import pathlib
import subprocess
import sys
import tempfile

from trial import check


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


def grow(folder, depth):
    """Folders in folders, files of all sizes, and what is no file."""
    for number in range(8):
        text = "".join(f"word{i}\t{'x' * (i % 7)} \n" for i in range(number ** 3))
        (folder / f"file {number}").write_text(text + "no newline at the end" * (number % 2))
    (folder / "bytes").write_bytes(bytes(range(256)) * 600)
    os.symlink("file 3", folder / "link")
    os.symlink(folder, folder / "loop")
    os.mkfifo(folder / "pipe")
    if depth:
        for number in range(4):
            inner = folder / f"folder{number}"
            inner.mkdir()
            grow(inner, depth - 1)


def expected(folder):
    files = subprocess.run(["find", folder, "-type", "f", "-print0"], capture_output=True,
                           check=True).stdout
    total = subprocess.run(["wc", "--files0-from=-"], input=files, capture_output=True, check=True,
                           env={**os.environ, "LC_ALL": "C"}).stdout.decode().splitlines()[-1]
    lines, words, size, _ = total.split()
    return f"{files.count(bytes(1))} files, {lines} lines, {words} words, {size} bytes\n"


def main(program):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        grow(folder, 3)
        counted = run(program, name)
        check(counted.returncode == 0 and not counted.stderr, f"it passes: {counted}")
        check(counted.stdout == expected(name), f"{counted.stdout!r} is {expected(name)!r}")
        twice = run(program, str(folder / "folder0"), str(folder / "folder1"), str(folder / "link"))
        both = run(program, str(folder / "folder0")).stdout.split()[0]
        check(twice.stdout.split()[0] == str(2 * int(both)), "two paths are counted together")
        absent = run(program, name, str(folder / "absent"))
        check(absent.returncode == 1 and absent.stdout == counted.stdout and
              absent.stderr.count("\n") == 1, f"what is not there has a line: {absent}")
    check(run(program).returncode == 2, "it needs a path")


if __name__ == "__main__":
    main(*sys.argv[1:])
