# SPDX-License-Identifier: MIT
"""The rows of the study as tables: medians, and lowest and highest of the wall time."""

import statistics

KINDS = {
    "sleep": "one wait of 0.2 s each, as for a page of a slow server",
    "sockets": "pairs that throw a byte to and fro, 50,000 messages in all",
    "files": "10,000 reads of 4 KiB at random places of a file, past the page cache",
    "cpu": "arithmetic, the same amount in all, no wait",
    "mixed": "five waits of 0.04 s each, and the same arithmetic between them",
}
HEAD = ["workers", "form", "wall s", "lowest-highest", "CPU s", "resident", "kernel's", "switches",
        "median step", "99 %", "longest"]
FORM = HEAD.index("form")


def size_text(kib):
    return f"{kib / 1024:,.1f} MiB" if kib >= 1024 else f"{max(0, kib):,.0f} KiB"


def time_text(us):
    if us < 1e3:
        return f"{us:.0f} us"
    return f"{us / 1e3:,.1f} ms" if us < 1e6 else f"{us / 1e6:,.2f} s"


def line_of(row):
    """The cells of one row; of one that did not run: how many, in which form, and why not."""
    line = [f"{row['n']:,}", row["name"].split("/")[1]]
    if not row["samples"]:
        return [*line, row["stopped"]]
    wall = row["samples"]
    median = {name: statistics.median(values) for name, values in row["counters"].items()}
    return [*line, f"{statistics.median(wall):.3f}", f"{min(wall):.3f}-{max(wall):.3f}",
            f"{median['cpu_s']:.3f}",
            size_text(median["peak_kib"]), size_text(median["kernel_kib"]),
            f"{median['switches'] + median['preempted']:,.0f}",
            *[time_text(median[name]) for name in ("p50_us", "p99_us", "max_us")]]


def tables_of(rows):
    """(title, lines) for each kind and number of cores."""
    found = {}
    for row in rows:
        found.setdefault((row["name"].split("/")[0], row["cores"]), []).append(line_of(row))
    return [(f"{kind}, {'one core' if cores == 1 else f'{cores} cores'}: {KINDS[kind]}", lines)
            for (kind, cores), lines in found.items()]


def seed_of(rows):
    """The figures of the tutorial that coil began with, and what they are here."""
    here = {row["name"]: statistics.median(row["samples"]) for row in rows
            if row["samples"] and (row["n"], row["cores"]) == (100, 1)}
    claims = [("sleep/serial", "one by one", "20.0"), ("sleep/thread", "threads", "0.249"),
              ("sleep/coil", "tasks", "-")]
    return [[text, there, f"{here[name]:.3f}"] for name, text, there in claims if name in here]


# ---- as text for a terminal ---------------------------------------------------------------------


def text_of(rows):
    parts = []
    for title, lines in tables_of(rows):
        whole = [HEAD, *(line for line in lines if len(line) == len(HEAD))]
        widths = [max(map(len, column)) for column in zip(*whole)]
        parts.append(f"\n{title}\n\n")
        for line in [HEAD, *lines]:
            padded = [cell.ljust(width) if i == FORM else cell.rjust(width)
                      for i, (cell, width) in enumerate(zip(line[:FORM + 1], widths))]
            if len(line) == len(HEAD):
                padded += [cell.rjust(width)
                           for cell, width in zip(line[FORM + 1:], widths[FORM + 1:])]
            else:
                padded += line[FORM + 1:]
            parts.append("  ".join(padded) + "\n")
    if seed := seed_of(rows):
        parts.append("\n100 pages of 0.2 s: s in the tutorial, s here (one core)\n\n")
        parts += [f"{name:<10}  {there:>6}  {here:>8}\n" for name, there, here in seed]
    return "".join(parts)


# ---- as Markdown, for docs/PERFORMANCE.md -------------------------------------------------------


def markdown_row(cells):
    return "| " + " | ".join(cells) + " |\n"


def markdown_of(rows):
    parts = []
    if seed := seed_of(rows):
        parts.append(markdown_row(["100 pages of 0.2 s", "the tutorial, s", "here, s"]))
        parts.append("|---|---|---|\n")
        parts += [markdown_row(line) for line in seed]
    for title, lines in tables_of(rows):
        parts.append(f"\n{title}\n\n" + markdown_row(HEAD) + "|---" * len(HEAD) + "|\n")
        parts += [markdown_row(line + [""] * (len(HEAD) - len(line))) for line in lines]
    return "".join(parts)
