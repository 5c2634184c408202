# SPDX-License-Identifier: MIT
"""Contestants that take turns: rounds, and what is said of their figures."""
import argparse
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


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(2, f"{self.prog}: {message}\n")


def number(text):
    value = int(text)
    if value < 1:
        raise ValueError(text)
    return value
