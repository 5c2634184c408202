#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the study in small, and looks at what it says; times nothing: test_study.py BUILD"""

import contextlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import allowed
import page
import study
import tables

import look  # study has told where

SMALL = ["--asleep=1000", "--compute=1000", "--shared=100"]
FIGURES = {"seconds", *study.COUNTERS}


def check(condition, text):
    if not condition:
        sys.exit(f"not so: {text}")


def program(build, *arguments):
    return subprocess.run([pathlib.Path(build) / "perf/study/study", *arguments], check=False,
                          capture_output=True, text=True, stdin=subprocess.DEVNULL)


def measure(build, **settings):
    return study.measure(build, 0, lambda *_: None, extra=SMALL, **settings)


def test_each(build):
    """Every kind in every form, alone, in pairs, with one left over."""
    for kind in tables.KINDS:
        for form in study.FORMS:
            for n in ("1", "2", "3", "64"):
                done = program(build, kind, form, n, *SMALL)
                if (kind, form) == ("sockets", "serial"):
                    check(done.returncode and "one after another" in done.stderr, f"{done}")
                    continue
                check(done.returncode == 0 and not done.stderr, f"it ends well: {done}")
                figures = json.loads(done.stdout)
                check(set(figures) == FIGURES, f"all figures: {figures}")
                check(figures["seconds"] >= 0 and figures["p50_us"] <= figures["p99_us"] <=
                      figures["max_us"], f"in order: {figures}")


def test_waits_are_waits(build):
    """Whoever sleeps, sleeps; at the same time, but one by one."""
    serial = json.loads(program(build, "sleep", "serial", "5", *SMALL).stdout)
    check(serial["seconds"] >= 0.005, f"one after another: {serial}")
    for form in ("thread", "coil", "loops"):
        figures = json.loads(program(build, "sleep", form, "5", "--asleep=20000").stdout)
        check(figures["seconds"] >= 0.02, f"{form}: none is left out: {figures}")


def test_wrong_arguments(build):
    for arguments in ([], ["sleep"], ["sleep", "coil"], ["sleep", "coil", "0"],
                      ["sleep", "coil", "x"], ["sleep", "coil", "-1"], ["nap", "coil", "1"],
                      ["sleep", "fiber", "1"], ["sleep", "coil", "1", "2"],
                      ["sleep", "coil", "1", "--asleep=x"]):
        done = program(build, *arguments)
        check(done.returncode and not done.stdout and done.stderr, f"{arguments}: {done}")
    done = program(build, "files", "coil", "1", "--file=/nowhere/at/all")
    check("open: No such file" in json.loads(done.stdout)["stopped"], f"it says why: {done}")


def test_too_few_descriptors(build):
    """What the system refuses is said, and how far it went."""
    done = subprocess.run(
        ["sh", "-c", 'ulimit -n 64; exec "$0" sockets coil 100',
         pathlib.Path(build) / "perf/study/study"], check=False, capture_output=True, text=True)
    check(done.returncode == 0, f"no failure: {done}")
    check("Too many open files" in json.loads(done.stdout)["stopped"], f"it says why: {done}")


def test_rows(build):
    rows = measure(build, sizes=[1, 3], quick=True)
    cores = len(os.sched_getaffinity(0))
    check({row["name"].split("/")[0] for row in rows} == set(tables.KINDS), "every kind")
    check({row["cores"] for row in rows} == {1, cores}, "on one core and on all")
    for row in rows:
        check(len(row["samples"]) == 1 and "stopped" not in row, f"one round: {row}")
        check(set(row["counters"]) == set(study.COUNTERS) and
              all(len(values) == 1 for values in row["counters"].values()), f"counters: {row}")
    text = tables.text_of(rows)
    check(text.count("workers") == len({(row["name"].split("/")[0], row["cores"])
                                        for row in rows}), f"a table each: {text}")
    for row in rows:
        check(len(tables.line_of(row)) == len(tables.HEAD), f"a cell for each head: {row}")
    for line in tables.markdown_of(rows).splitlines():
        check(not line.startswith("|") or line.count("|") in (4, len(tables.HEAD) + 1), line)


def test_page(build):
    """Time on one core and on all, tail, memory: for each kind; what did not run is named."""
    if not shutil.which("gnuplot"):
        return
    rows = measure(build, sizes=[1, 3], quick=True)
    rows[0] = {**rows[0], "samples": [], "stopped": "<a limit>"}
    [(title, text)] = page.sections({"rows": rows})
    plots = 4 if len(os.sched_getaffinity(0)) > 1 else 3
    look.look_at(text, plots * len(tables.KINDS))
    check(title == "Threads against tasks" and "&lt;a limit&gt;" in text, "what did not run")
    check(page.sections({"rows": [{"name": "yield/coil"}]}) == [], "nothing without a study")


def test_limits(build):
    """More threads than are allowed: not run, the reason is in the tables; the others run."""
    saved = allowed.most_threads
    allowed.most_threads = lambda: (2, "a limit that is here for the test")
    rows = measure(build, sizes=[2, 3], kinds=["sleep"])
    allowed.most_threads = saved
    for row in rows:
        refused = row["name"] == "sleep/thread" and row["n"] == 3
        check(("stopped" in row) == refused and bool(row["samples"]) != refused, f"{row}")
    check("a limit that is here for the test" in tables.text_of(rows), "it is said")
    check("a limit that is here for the test" in tables.markdown_of(rows), "it is said")
    most, why = allowed.most_threads()
    check(most > 0 and (why or most == sys.maxsize), f"a limit has a name: {most} {why}")


def test_command(build):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "study.json"
        saved = sys.argv
        sys.argv = ["study.py", f"--build={build}", "--seconds=0", "--kinds", "cpu",
                    "--sizes", "2", f"--json={out}"]
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            study.main()
        sys.argv = saved
        made = json.loads(out.read_text(encoding="utf-8"))
    check(made["format"] == "coil-bench 1" and made["rows"] and made["machine"], f"{made}")
    check("cpu, one core" in said.getvalue(), f"a table: {said.getvalue()}")
    done = subprocess.run([sys.executable, "-B", study.__file__, "--build=/nowhere/at/all"],
                          check=False, capture_output=True, text=True)
    check(done.returncode == 1 and done.stderr.count("\n") == 1, f"one line: {done}")


def main(build):
    study.FILE_SIZE = 1 << 20
    for name, test in sorted(globals().items()):
        if name.startswith("test_"):
            test(build)


if __name__ == "__main__":
    main(*sys.argv[1:])
