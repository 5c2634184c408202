#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes a log, rotates and truncates it while the example follows: tail_log.py PROGRAM"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

from trial import check


class Follower:
    """The example, and what it has printed."""

    def __init__(self, program, log):
        self.process = subprocess.Popen([program, str(log)], stdout=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def prints(self, expected):
        """Blocks until as many bytes have come."""
        printed = self.process.stdout.read(len(expected))
        check(printed == expected, f"{printed[:200]!r} is {expected[:200]!r}")

    def ends(self):
        self.process.send_signal(signal.SIGINT)
        check(self.process.wait(60) == 0, "SIGINT ends it")
        rest = self.process.stdout.read()
        check(rest == b"", f"nothing was printed twice: {rest[:200]!r}")


def write(log, text):
    with open(log, "ab") as file:
        file.write(text)


def follow(program, folder):
    log = folder / "app.log"
    write(log, b"before\n")
    with Follower(program, log) as follower:
        follower.prints(b"before\n")
        write(log, b"appended, ")
        write(log, b"in parts\n")
        follower.prints(b"appended, in parts\n")
        for number in range(3):  # rotated, as logrotate does it
            write(log, b"last of %d\n" % number)
            os.rename(log, folder / f"app.log.{number}")
            write(log, b"first of %d\n" % (number + 1))
            follower.prints(b"last of %d\nfirst of %d\n" % (number, number + 1))
        write(folder / "other.log", b"not ours\n")
        os.rename(log, folder / "app.log.3")
        write(folder / "new", b"moved here\n")
        os.rename(folder / "new", log)
        follower.prints(b"moved here\n")
        big = b"".join(b"line %d\n" % number for number in range(100000))
        write(log, big)
        follower.prints(big)
        shutil.copy(log, folder / "copy")  # and truncated, as copytruncate does it
        os.truncate(log, 0)
        write(log, b"short\n")
        follower.prints(b"short\n")
        os.unlink(log)
        write(log, b"made anew\n")
        follower.prints(b"made anew\n")
        follower.ends()


def waits_for_its_log(program, folder):
    with Follower(program, folder / "later.log") as follower:
        write(folder / "later.log", b"here it is\n")
        follower.prints(b"here it is\n")
        follower.ends()


def main(program):
    with tempfile.TemporaryDirectory() as folder:
        follow(program, pathlib.Path(folder))
        waits_for_its_log(program, pathlib.Path(folder))
    for arguments in ([], ["/nonexistent/log"]):
        run = subprocess.run([program, *arguments], capture_output=True, timeout=60)
        check(run.returncode in (1, 2) and run.stderr.count(b"\n") == 1, f"it says why: {run}")


if __name__ == "__main__":
    main(*sys.argv[1:])
