#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The same work as N threads and as N tasks, from one to 100,000 of them.

    perf/study/study.py [--build FOLDER] [--quick] [--json FILE]

Each run is a process of its own (build/perf/study/study), pinned to one core or free to use all.
The forms take turns, and rounds are added while there is time; the tables have the medians. A row
that this machine does not allow says why.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import allowed
import tables

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "report"))
import record  # noqa: E402

FORMS = ["serial", "thread", "coil", "loops"]
SIZES = [1, 10, 100, 1000, 10000, 100000]
QUICK_SIZES = [1, 100, 10000]
SERIAL_MOST = {"sleep": 100, "sockets": 0, "files": 1, "cpu": 1, "mixed": 10}
ASLEEP = 0.2
FILE_SIZE = 64 << 20
PATIENCE = 60
FULL_SECONDS, QUICK_SECONDS = 400, 40
COUNTERS = ["cpu_s", "peak_kib", "kernel_kib", "switches", "preempted", "p50_us", "p99_us",
            "max_us"]


class Failed(Exception):
    """What went wrong, in one line."""


# ---- the plan -----------------------------------------------------------------------------------


class Row:
    def __init__(self, kind, form, n, cores):
        self.kind, self.form, self.n, self.cores = kind, form, n, cores
        self.stopped = allowed.refusal(kind, form, n)
        self.samples = []
        self.counters = {name: [] for name in COUNTERS}

    def once(self):
        """One after another takes long and varies little: it runs in the first round only."""
        return self.form == "serial" and self.kind in ("sleep", "mixed") and self.n > 1

    def run(self, command, pinned):
        done = subprocess.run(
            [*command, self.kind, self.form, str(self.n)], capture_output=True, text=True,
            timeout=PATIENCE, check=False,
            preexec_fn=lambda: os.sched_setaffinity(0, pinned))
        if done.returncode:
            raise Failed(f"{self.kind} {self.form} {self.n}: {done.stderr.strip()}")
        figures = json.loads(done.stdout)
        if "stopped" in figures:
            self.stopped = f"{figures['stopped']}, after {figures['started']:,}"
            return
        self.samples.append(figures["seconds"])
        for name in COUNTERS:
            self.counters[name].append(figures[name])

    def record(self):
        row = {"name": f"{self.kind}/{self.form}", "n": self.n, "cores": self.cores, "unit": "s",
               "clock": "wall", "samples": self.samples, "counters": self.counters}
        if self.stopped:
            row["stopped"] = self.stopped
        return row


def plan(quick, kinds, sizes):
    cores = sorted({1, len(os.sched_getaffinity(0))})
    most_asleep = 10 * ASLEEP if quick else 100 * ASLEEP
    rows = []
    for kind in kinds:
        for count in cores:
            for n in sizes:
                for form in FORMS:
                    if form == "loops" and count == 1:
                        continue
                    if form == "serial" and (n > SERIAL_MOST[kind] or n * ASLEEP > most_asleep or
                                             count > 1):
                        continue
                    rows.append(Row(kind, form, n, count))
    return rows


def take_turns(rows, run, seconds, say):
    """Rounds over all rows, every second one backwards, while another is likely to end in time."""
    begun = time.monotonic()
    number, longest = 0, 0.0
    while number == 0 or time.monotonic() - begun + longest < seconds:
        this_round = [row for row in rows if not row.stopped and not (number and row.once())]
        started = time.monotonic()
        for done, row in enumerate(reversed(this_round) if number % 2 else this_round):
            say(f"{row.kind} {row.form} {row.n}", number + 1, done, len(this_round))
            run(row)
        longest = max(longest, time.monotonic() - started)
        number += 1


def measure(build, seconds, say, quick=False, kinds=tuple(tables.KINDS), sizes=None, extra=()):
    """The rows of the study, as tools/bench keeps them. say(text, round, done, total) is told the
    progress; `extra` are arguments for the program."""
    program = pathlib.Path(build) / "perf/study/study"
    if not program.exists():
        raise Failed(f"{program} is not there: build it, or give --build")
    rows = plan(quick, kinds, sizes or (QUICK_SIZES if quick else SIZES))
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.NamedTemporaryFile(dir=build) as file:
        file.write(os.urandom(FILE_SIZE if "files" in kinds else 4096))
        file.flush()
        os.fsync(file.fileno())
        command = [str(program), f"--file={file.name}", *extra]

        def run(row):
            try:
                row.run(command, {cores[-1]} if row.cores == 1 else set(cores))
            except subprocess.TimeoutExpired:
                row.stopped = f"it took more than {PATIENCE} s"

        take_turns(rows, run, seconds, say)
    return [row.record() for row in rows]


# ---- the command --------------------------------------------------------------------------------


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(2, f"study.py: {message}\n")


def main():
    parser = Parser(prog="study.py", description="The same work as N threads and as N tasks.")
    parser.add_argument("--build", type=pathlib.Path, default="build", help="the build folder")
    parser.add_argument("--quick", action="store_true", help="fewer sizes, about 40 s")
    parser.add_argument("--seconds", type=float, help="add rounds for so long at most")
    parser.add_argument("--kinds", nargs="+", choices=tables.KINDS, default=list(tables.KINDS))
    parser.add_argument("--sizes", nargs="+", type=int, help="how many workers")
    parser.add_argument("--json", type=pathlib.Path, help="write the rows there")
    options = parser.parse_args()
    seconds = options.seconds
    if seconds is None:
        seconds = QUICK_SECONDS if options.quick else FULL_SECONDS

    def say(text, number, done, total):
        if sys.stderr.isatty():
            print(f"\rround {number}, {done * 100 // total:3} %  {text}\033[K", end="",
                  file=sys.stderr, flush=True)

    made = record.new(options.quick, machine=record.machine(), build=record.build(options.build))
    try:
        rows = measure(options.build, seconds, say, options.quick, options.kinds, options.sizes)
    except (Failed, OSError) as error:
        sys.exit(f"study.py: {error}")
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    print(tables.text_of(rows), end="")
    if options.json:
        record.save({**made, "rows": rows}, options.json)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
