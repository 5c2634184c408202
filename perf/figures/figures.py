#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes what was measured into the tables of docs/PERFORMANCE.md.

    perf/figures/figures.py [--document FILE] [RECORD...]

RECORD: report/bench.json and report/study.json, as tools/bench leaves them, or what study.py --json
writes. A table stands between two comments, `figures: NAME` and `end`; one whose record is not
given stays as it is. The counts of instructions are always those of perf/counts/expected.tsv.
"""

import argparse
import json
import pathlib
import re
import statistics
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "perf/study"), str(ROOT / "perf/counts")]

import counts  # noqa: E402
import tables  # noqa: E402

DOCUMENT = ROOT / "docs/PERFORMANCE.md"
BLOCK = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- end -->)", re.S)
# In the order of the columns; each is there when a row has it.
VARIANTS = ["coil", "ucontext", "floor", "thread", "libuv", "boost", "go", "asyncio", "uvloop",
            "gevent", "swapcontext", "ret", "jmp", "by_hand", "eventfd", "msg_ring",
            "msg_ring_sync"]
SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


def number(value):
    """Three digits that count."""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def spread(row, unit=None):
    """Median, lowest and highest, in a unit or in the row's own."""
    factor = SECONDS[row["unit"]] / SECONDS[unit] if unit else 1
    values = [value * factor for value in row["samples"]]
    return f"{number(statistics.median(values))} ({number(min(values))}-{number(max(values))})"


def markdown(head, lines):
    rule = ["---"] * len(head)
    return "".join("| " + " | ".join(line) + " |\n" for line in [head, rule, *lines])


# ---- the tables ---------------------------------------------------------------------------------


def rows_by_name(records):
    return {row["name"]: row for record in records for row in record["rows"]
            if "n" not in row and row["samples"]}


def make_machine(records):
    lines = []
    for record in records:
        machine, build = record.get("machine"), record.get("build")
        if machine:
            kind = ", a virtual machine" if machine.get("hypervisor") else ""
            load = ", ".join(str(value) for value in machine.get("load", [])) or "not noted"
            lines.append(f"- {record['started']}: {machine['cores']} cores of {machine['cpu']}"
                         f"{kind}, {machine['kernel']}, load before it: {load}; "
                         f"{build['compiler']}, {build['flags']}, coil at {build['commit']}\n")
    return "".join(lines)


def takes(name, unit, most):
    """A row of coil's, in a unit, which is to be no more than `most`."""
    def look(rows):
        row = rows.get(f"{name}/coil")
        return row and f"{spread(row, unit)} {unit}"
    return f"<= {most:g} {unit}", look


def times(name, other, sign, goal, counter=None):
    """coil's median by another's of the same run: of the samples, or of a counter."""
    def median(row):
        return statistics.median(row["counters"][counter] if counter else row["samples"])

    def look(rows):
        pair = [rows.get(f"{name}/{variant}") for variant in ("coil", other)]
        return all(pair) and f"{median(pair[0]) / median(pair[1]):.3f}"
    return f"{sign} {goal:g} times {other}'s", look


def best_switch(rows):
    """The bare switch, in each setting beside the best of the others."""
    parts = []
    for setting in ("same_site", "four_deep", "six_bodies"):
        own = rows.get(f"switch_{setting}/coil")
        others = [statistics.median(rows[name]["samples"]) for name in
                  (f"switch_{setting}/{form}" for form in ("ret", "jmp", "boost", "swapcontext"))
                  if name in rows]
        if own and others:
            parts.append(f"{number(statistics.median(own['samples']))} / {number(min(others))}")
    return parts and ", ".join(parts) + " ns"


def resident_million(rows):
    row = rows.get("million_asleep/coil")
    return row and f"{statistics.median(row['counters']['resident_bytes']) / 1e9:.2f} GB"


