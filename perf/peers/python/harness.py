# SPDX-License-Identifier: MIT
"""What the peers in Python are written with.

"--list" says which rows there are, "NAME SECONDS" runs one for about so long and prints what an
item of it took as a line of JSON. What an item is stands in perf/bench/, in the file of the
primitive.
"""

import gc
import json
import os
import sys
import tempfile
import time

CPU, WALL, ONCE = "cpu", "wall", "once"  # as in bench.h
ROWS = {}

OTHERS, LATER = 1000000, 64
BLOCK, BLOCKS = 4096, 256
MESSAGE = bytes(64)


class Bench:
    """One run: so many items are to be done between begin and end."""

    def __init__(self, items):
        self.items = items
        self.cpu = self.wall = self.subtracted = 0
        self.counters = {}

    def begin(self):
        self.cpu -= time.process_time_ns()
        self.wall -= time.monotonic_ns()

    def end(self):
        self.wall += time.monotonic_ns()
        self.cpu += time.process_time_ns()


def row(name, clock):
    def add(run):
        ROWS[name] = (clock, run)
        return run
    return add


def resident_bytes():
    with open("/proc/self/status", encoding="utf-8") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) * 1024


def new_file():
    """A file without a name that the kernel has in memory."""
    file = tempfile.TemporaryFile()
    file.write(bytes(BLOCK * BLOCKS))
    file.flush()
    return file


def measure(run, items):
    bench = Bench(items)
    gc.collect()
    run(bench)
    return bench


def fill(clock, run, limit):
    """Runs a row with ever more items until it takes as long as it should."""
    items = 1
    while True:
        bench = measure(run, items)
        if clock == ONCE or bench.wall >= limit or items >= 1e9:
            return bench
        factor = 1.2 * limit / bench.wall if bench.wall > limit / 100 else 10
        items = int(items * factor) + 1


def figures(name, clock, bench):
    taken = bench.cpu if clock == CPU else bench.wall - bench.subtracted
    other, rest = ("wall_ns", bench.wall) if clock == CPU else ("cpu_ns", bench.cpu)
    unit, divisor = ("ms", 1e6) if clock == ONCE else ("ns", 1)
    return {"name": name, "unit": unit, "clock": CPU if clock == CPU else WALL,
            "value": taken / bench.items / divisor,
            "counters": {other: rest / bench.items, **bench.counters}}


def main():
    arguments = sys.argv[1:]
    if arguments == ["--list"]:
        print("\n".join(ROWS))
    elif len(arguments) == 2 and arguments[0] in ROWS:
        name, seconds = arguments
        clock, run = ROWS[name]
        print(json.dumps(figures(name, clock, fill(clock, run, float(seconds) * 1e9))))
    else:
        sys.exit(f"{os.path.basename(sys.argv[0])}: --list | NAME SECONDS")
