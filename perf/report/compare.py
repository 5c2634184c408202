# SPDX-License-Identifier: MIT
"""What changed between two records beyond the noise.

A row of the one and of the other are two samples of times. The test is Mann and Whitney's: it asks
whether either tends to be larger and supposes nothing about how times are distributed. With few
samples without ties it is exact. Of many rows some would look changed by chance, so their
probabilities are held against Holm's bounds: a run in which nothing changed has a row called
changed at most one time in twenty. The size of a change is the median of all ratios of a sample of
the one and a sample of the other (Hodges and Lehmann), with the interval that belongs to the same
test.
"""

import functools
import itertools
import math

import record

LEVEL = 0.05  # of a false alarm in the whole table


@functools.lru_cache(maxsize=None)
def arrangements(u, n, m):
    """In how many orders of n and m distinct values the statistic is u."""
    if u < 0 or n < 0 or m < 0:
        return 0
    if n == 0 or m == 0:
        return int(u == 0)
    return arrangements(u - m, n - 1, m) + arrangements(u, n, m - 1)


def statistic(a, b):
    """How many pairs have the second one larger; a tie is half of one."""
    return sum((x < y) + 0.5 * (x == y) for x in a for y in b)


def exact(u, n, m):
    u = min(u, n * m - u)
    total = math.comb(n + m, n)
    return min(1.0, 2 * sum(arrangements(i, n, m) for i in range(int(u) + 1)) / total)


def by_normal(u, a, b):
    """With the variance that ties leave, and a correction for continuity."""
    n, m = len(a), len(b)
    every = sorted([*a, *b])
    ties = sum(count ** 3 - count
               for count in (len(list(group)) for _, group in itertools.groupby(every)))
    size = n + m
    variance = n * m / 12 * (size + 1 - ties / (size * (size - 1)))
    if variance == 0:
        return 1.0
    z = max(0.0, abs(u - n * m / 2) - 0.5) / math.sqrt(variance)
    return math.erfc(z / math.sqrt(2))


def mann_whitney(a, b):
    """The probability of a difference like this, or a larger one, where there is none."""
    u = statistic(a, b)
    if len(set([*a, *b])) == len(a) + len(b) and len(a) * len(b) <= 400:
        return exact(u, len(a), len(b))
    return by_normal(u, a, b)


def least(n, m):
    """The smallest probability that so few samples can have."""
    return 2 / math.comb(n + m, n)


def ratio(a, b):
    """b by a: the estimate and its interval of 95 %. Times are positive."""
    ratios = sorted(y / x for x in a for y in b)
    n, m = len(a), len(b)
    cut = int(n * m / 2 - 1.96 * math.sqrt(n * m * (n + m + 1) / 12))
    cut = max(0, min(cut, (len(ratios) - 1) // 2))
    middle = len(ratios) // 2
    estimate = (ratios[middle] + ratios[-1 - middle]) / 2
    return estimate, ratios[cut], ratios[-1 - cut]


def holm(probabilities, level=LEVEL):
    """Which of them are significant together."""
    order = sorted(range(len(probabilities)), key=lambda i: probabilities[i])
    significant = [False] * len(probabilities)
    for rank, i in enumerate(order):
        if probabilities[i] > level / (len(probabilities) - rank):
            break
        significant[i] = True
    return significant


def key(row):
    return row["name"], row.get("n"), row.get("cores")


def label(row):
    extra = "".join(f" {name}={row[name]}" for name in ("n", "cores") if name in row)
    return row["name"] + extra


def positive(row):
    """The lateness of a sleep can come out below zero: then there is no ratio."""
    return row["samples"] and min(row["samples"]) > 0


def pairs_of(one, other):
    """Rows that both have and that have a ratio, and the names of those that only one has."""
    others = {key(row): row for row in other["rows"]}
    pairs, missing = [], []
    for row in one["rows"]:
        partner = others.pop(key(row), None)
        if partner is None:
            missing.append(f"only in the first: {label(row)}")
        elif positive(row) and positive(partner) and row["unit"] == partner["unit"]:
            pairs.append((row, partner))
        else:
            missing.append(f"cannot be compared: {label(row)}")
    missing += [f"only in the second: {label(row)}" for row in others.values()]
    return pairs, missing


def compare(one, other):
    """A list of (label, unit, median, median, (ratio, low, high), p, changed), the largest first;
    and what could not be compared."""
    pairs, missing = pairs_of(one, other)
    probabilities = [mann_whitney(a["samples"], b["samples"]) for a, b in pairs]
    changed = holm(probabilities)
    results = [(label(a), a["unit"], record.median(a["samples"]), record.median(b["samples"]),
                ratio(a["samples"], b["samples"]), p, is_changed)
               for (a, b), p, is_changed in zip(pairs, probabilities, changed)]
    results.sort(key=lambda result: -abs(math.log(result[4][0])))
    if pairs:
        few = [label(a) for a, b in pairs
               if least(len(a["samples"]), len(b["samples"])) > LEVEL / len(pairs)]
        if few:
            missing.append(f"too few samples to show any change among {len(pairs)} rows: "
                           f"{len(few)} rows; measure more rounds")
    return results, missing


def drift(results, own=("coil", "ucontext")):
    """By how much the rows moved that are not coil's: the machine, not the code. None: no rows."""
    ratios = [result[4][0] for result in results
              if record.variant(result[0].split()[0]) not in own]
    return record.median(ratios) if ratios else None


def differences(one, other):
    """What differs of the machines and builds; then the figures say nothing of the code alone."""
    said = []
    for part, names in (("machine", ("cpu", "cores", "pinned", "kernel", "libc", "mitigations")),
                        ("build", ("compiler", "flags", "options"))):
        said += [f"{name} differs: {one[part].get(name)} / {other[part].get(name)}"
                 for name in names if one[part].get(name) != other[part].get(name)]
    for name in sorted(set(one["contestants"]) & set(other["contestants"])):
        versions = one["contestants"][name], other["contestants"][name]
        if name not in ("coil", "ucontext") and versions[0] != versions[1]:
            said.append(f"{name} differs: {versions[0]} / {versions[1]}")
    return said


def text(one, other):
    results, missing = compare(one, other)
    lines = differences(one, other)
    moved = drift(results)
    if moved is not None:
        lines.append(f"what is not coil moved by {100 * (moved - 1):+.1f} % (median): "
                     "so much is the machine")
    changed = [result for result in results if result[6]]
    lines.append(f"{len(changed)} of {len(results)} rows changed beyond the noise "
                 f"(Mann-Whitney, Holm, {LEVEL:g} for the whole table)")
    for name, unit, before, after, (estimate, low, high), p, _ in changed:
        lines.append(f"  {name:<36} {before:10.4g} -> {after:<10.4g} {unit:<2} "
                     f"{100 * (estimate - 1):+7.1f} % ({100 * (low - 1):+.1f} .. "
                     f"{100 * (high - 1):+.1f})  p {p:.2g}")
    return "\n".join(lines + missing)
