#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""That the tables of docs/PERFORMANCE.md are made of what was measured, and of nothing else."""

import contextlib
import io
import json
import pathlib
import sys
import tempfile

import figures

RECORD = {
    "format": "coil-bench 1", "started": "2026-11-23T00:10:00+00:00",
    "machine": {"cpu": "a CPU", "cores": 2, "kernel": "Linux 6.18", "hypervisor": True,
                "load": [0.1, 0.2, 0.3]},
    "build": {"compiler": "gcc 12", "flags": "-O3", "commit": "abc1234"},
    "rows": [
        {"name": "yield/coil", "unit": "ns", "samples": [8, 7, 9], "counters": {}},
        {"name": "yield/thread", "unit": "us", "samples": [1.5], "counters": {}},
        {"name": "yield/go", "unit": "ns", "samples": [], "counters": {}},
        {"name": "echo_64/coil", "unit": "us", "samples": [5.5], "counters": {"per_s": [90]}},
        {"name": "echo_64/floor", "unit": "us", "samples": [5], "counters": {"per_s": [100]}},
        {"name": "sleep_100k_warm/coil", "unit": "ms", "samples": [230], "counters": {}},
    ],
}
STUDY = {"format": "coil-bench 1", "rows": [
    {"name": f"cpu/{form}", "n": 100, "cores": cores, "unit": "s", "samples": [seconds],
     "counters": dict.fromkeys(("cpu_s", "peak_kib", "kernel_kib", "switches", "preempted",
                                "p50_us", "p99_us", "max_us"), [1])}
    for form, cores, seconds in (("coil", 1, 0.3), ("loops", 2, 0.15), ("thread", 2, 0.2))]}


def check(condition, text):
    if not condition:
        sys.exit(f"not so: {text}")


def block(name, inside="as it was\n"):
    return f"<!-- figures: {name} -->\n{inside}<!-- end -->\n"


def test_document():
    text = figures.DOCUMENT.read_text(encoding="utf-8")
    names = [match[2] for match in figures.BLOCK.finditer(text)]
    check(sorted(names) == sorted(figures.MAKERS), f"a place for each table: {names}")
    check(text.count("<!-- figures:") == text.count("<!-- end -->") == len(names), "each ends")
    counts = figures.make_counts([])
    check(counts.strip() in text, "the counts are those of perf/counts/expected.tsv: "
          "perf/figures/figures.py writes them")


def test_tables():
    check(figures.fill(block("goals"), []) == block("goals"), "what was not measured stays")
    goals = figures.fill(block("goals"), [RECORD])
    check("8 (7-9) ns" in goals and "0.23 (0.23-0.23) s" in goals, f"medians in its unit: {goals}")
    check("| 1.100 |" in goals and "| 0.900 |" in goals, f"ratios: {goals}")
    check("as it was" not in goals and goals.startswith("<!-- figures: goals -->\n|"), goals)
    primitives = figures.fill(block("primitives"), [RECORD])
    check("| yield, ns | 8 (7-9) |  | 1.5 (1.5-1.5) us |" in primitives, primitives)
    check(" go " not in primitives, f"no column for what did not run: {primitives}")
    machine = figures.fill(block("machine"), [RECORD, STUDY])
    check(all(part in machine for part in ("a CPU", "virtual", "gcc 12", "abc1234")), machine)
    cores = figures.fill(block("cores"), [STUDY])
    check("| 2 | 2.00 |" in cores and "| 2 | 1.50 |" in cores, f"ratios: {cores}")
    check("cpu, one core" in figures.fill(block("study"), [STUDY]), "the study's tables")


def test_command():
    with tempfile.TemporaryDirectory() as folder:
        document, record = pathlib.Path(folder) / "doc.md", pathlib.Path(folder) / "bench.json"
        document.write_text("text\n" + block("goals") + "more\n", encoding="utf-8")
        record.write_text(json.dumps(RECORD), encoding="utf-8")
        for _ in range(2):
            figures.main([f"--document={document}", str(record)])
            text = document.read_text(encoding="utf-8")
            check(text.startswith("text\n<!--") and text.endswith("more\n"), text)
            check(text.count("8 (7-9)") == 1, f"once, also when it is done again: {text}")
        with contextlib.redirect_stderr(io.StringIO()) as said:
            try:
                figures.main(["--no-such"])
            except SystemExit as end:
                check(end.code == 2 and said.getvalue().count("\n") == 1, said.getvalue())


for test in (test_document, test_tables, test_command):
    test()
