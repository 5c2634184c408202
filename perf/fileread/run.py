#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""4 KiB random direct reads through coil, beside fio's io_uring engine, alternated in one run.

    perf/fileread/run.py [--build BUILD] [--file FILE] [--depth N] [--rounds N] [--seconds S]

fio is there twice: as it is, a call of the kernel for each read, and with calls for up to 16. Each
has the first core to itself. Without fio it says so and skips itself.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys

BLOCK = 4096
SKIP = 77
CHUNK = bytes(range(256)) * 4096  # written, so that the file has blocks of its own


class Failed(Exception):
    """What went wrong, in one line."""


def first_core():
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def output(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          preexec_fn=first_core, check=False)
    if done.returncode:
        raise Failed((done.stderr or done.stdout).strip().splitlines()[-1])
    return done.stdout


def program(options):
    return options.build / "perf/fileread/fileread"


def coil(options, seconds):
    """Reads a second, and us of CPU a read."""
    text = output(program(options), options.file, options.depth, seconds)
    reads, took, cpu = re.match(r"(\d+) reads in ([\d.]+) s, ([\d.]+) s of CPU", text).groups()
    return int(reads) / float(took), float(cpu) / int(reads) * 1e6


def fio(options, seconds, *more):
    report = json.loads(output(
        "fio", "--name=reads", f"--filename={options.file}", "--ioengine=io_uring", "--direct=1",
        "--rw=randread", f"--bs={BLOCK}", f"--iodepth={options.depth}", "--norandommap",
        "--randrepeat=0", "--time_based", f"--runtime={seconds}", "--output-format=json", *more))
    job = report["jobs"][0]
    reads, took = job["read"]["total_ios"], job["read"]["runtime"] / 1000
    cpu = (job["usr_cpu"] + job["sys_cpu"]) / 100 * job["job_runtime"] / 1000
    return reads / took, cpu / reads * 1e6


def fio_in_batches(options, seconds):
    return fio(options, seconds, "--iodepth_batch_submit=16", "--iodepth_batch_complete_max=16")


READERS = {"coil": coil, "fio": fio, "fio, batches": fio_in_batches}


def make_file(options):
    if options.file.exists() and options.file.stat().st_size >= options.size:
        return
    with open(options.file, "wb") as file:
        while file.tell() < options.size:
            file.write(CHUNK)
        os.fsync(file.fileno())


def spread(values, form):
    return f"{statistics.median(values):{form}} ({min(values):{form}}-{max(values):{form}})"


def compare(options):
    figures = {name: [] for name in READERS}
    for number in range(options.rounds):
        order = list(READERS.items())
        for name, reader in order[number % 3:] + order[:number % 3]:
            figures[name].append(reader(options, options.seconds))
    print(f"{options.rounds} rounds of {options.seconds} s, {options.depth} reads in flight: "
          "medians, lowest and highest")
    print(f"{'':<13} {'reads/s':<27} {'CPU us/read':<19} coil's reads/s by these")
    for name, rounds in figures.items():
        rates, cpu = zip(*rounds)
        ratios = [mine[0] / theirs for mine, theirs in zip(figures["coil"], rates)]
        print(f"{name:<13} {spread(rates, '.0f'):<27} {spread(cpu, '.2f'):<19} "
              f"{'' if name == 'coil' else spread(ratios, '.3f')}")


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(2, f"run.py: {message}\n")


def positive(text):
    value = int(text)
    if value < 1:
        raise ValueError(text)
    return value


def main():
    parser = Parser(prog="run.py", description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default="build", help="the build folder")
    parser.add_argument("--file", type=pathlib.Path, default="/var/tmp/coil-fileread",
                        help="made where it is missing, and left")
    parser.add_argument("--size", type=positive, default=1 << 30, help="of the file, bytes")
    parser.add_argument("--depth", type=positive, default=64, help="reads in flight")
    parser.add_argument("--rounds", type=positive, default=9)
    parser.add_argument("--seconds", type=positive, default=5, help="of each round")
    options = parser.parse_args()
    if not shutil.which("fio"):
        print("run.py: fio is not installed: there is nothing to compare with")
        sys.exit(SKIP)
    try:
        if not program(options).exists():
            raise Failed(f"{program(options)} is not there: build it, or give --build")
        make_file(options)
        compare(options)
    except (Failed, OSError) as error:
        sys.exit(f"run.py: {error}")


if __name__ == "__main__":
    main()
