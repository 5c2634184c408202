#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs crawl in the ways that are worth a look, and writes a page about it: demo.py CRAWL FOLDER"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import page

PAGES = 100
LATENCY = 0.2
# How many sleep at once, and for how long: all of them begin before the first one wakes.
SIZES = [100, 300, 1000, 3000, 10000, 30000, 100000]
ASLEEP = 1.0
# What one takes at most, in KiB, of which the kernel's share of a thread is the larger one.
FOOTPRINT = {"tasks": 8, "threads": 48}


def fail(text):
    sys.exit(f"tools/demo: {text}")


def run(crawl, *arguments, quiet=False):
    """What crawl wrote as JSON, and what it said on stderr where `quiet` keeps that back."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "crawl.json")
        pipe = subprocess.PIPE if quiet else None
        done = subprocess.run([crawl, *arguments, "--json", path], stdout=pipe, stderr=pipe,
                              text=True, stdin=subprocess.DEVNULL)
        if done.returncode < 0:
            sys.exit(128 - done.returncode)
        with open(path, encoding="utf-8") as file:
            return json.load(file), (done.stderr or "").strip()


def number_in(path, key=""):
    """The number after `key` in a file of the kernel's; None where there is none."""
    try:
        for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
            if line.startswith(key):
                return int(line[len(key):].split()[0])
    except (OSError, ValueError, IndexError):
        pass
    return None


def free_kib():
    free = [number_in("/proc/meminfo", "MemAvailable:")]
    limit = number_in("/sys/fs/cgroup/memory.max")
    if limit is not None:
        free.append((limit - (number_in("/sys/fs/cgroup/memory.current") or 0)) // 1024)
    return min(size for size in free if size is not None)


def scale(crawl, mode):
    """A run for each size that this machine carries, and what kept the next from being one."""
    runs = []
    for size in SIZES:
        if size * FOOTPRINT[mode] > free_kib() // 2:
            return runs, f"{size:,} {mode} would take half of the memory that is free"
        report, said = run(crawl, "--client", "sleep", "--latency", str(ASLEEP), "--pages",
                           str(size), "--modes", mode, quiet=True)
        one = report["runs"][0]
        if one["failed"] or one["concurrency"] < size:
            return runs, said.rpartition(": ")[2]
        print(f"{size:>7,} {mode:<7} asleep for {ASLEEP:g} s: {one['seconds']:6.3f} s, "
              f"{one['peak_rss_kib'] / 1024:6.1f} MiB", flush=True)
        runs.append({"pages": size, **one})
    return runs, None


def main(crawl, folder):
    tried, said = run(crawl, "--client", "sleep", "--latency", "0", "--pages", "1", "--modes",
                      "tasks", quiet=True)
    if tried["runs"][0]["failed"]:
        fail(f"tasks do not run here:\n{said}")

    print(f"\n{PAGES} pages over HTTP; the server takes {LATENCY:g} s for each\n", flush=True)
    pages, _ = run(crawl, "--pages", str(PAGES), "--latency", str(LATENCY))
    if any(one["failed"] for one in pages["runs"]):
        fail("pages have failed: see above")
    print("\nthe more sleep, the more it takes\n")
    asleep = {mode: scale(crawl, mode) for mode in ("tasks", "threads")}
    for mode, (_, reason) in asleep.items():
        if reason:
            print(f"no more {mode}: {reason}")

    folder = pathlib.Path(folder).resolve()
    folder.mkdir(exist_ok=True)
    (folder / "measured.json").write_text(
        json.dumps({"pages": pages, "asleep": asleep, "asleep_s": ASLEEP}, indent=1) + "\n",
        encoding="utf-8")
    path = folder / "index.html"
    path.write_text(page.make(pages, asleep, ASLEEP), encoding="utf-8")
    print(f"\nthe page: file://{path}\nwhat it was made of: {folder / 'measured.json'}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
