# SPDX-License-Identifier: MIT
"""For the tests of the measuring programs: they run in small, and what they print is looked at.
Nothing is timed."""
import pathlib
import subprocess
import sys

NUMBER = r"\d+(?:\.\d+)?"
SPREAD = rf"{NUMBER} \({NUMBER}-{NUMBER}\)"
SKIP = 77


def check(condition, text):
    if not condition:
        sys.exit(f"not so: {text}")


def output(script, *arguments, status=0):
    """What the program beside a test prints; it skips the test when it skips itself."""
    program = pathlib.Path(script).resolve().parent / "run.py"
    done = subprocess.run([sys.executable, "-B", program, *map(str, arguments)],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300,
                          check=False)
    if done.returncode == SKIP:
        print(done.stdout.strip())
        sys.exit(SKIP)
    check(done.returncode == status, f"{arguments} end with {status}: {done}")
    return done.stdout if status == 0 else done.stderr


def refuses(script, *arguments):
    said = output(script, *arguments, status=2)
    check(said.count("\n") == 1, f"one line for {arguments}: {said}")