GOALS = [
    ("a switch at the same place, four frames deep, of six bodies: coil / the best of the others",
     ("the best", best_switch)),
    ("yield, a switch between two tasks", takes("yield", "ns", 12)),
    ("create a task and await it", takes("create_await", "ns", 60)),
    ("ping-pong through two queues, round trip", takes("queue_pingpong", "ns", 60)),
    ("gather of 100,000 sleeps of 0.2 s, warm", takes("sleep_100k_warm", "s", 0.240)),
    ("a million tasks asleep, resident", ("<= 4.4 GB", resident_million)),
    ("100 pages of 0.2 s, asleep", takes("crawl_100_asleep", "s", 0.203)),
    ("the same over HTTP; the floor is a bare loop of libcurl's",
     times("crawl_100", "floor", "<=", 1.02)),
    ("echo, 64 connections: CPU a message", times("echo_64", "floor", "<=", 1.03)),
    ("the same, messages a second", times("echo_64", "floor", ">=", 1.0, "per_s")),
    ("arm a timer beside 1,000,000 others and cancel it", takes("timer_arm_cancel_1M", "ns", 60)),
    ("the same, and cancel the one armed 64 before", takes("timer_arm_cancel_1M_later", "ns", 60)),
    ("the same, and cancel any of the million", takes("timer_arm_cancel_1M_any", "ns", 60)),
    ("its limit, one read of memory that is waited for",
     times("timer_arm_cancel_1M_any", "floor", "beside", 1)),
    ("4 KiB reads, O_DIRECT, 64 at once: time of one", times("file_direct_64", "fio", "<=", 1.03)),
]


def make_goals(records):
    rows = rows_by_name(records)
    found = [(title, goal, look(rows)) for title, (goal, look) in GOALS]
    lines = [[title, goal, text] for title, goal, text in found if text]
    head = ["work", "goal", "measured: median (lowest-highest), or ratio of medians"]
    return markdown(head, lines) if lines else ""


def make_primitives(records):
    rows = rows_by_name(records)
    primitives = list(dict.fromkeys(name.split("/")[0] for name in rows))
    there = [variant for variant in VARIANTS
             if any(f"{primitive}/{variant}" in rows for primitive in primitives)]
    lines = []
    for primitive in primitives:
        own = [rows.get(f"{primitive}/{variant}") for variant in there]
        unit = next(row["unit"] for row in own if row)
        lines.append([f"{primitive}, {unit}", *(cell(row, unit) for row in own)])
    return markdown(["", *there], lines) if lines else ""


def cell(row, unit):
    """With its own unit where that is not the line's."""
    if not row:
        return ""
    return spread(row) if row["unit"] == unit else f"{spread(row)} {row['unit']}"


def make_study(records):
    rows = [row for record in records for row in record["rows"] if "n" in row]
    return tables.markdown_of(rows) if rows else ""


def make_cores(records):
    """Arithmetic on one core and on all, with as many loops."""
    rows = {(row["name"], row["n"], row["cores"]): row for record in records
            for row in record["rows"] if "n" in row and row["samples"]}
    lines = []
    for (name, n, cores), row in rows.items():
        one = rows.get(("cpu/coil", n, 1))
        if name in ("cpu/loops", "cpu/thread") and cores > 1 and n >= cores and one:
            ratio = statistics.median(one["samples"]) / statistics.median(row["samples"])
            lines.append([f"{n:,}", "tasks, a loop for each core" if name == "cpu/loops"
                          else "threads", str(cores), f"{ratio:.2f}"])
    head = ["workers", "form", "cores", "times as fast as tasks on one core"]
    return markdown(head, lines) if lines else ""


def make_counts(_):
    what, found = counts.read(counts.EXPECTED)
    lines = [[name, f"{count:.1f}"] for name, count in found.items()]
    return f"{what}:\n\n" + markdown(["one", "instructions of user space"], lines)


MAKERS = {"machine": make_machine, "goals": make_goals, "primitives": make_primitives,
          "study": make_study, "cores": make_cores, "counts": make_counts}


def fill(text, records):
    """The document with every table made anew for which there are figures."""
    def replace(match):
        table = MAKERS[match[2]](records)
        return f"{match[1]}{table.strip()}\n{match[3]}" if table else match[0]

    return BLOCK.sub(replace, text)


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(2, f"figures.py: {message}\n")


def main(arguments):
    parser = Parser(prog="figures.py", description="Writes the tables of docs/PERFORMANCE.md.")
    parser.add_argument("--document", type=pathlib.Path, default=DOCUMENT)
    parser.add_argument("records", nargs="*", type=pathlib.Path)
    options = parser.parse_args(arguments)
    records = [json.loads(path.read_text(encoding="utf-8")) for path in options.records]
    text = options.document.read_text(encoding="utf-8")
    options.document.write_text(fill(text, records), encoding="utf-8")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"figures.py: {error}")
