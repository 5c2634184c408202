# SPDX-License-Identifier: MIT
"""The study as sections of a page: for each kind of work, time, tail and memory by N."""

import html
import pathlib
import statistics
import sys

import tables

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "report"))
import draw  # noqa: E402

POINTS = {"serial": 1, "thread": 5, "coil": 7, "loops": 9}
NAMES = {"serial": "one by one", "thread": "threads", "coil": "tasks",
         "loops": "tasks, a loop a core"}

CURVES = """
set logscale xy
set lmargin at screen 0.15
set rmargin at screen 0.97
set xrange [$left:$right]
set yrange [$bottom:$top]
set xlabel "workers"
set xtics ($numbers)
set ytics ($ticks)
set grid xtics
set key at screen 0.17,screen 0.99 left top horizontal maxcols 3 width -1
set tmargin at screen 0.88
plot $curves
"""


def points_of(rows, figure):
    """{form: [(n, figure)]} of what ran."""
    found = {}
    for row in rows:
        value = figure(row) if row["samples"] else 0
        if value > 0:
            found.setdefault(row["name"].split("/")[1], []).append((row["n"], value))
    return found


def plot(title, rows, figure, unit):
    """An SVG element; nothing where nothing ran."""
    found = points_of(rows, figure)
    if not found:
        return ""
    sizes = sorted({n for points in found.values() for n, _ in points})
    values = [value for points in found.values() for _, value in points]
    low, high = min(values) / 1.4, max(max(values), min(values) * 30) * 1.4
    data = "".join(
        f"$${form} << EOD\n" + "".join(f"{n} {value:g}\n" for n, value in points) + "EOD\n"
        for form, points in found.items())
    curves = ", ".join(
        f'${form} with linespoints linewidth 2.5 pointtype {POINTS[form]} pointsize 1 '
        f'linecolor rgb "{draw.colour(form)}" title "{NAMES[form]}"' for form in found)
    return draw.draw(data + CURVES, 560, 340, title, curves=curves, left=min(sizes) / 1.5,
                     right=max(sizes) * 1.5, bottom=f"{low:g}", top=f"{high:g}",
                     ticks=draw.ticks(low, high, unit),
                     numbers=", ".join(f'"{n:,}" {n}' for n in sizes))


def wall(row):
    return statistics.median(row["samples"])


def tail(row):
    return statistics.median(row["counters"]["p99_us"])


def memory(row):
    kib = [resident + max(0, kernel) for resident, kernel
           in zip(row["counters"]["peak_kib"], row["counters"]["kernel_kib"])]
    return statistics.median(kib) * 1024


def figures_of(kind, rows):
    """(caption, SVG) of one kind of work."""
    cores = sorted({row["cores"] for row in rows})
    here = {count: [row for row in rows if row["cores"] == count] for count in cores}
    for count in cores:
        on = "one core" if count == 1 else f"{count} cores"
        yield f"time, {on}", plot(f"{kind} time on {on}", here[count], wall, "s")
    most = cores[-1]
    on = "one core" if most == 1 else f"{most} cores"
    yield (f"99 of 100 steps are not longer, {on}",
           plot(f"{kind} tail on {on}", here[most], tail, "us"))
    yield ("memory with the kernel's stacks and page tables, " + on,
           plot(f"{kind} memory on {on}", here[most], memory, "bytes"))


def refusals(rows):
    """What did not run, and why; each reason once."""
    said = {}
    for row in rows:
        if not row["samples"]:
            said.setdefault(row["stopped"], set()).add(
                f"{row['n']:,} {NAMES[row['name'].split('/')[1]]}")
    return "".join(f'<p class="soft">Not run: {html.escape("; ".join(sorted(what)))}: '
                   f"{html.escape(why)}.</p>\n" for why, what in said.items())


def section(kind, rows):
    drawn = "".join(f"<figure><figcaption>{html.escape(caption)}</figcaption>{svg}</figure>\n"
                    for caption, svg in figures_of(kind, rows) if svg)
    return (f"<h3>{kind}: {html.escape(tables.KINDS[kind])}</h3>\n"
            f'<div class="panels">\n{drawn}</div>\n{refusals(rows)}')


def sections(record_):
    """[(title, HTML)] for a page of others; empty without a study in the record."""
    kinds = {}
    for row in record_["rows"]:
        if "n" in row:
            kinds.setdefault(row["name"].split("/")[0], []).append(row)
    if not kinds:
        return []
    text = ("<p>The same C function, once as the body of N threads and once of N tasks, each on a "
            "stack of 64 KiB; only the calls that wait differ. Messages, reads and arithmetic are "
            "shared among the workers. Medians; both axes are logarithmic.</p>\n")
    return [("Threads against tasks",
             text + "".join(section(kind, rows) for kind, rows in kinds.items()))]
