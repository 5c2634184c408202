# SPDX-License-Identifier: MIT
"""The page that shows a crawl: HTML with its plots, drawn by gnuplot, inside."""

import datetime
import html
import os
import pathlib
import platform
import string
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "report"))
import draw

COLOURS = {mode: draw.colour(name) for mode, name in
           {"sequential": "serial", "threads": "thread", "tasks": "coil"}.items()}
POINTS = {"threads": 5, "tasks": 7}
NAMES = {"sequential": "one by one", "threads": "threads", "tasks": "tasks"}

BARS = """
set boxwidth 0.6
set style fill solid 1
set yrange [0:$top]
set xrange [-0.6:$right]
set ylabel "seconds for $pages pages"
set xtics scale 0
unset key
plot $$data using 0:2:3:xtic(1) with boxes linecolor rgb variable, \
     $$data using 0:2:4 with labels offset 0,0.8
"""

CURVES = """
set logscale $log
set xrange [80:130000]
set xlabel "asleep at once"
set ylabel "$label"
set xtics ("100" 100, "1,000" 1000, "10,000" 10000, "100,000" 100000)
$ticks
set yrange [$bottom:$top]
set grid xtics
plot $curves
"""

TEMPLATE = string.Template(
    pathlib.Path(__file__).with_name("page.html").read_text(encoding="utf-8"))


def seconds(value):
    return f"{value:.3f} s" if value < 1 else f"{value:.1f} s"


def bars(pages):
    runs = pages["runs"]
    rows = "".join(f'"{NAMES[run["mode"]]}" {run["seconds"]} 0x{COLOURS[run["mode"]][1:]} '
                   f'"{seconds(run["seconds"])}"\n' for run in runs)
    return draw.draw(f"$$data << EOD\n{rows}EOD\n" + BARS, 640, 400, "Time by mode",
                     top=max(run["seconds"] for run in runs) * 1.12, right=len(runs) - 0.4,
                     pages=pages["pages"])


def ticks_between(bottom, top):
    """1, 3, 10, 30 .. within the range, as gnuplot wants them."""
    steps = [factor * 10 ** power for power in range(-3, 6) for factor in (1, 3)]
    return ", ".join(f'"{step:,g}" {step:g}' for step in steps if bottom <= step <= top)


def curves(asleep, key, unit, label, title, log):
    data = plots = ""
    values = []
    for mode, (runs, _) in asleep.items():
        if not runs:
            continue
        points = [(run["pages"], run[key] / unit) for run in runs]
        values += [value for _, value in points]
        data += f"$${mode} << EOD\n" + "".join("%d %g\n" % point for point in points) + "EOD\n"
        plots += (f'{", " if plots else ""}$${mode} using 1:2 with linespoints linewidth 2.5 '
                  f'linecolor rgb "{COLOURS[mode]}" pointtype {POINTS[mode]} pointsize 0.7 '
                  f'title "{NAMES[mode]}"')
    bottom, top = (min(values) * 0.8, max(values) * 1.6) if log else (0, max(values) * 1.2)
    return draw.draw(data + CURVES.replace("$curves", plots), 640, 420, title, label=label,
                     log="xy" if log else "x", bottom=bottom, top=top,
                     ticks=f"set ytics ({ticks_between(bottom, top)})" if log else "")


def table(pages):
    slow = pages["runs"][0]["seconds"]
    rows = ""
    for run in pages["runs"]:
        cells = [seconds(run["seconds"]), f"{slow / run['seconds']:.1f}",
                 f"{run['cpu_seconds'] * 1000:.0f} ms", f"{run['peak_rss_kib'] / 1024:.1f} MiB",
                 str(run["threads"])]
        rows += (f'<tr><th scope="row" class="{run["mode"]}">{NAMES[run["mode"]]}</th>'
                 + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>\n")
    return rows


def machine():
    cpu = platform.machine()
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            cpu = line.partition(":")[2].strip()
            break
    cores = len(os.sched_getaffinity(0))
    day = datetime.date.today().isoformat()
    return f"{cores} core{'s' if cores > 1 else ''} of {cpu}, Linux {platform.release()}, {day}"


def limits(asleep):
    said = [f"No more {mode}: {reason}." for mode, (_, reason) in asleep.items() if reason]
    return html.escape(" ".join(said))


def each(asleep, mode):
    """What one more costs, between the smallest and the largest size, in KiB."""
    runs = asleep[mode][0]
    if len(runs) < 2:
        return "?"
    first, last = runs[0], runs[-1]
    kib = (last["peak_rss_kib"] - first["peak_rss_kib"]) / (last["pages"] - first["pages"])
    return f"{kib:.1f} KiB"


def make(pages, asleep, latency):
    by_mode = {run["mode"]: run for run in pages["runs"]}
    tasks = asleep["tasks"][0]
    most = tasks[-1]
    return TEMPLATE.substitute(
        style=draw.style(), pages=pages["pages"],
        latency=f"{pages['latency_s']:g}", rows=table(pages),
        sequential=seconds(by_mode["sequential"]["seconds"]),
        threads=seconds(by_mode["threads"]["seconds"]),
        tasks=seconds(by_mode["tasks"]["seconds"]), bars=bars(pages),
        times=curves(asleep, "seconds", 1, "seconds until all have woken", "Time asleep",
                     log=False),
        memory=curves(asleep, "peak_rss_kib", 1024, "peak memory, MiB", "Memory asleep",
                      log=True),
        asleep=f"{latency:g}", most=f"{most['pages']:,}", most_time=seconds(most["seconds"]),
        each_task=each(asleep, "tasks"), each_thread=each(asleep, "threads"),
        limits=limits(asleep), machine=html.escape(machine()))
