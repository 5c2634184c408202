#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Has the supervisor keep some shells running, and ends it: supervisor.py PROGRAM"""

import os
import re
import signal
import subprocess
import sys

from trial import check, refuses

BAD = ([], ["1"], ["x", "true"], ["-1", "true"], ["", "true"], ["1x", "true"], ["nan", "true"])
DIES = "exit 3"
LIVES = "exec sleep 1000"
STUBBORN = "trap '' TERM; echo deaf; exec sleep 1000"


def is_there(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class Talk:
    """The lines that it prints, in order."""

    def __init__(self, file):
        self.file = file
        self.lines = []

    def until(self, done):
        while not done(self.lines):
            line = self.file.readline()
            check(line, f"it says more than {self.lines}")
            self.lines.append(line.rstrip("\n"))

    def pids(self, command):
        return [int(line.rsplit(" ", 1)[1]) for line in self.lines
                if line.startswith(f"{command}: started, pid ")]


def kept(program):
    with subprocess.Popen([program, "0.2", LIVES, DIES, STUBBORN], stdout=subprocess.PIPE,
                          text=True) as process:
        try:
            talk = Talk(process.stdout)
            # One that dies is started again, later each time; one that is killed, too.
            talk.until(lambda lines: len(talk.pids(DIES)) == 3 and "deaf" in lines)
            pauses = [line for line in talk.lines if re.fullmatch(rf"{DIES}: again in .*", line)]
            check(pauses[:2] == [f"{DIES}: again in 0.1 s", f"{DIES}: again in 0.2 s"], pauses)
            check(talk.lines.count(f"{DIES}: exited with 3") >= 2, talk.lines)
            check(len(talk.pids(LIVES)) == 1, "one that lives is left alone")
            os.kill(talk.pids(LIVES)[0], signal.SIGKILL)
            talk.until(lambda lines: len(talk.pids(LIVES)) == 2)
            check(f"{LIVES}: killed by signal 9" in talk.lines, talk.lines)
            # The end: the last one first, and twice told is as good as once.
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGINT)
            talk.until(lambda lines: any("stopped" in line for line in lines[-1:])
                       and lines[-1].startswith(LIVES))
            stopped = [line for line in talk.lines if "stopped" in line]
            stopped = [line for line in stopped if not line.startswith(DIES)]
            check(stopped == [f"{STUBBORN}: stopped (-9)", f"{LIVES}: stopped (-15)"], stopped)
            check(process.wait(60) == 0, "it ends well")
            check(not any(map(is_there, talk.pids(LIVES) + talk.pids(STUBBORN))), "all are gone")
        finally:
            process.kill()


def main(program):
    refuses(program, BAD)
    kept(program)


if __name__ == "__main__":
    main(*sys.argv[1:])
