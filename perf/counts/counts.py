#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How many instructions of user space coil's primitives take, held against expected.tsv.

    perf/counts/counts.py PROGRAM            compare; 1: a count has changed, 77: not comparable
    perf/counts/counts.py PROGRAM --renew    write what is measured into expected.tsv
    perf/counts/counts.py PROGRAM --print    only measure: with any compiler, on any machine

PROGRAM is perf/counts/counts of a release build. The counts depend on the compiler, its version,
the machine and what was built in, which the first line of expected.tsv names: only with the same
can they be compared. They do not depend on how busy the machine is. A count that has fallen is
renewed like one that was allowed to rise, so that the next rise is seen.
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TIMES = 10000
SKIP = 77
EXPECTED = pathlib.Path(__file__).with_name("expected.tsv")
# What a change may cost unseen: an instruction where there are few, 1 % where there are many.
SMALL, SHARE = 1.0, 0.01


class Failed(Exception):
    """What went wrong, in one line."""


def about(program):
    done = subprocess.run([program, "--about"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{program} --about: {done.stderr.strip()}")
    return done.stdout.strip()


def read_dump(text):
    """(name, instructions) of one dump of callgrind's; None: not one that the program asked for."""
    trigger = re.search(r"^desc: Trigger: Client Request: (.*)$", text, re.M)
    total = re.search(r"^summary: (\d+)$", text, re.M)
    return (trigger[1], int(total[1])) if trigger and total else None


def measure(program):
    """Instructions of each work, in the order in which they run."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", program,
             str(TIMES)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failed(f"{program}: {done.stderr.strip().splitlines()[-1]}")
        found = dict(filter(None, (read_dump(path.read_text(encoding="utf-8"))
                                   for path in pathlib.Path(folder).iterdir())))
    names = done.stdout.split()
    if set(names) != set(found):
        raise Failed(f"no count of {', '.join(set(names) ^ set(found))}")
    return {name: found[name] / TIMES for name in names}


def write(path, what, counts):
    lines = [f"# {what}\n", "# Written by perf/counts/counts.py --renew: instructions of one.\n"]
    lines += [f"{name}\t{count:.1f}\n" for name, count in counts.items()]
    path.write_text("".join(lines), encoding="utf-8")


def read(path):
    """(what they were counted with, counts)"""
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return lines[0][2:], {name: float(count) for name, count in rows}


def verdict(expected, count):
    """What is wrong with a count, or nothing; None: it is no more, or it is new."""
    if expected is None:
        return "new"
    if count is None:
        return "gone"
    if abs(count - expected) <= max(SMALL, expected * SHARE):
        return ""
    return "SLOWER" if count > expected else "faster"


def compare(expected, counts):
    """Prints a table; how many counts are not what they should be."""
    print(f"{'instructions of one':<24} {'expected':>9} {'now':>9}")
    wrong = 0
    for name in [*counts, *(name for name in expected if name not in counts)]:
        word = verdict(expected.get(name), counts.get(name))
        cells = [f"{value:9.1f}" if value is not None else f"{'-':>9}"
                 for value in (expected.get(name), counts.get(name))]
        print(f"{name:<24} {' '.join(cells)}  {word}".rstrip())
        wrong += bool(word)
    return wrong


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(2, f"counts.py: {message}\n")


def main(arguments, expected_path=EXPECTED):
    parser = Parser(prog="counts.py",
                    description="Instructions of coil's primitives, by callgrind.")
    parser.add_argument("program")
    parser.add_argument("--renew", action="store_true", help="write expected.tsv")
    parser.add_argument("--print", action="store_true", help="compare with nothing")
    options = parser.parse_args(arguments)
    what = about(options.program)
    recorded, expected = (what, {}) if options.renew or options.print else read(expected_path)
    if what != recorded:
        print(f"skipped: the counts are of {recorded}; this is {what}")
        return SKIP
    if not shutil.which("valgrind"):
        print("skipped: valgrind is not installed")
        return SKIP
    counts = measure(options.program)
    if options.print:
        print(what)
        for name, count in counts.items():
            print(f"{name:<24} {count:9.1f}")
    elif options.renew:
        write(expected_path, what, counts)
    elif wrong := compare(expected, counts):
        print(f"{wrong} have changed; where that is meant: perf/counts/counts.py "
              f"{options.program} --renew")
        return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (Failed, OSError) as error:
        sys.exit(f"counts.py: {error}")
