# SPDX-License-Identifier: MIT
"""What the tests of the programs in this folder have in common."""

import contextlib
import re
import subprocess
import sys


def check(condition, text):
    if not condition:
        sys.exit(f"not so: {text}")


def refuses(program, bad):
    """Each of these arguments gives one line and 2."""
    for arguments in bad:
        run = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60)
        check(run.returncode == 2 and not run.stdout and run.stderr.count("\n") == 1,
              f"{arguments} gives one line and 2: {run}")


@contextlib.contextmanager
def serving(program, *arguments, **options):
    """A server, and the port on which it listens; it is there until the end."""
    with subprocess.Popen([program, *arguments], stdout=subprocess.PIPE, text=True,
                          **options) as server:
        try:
            line = server.stdout.readline()
            match = re.fullmatch(r"listening on 127\.0\.0\.1:(\d+)\n", line)
            check(match, f"it says where it listens: {line!r}")
            yield server, int(match[1])
            check(server.poll() is None, "it is still there")
        finally:
            server.terminate()
