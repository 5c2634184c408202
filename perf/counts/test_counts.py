#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""That a changed count is noticed, and that every work runs: test_counts.py PROGRAM"""

import contextlib
import io
import pathlib
import subprocess
import sys
import tempfile

import counts


def check(condition, text):
    if not condition:
        sys.exit(f"not so: {text}")


def run(arguments, path):
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        status = counts.main(arguments, path)
    return status, said.getvalue()


def test_program(program):
    done = subprocess.run([program, "7"], capture_output=True, text=True, check=False)
    check(done.returncode == 0 and not done.stderr, f"each work runs: {done}")
    names = done.stdout.split()
    check(len(names) == len(set(names)), f"each has a name of its own: {names}")
    recorded = list(counts.read(counts.EXPECTED)[1])
    check(names == recorded, f"expected.tsv has a row for each: {names} {recorded}")
    for arguments in ([], ["0"], ["x"], ["1", "2"]):
        done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
        check(done.returncode == 2 and "usage" in done.stderr, f"{arguments}: {done}")


def test_dump(_):
    check(counts.read_dump("desc: Trigger: Client Request: yield\nsummary: 120\n") ==
          ("yield", 120), "a dump that was asked for")
    check(counts.read_dump("desc: Trigger: Program termination\nsummary: 5\n") is None,
          "the last one was not")


def test_verdict(_):
    for expected, count, word in ((100, 100, ""), (100, 101, ""), (100, 99, ""), (10, 11, ""),
                                  (100, 101.1, "SLOWER"), (100, 98.9, "faster"),
                                  (1000, 1010, ""), (1000, 1011, "SLOWER"), (None, 1, "new"),
                                  (1, None, "gone")):
        check(counts.verdict(expected, count) == word, f"{expected} {count}: {word}")


def test_commands(program):
    now = {"yield": 100.0, "switch": 10.0}
    saved, counts.measure = counts.measure, lambda _: now
    saved_which, counts.shutil.which = counts.shutil.which, lambda _: "/there"
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "expected.tsv"
        check(run([program, "--renew"], path)[0] == 0, "it is written")
        check(counts.read(path) == (counts.about(program), now), "and read")
        status, said = run([program], path)
        check(status == 0 and "SLOWER" not in said, f"nothing has changed: {said}")
        now["yield"] = 120.0
        status, said = run([program], path)
        check(status == 1 and said.count("SLOWER") == 1, f"a slow-down fails: {said}")
        status, said = run([program, "--print"], path)
        check(status == 0 and "120.0" in said, f"only measured: {said}")
        counts.write(path, "another compiler", now)
        status, said = run([program], path)
        check(status == counts.SKIP and said.startswith("skipped: ") and "another" in said, said)
    counts.measure, counts.shutil.which = saved, saved_which


def main(program):
    for name, test in sorted(globals().items()):
        if name.startswith("test_"):
            test(program)


if __name__ == "__main__":
    main(*sys.argv[1:])
