# SPDX-License-Identifier: MIT
"""Contestants that take turns: rounds, and what is said of their figures."""
import argparse
import json
import pathlib
import statistics


def alternated(names, count, measure):
    """The figures of each: those of `count` rounds, in an order that each round turns round."""
    figures = {name: [] for name in names}
    for number in range(count):
        for name in names if number % 2 else reversed(names):
            figures[name].append(measure(name))
    return figures


def spread(values, form):
    """The median, the lowest and the highest."""
    return f"{statistics.median(values):{form}} ({min(values):{form}}-{max(values):{form}})"


def ratios(ones, others):
    """Of two contestants' figures, round by round: neighbours in time had the same machine."""
    return spread([one / other for one, other in zip(ones, others)], ".3f")


def rows(work, figures):
    """Rounds of (rate, CPU us) as perf/report/record.py has them."""
    found = []
    for name, those in figures.items():
        rates, cpu = zip(*those)
        found.append({"name": f"{work}/{name}", "unit": "us", "clock": "cpu", "samples": cpu,
                      "counters": {"per_s": rates}})
    return found


def write(path, rows_):
    """Where a file was asked for."""
    if path:
        path.write_text(json.dumps(rows_) + "\n", encoding="utf-8")


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(2, f"{self.prog}: {message}\n")


def add_json(parser):
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE",
                        help="write each round's figures there, too")


def number(text):
    value = int(text)
    if value < 1:
        raise ValueError(text)
    return value
