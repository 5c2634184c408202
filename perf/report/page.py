# SPDX-License-Identifier: MIT
"""The page that shows a record of benchmarks: everybody beside coil, then each primitive."""

import html
import math
import pathlib
import string

import draw
import primitives
import record

TEMPLATE = string.Template(
    pathlib.Path(__file__).with_name("page.html").read_text(encoding="utf-8"))

# The mark of a contestant in the overview; colours alone are not told apart by everybody.
MARKS = {"ucontext": 1, "thread": 5, "floor": 2, "libuv": 9, "boost": 11, "go": 13, "uvloop": 6,
         "asyncio": 7, "gevent": 4}
TILES = ["yield", "create_await", "queue_pingpong", "sleep_100k_warm"]
TILE_VARIANTS = ["thread", "go", "asyncio", "uvloop", "boost"]  # three of them
LEGEND = 110  # pixels
ASLEEP_MS = {"sleep_100k_cold": 200, "sleep_100k_warm": 200, "million_asleep": 3000}

PANEL = """
set border 0
set lmargin at screen 0.3
set rmargin at screen 0.95
set tmargin at screen 0.99
set bmargin at screen $foot
set logscale x
set xrange [$low:$high]
set yrange [$bottom:-0.9]
set xtics scale 0 ($ticks)
set ytics scale 0
set grid xtics ytics linecolor rgb "$grid" linewidth 1
unset key
plot $$data using 2:0:3:4:5:ytic(1) with xerrorbars linecolor rgb variable linewidth 2.5 \
         pointtype 7 pointsize 1, \
     $$data using 2:0:6 with labels left offset 1.2,0.55 font "sans-serif,13"
"""

OVERVIEW = """
set border 0
set lmargin at screen 0.24
set rmargin at screen 0.98
set tmargin at screen $head
set bmargin at screen $foot
set logscale x
set xrange [$low:$high]
set yrange [$bottom:-0.8]
set xtics scale 0 ($ticks)
set ytics scale 0 ($names)
set grid xtics ytics linecolor rgb "$grid" linewidth 1
set key at screen 0.6,screen 0.995 center top horizontal maxcols 5 width -3 samplen 1
set arrow from 1, graph 0 to 1, graph 1 nohead linewidth 3 linecolor rgb "$coil"
plot $curves
"""


def escape(text):
    """A string of gnuplot's."""
    return str(text).replace("\\", "").replace('"', "'").replace("_", " ")


def by_primitive(rows):
    """{primitive: {variant: row}} of the rows with figures that belong to no study, in order."""
    found = {}
    for row in rows:
        if row["samples"] and "n" not in row:
            found.setdefault(record.primitive(row["name"]), {})[record.variant(row["name"])] = row
    return dict(sorted(found.items(), key=lambda item: (primitives.place(item[0]), item[0])))


# ---- plots


def points_of(primitive, variants):
    """(variant, median, low, high) of a primitive, and the floor that counters tell of."""
    points = [(variant, record.median(row["samples"]), *record.quartiles(row["samples"]))
              for variant, row in variants.items()]
    if primitive in ASLEEP_MS and "coil" in variants:
        touches = variants["coil"]["counters"].get("floor_ms", [0])
        floors = [ASLEEP_MS[primitive] + touch for touch in touches]
        points.append(("floor", record.median(floors), *record.quartiles(floors)))
    return sorted((point for point in points if point[1] > 0), key=lambda point: point[1])


def axis_name(variant):
    name = escape(primitives.name(variant))
    return f"{{/:Bold {name}}}" if variant == "coil" else name


def panel(title, points, unit):
    """A row for each, the fastest first."""
    data = "".join(
        f'"{axis_name(variant)}" {median:g} {max(low, median / 100):g} {high:g} '
        f'0x{draw.colour(variant)[1:]} "{escape(draw.amount(median, unit))}"\n'
        for variant, median, low, high in points)
    least, most = points[0][1], points[-1][1]
    low = 10 ** math.floor(math.log10(least) - 0.15) * 0.98  # its tick is inside
    span = math.log10(max(most, low * 15) / low)
    high = low * 10 ** (1.3 * span)  # room for the last figure
    height = 40 + 27 * (len(points) + 0.4)
    return draw.draw(f"$$data << EOD\n{data}EOD\n" + PANEL, 560, round(height), title,
                     low=f"{low:g}", high=f"{high:g}", bottom=len(points) - 0.5,
                     foot=f"{40 / height:.3f}", ticks=draw.ticks(low, high, unit), grid=draw.GRID)


def ratios(found):
    """{variant: [(place, ratio to coil)]} of the primitives that coil and another have."""
    names, curves = [], {}
    for primitive, variants in found.items():
        coil = variants.get("coil")
        others = [variant for variant in variants if variant in MARKS]
        if not coil or set(others) <= {"ucontext"} or record.median(coil["samples"]) <= 0:
            continue
        for variant in others:
            ratio = record.median(variants[variant]["samples"]) / record.median(coil["samples"])
            if ratio > 0:
                curves.setdefault(variant, []).append((len(names), ratio))
        names.append(primitives.label(primitive))
    return names, curves


def overview(found):
    names, curves = ratios(found)
    if not curves:
        return ""
    every = [ratio for points in curves.values() for _, ratio in points]
    low, high = min(0.5, min(every) / 1.5), max(2, max(every) * 1.6)
    data = plots = ""
    for variant in MARKS:
        if variant not in curves:
            continue
        data += f"$${variant} << EOD\n"
        data += "".join(f"{ratio:g} {place}\n" for place, ratio in curves[variant]) + "EOD\n"
        plots += (f'{", " if plots else ""}$${variant} using 1:2 with points pointtype '
                  f'{MARKS[variant]} pointsize 1 linewidth 2 '
                  f'linecolor rgb "{draw.colour(variant)}" '
                  f'title "{escape(primitives.name(variant))}"')
    ticks = ", ".join(f'"{10 ** power:,g} ×" {10 ** power:g}' for power in range(-2, 7)
                      if low <= 10 ** power <= high)
    height = LEGEND + 40 + 25 * (len(names) + 0.6)
    return draw.draw(data + OVERVIEW.replace("$curves", plots), 1000, round(height),
                     "Everybody beside coil", head=f"{1 - LEGEND / height:.3f}",
                     foot=f"{40 / height:.3f}", low=f"{low:g}", high=f"{high:g}",
                     bottom=len(names) - 0.2, grid=draw.GRID, coil=draw.colour("coil"), ticks=ticks,
                     names=", ".join(f'"{escape(name)}" {i}' for i, name in enumerate(names)))


# ---- HTML


def tile(primitive, variants):
    coil = variants["coil"]
    others = "".join(
        f"<li>{html.escape(primitives.name(variant))} <b>"
        f"{draw.amount(record.median(variants[variant]['samples']), coil['unit'])}</b></li>"
        for variant in [name for name in TILE_VARIANTS if name in variants][:3])
    return (f'<div class="tile"><h3>{html.escape(primitives.label(primitive))}</h3><p>'
            f"{draw.amount(record.median(coil['samples']), coil['unit'])}</p>"
            f"<ul>{others}</ul></div>\n")


def memory(variants):
    """What a million that sleep are resident with."""
    points = [(variant, record.median(values), *record.quartiles(values))
              for variant, row in variants.items()
              if (values := row["counters"].get("resident_bytes"))]
    return sorted((point for point in points if point[1] > 0), key=lambda point: point[1])


def figure(primitive, what, text, points, unit):
    return (f'<figure id="{primitive}"><figcaption><b>{html.escape(what)}</b> '
            f"{html.escape(text)}</figcaption>\n{panel(what, points, unit)}</figure>\n")


def sections(found):
    text = ""
    rest = [name for name in found if name not in primitives.ORDER]
    groups = list(primitives.GROUPS)
    if rest:
        groups.append(("More", "", [(name, primitives.label(name), "") for name in rest]))
    for title, said, members in groups:
        figures = ""
        for name, what, explained in members:
            points = points_of(name, found[name]) if name in found else []
            if points:
                unit = next(iter(found[name].values()))["unit"]
                figures += figure(name, what, explained, points, unit)
        if "million_asleep" in dict((member[0], 1) for member in members) and (
                points := memory(found.get("million_asleep", {}))):
            figures += figure("million_memory", "a million asleep: memory",
                              "Resident while they sleep.", points, "bytes")
        if figures:
            text += (f"<h2>{html.escape(title)}</h2>\n<p>{html.escape(said)}</p>\n"
                     f'<div class="panels">\n{figures}</div>\n')
    return text


def cell(row):
    if not row:
        return "<td></td>"
    low, high = (draw.amount(value, row["unit"]) for value in record.quartiles(row["samples"]))
    if low.split()[-1] == high.split()[-1]:
        low = low.split()[0]
    counters = "; ".join(f"{name} {record.median(values):.4g}"
                         for name, values in row["counters"].items() if values)
    hint = f"{len(row['samples'])} samples by {row['clock']} time; {counters}"
    return (f'<td title="{html.escape(hint)}">'
            f"{draw.amount(record.median(row['samples']), row['unit'])}"
            f"<small>{low}–{high}</small></td>")


def table(found):
    columns = [variant for variant in primitives.CONTESTANTS
               if any(variant in variants for variants in found.values())]
    head = "".join(f'<th scope="col" class="{variant}">{html.escape(primitives.name(variant))}</th>'
                   for variant in columns)
    rows = "".join(
        f'<tr><th scope="row">{html.escape(primitives.label(primitive))}</th>'
        + "".join(cell(variants.get(variant)) for variant in columns) + "</tr>\n"
        for primitive, variants in found.items())
    return (f'<div class="wide"><table>\n<thead><tr><th scope="col">per item</th>{head}</tr>'
            f"</thead>\n<tbody>\n{rows}</tbody></table></div>\n")


def facts(record_):
    machine, build = record_["machine"], record_["build"]
    pinned = machine.get("pinned")
    said = {
        "processor": f"{machine.get('cpu')}, {machine.get('cores')} cores"
                     + (", a virtual machine" if machine.get("hypervisor") else ""),
        "pinned to": "core " + ", ".join(map(str, pinned)) if pinned else "nothing",
        "frequency governor": machine.get("governor") or "not told",
        "memory": f"{(machine.get('memory_kib') or 0) / 2 ** 20:.1f} GiB",
        "kernel": f"{machine.get('kernel')}, {machine.get('libc')}",
        "mitigations": "; ".join(f"{name}: {text}" for name, text
                                 in (machine.get("mitigations") or {}).items()) or "none",
        "load at the start": ", ".join(map(str, machine.get("load") or [])),
        "compiler": build.get("compiler"),
        "flags": build.get("flags"),
        "options": ", ".join(f"{name}={value}" for name, value
                             in (build.get("options") or {}).items()),
        "coil": f"{build.get('version')}, {build.get('commit') or 'no commit'}",
        "beside it": ", ".join(f"{primitives.name(name)} {version}" for name, version
                               in record_["contestants"].items()
                               if name not in ("coil", "ucontext") and version),
        "measured": f"{record_['started']}, {record_['seconds']:.0f} s"
                    + (", --quick" if record_["quick"] else ""),
    }
    rows = "".join(f'<tr><th scope="row">{html.escape(name)}</th><td>{html.escape(str(value))}</td>'
                   "</tr>\n" for name, value in said.items() if value)
    return f'<table class="facts"><tbody>\n{rows}</tbody></table>\n'


def skipped(record_):
    if not record_["skipped"]:
        return ""
    items = "".join(f"<li>{html.escape(name)}: {html.escape(str(why))}</li>"
                    for name, why in record_["skipped"].items())
    return f"<h3>Left out</h3>\n<ul>{items}</ul>\n"


def make(record_, more=()):
    """The page; `more` are sections of others, (title, HTML) each."""
    found = by_primitive(record_["rows"])
    rounds = max((len(row["samples"]) for row in record_["rows"]), default=0)
    tiles = "".join(tile(name, found[name]) for name in TILES if "coil" in found.get(name, {}))
    return TEMPLATE.substitute(
        style=draw.style(), tiles=tiles, overview=overview(found), sections=sections(found),
        more="".join(f"<h2>{html.escape(title)}</h2>\n{text}\n" for title, text in more),
        table=table(found), facts=facts(record_), skipped=skipped(record_), rounds=rounds,
        machine=html.escape(f"{record_['machine'].get('cpu')}, {record_['machine'].get('kernel')}"),
        quick=" This was a quick run: few samples, wide spreads." if record_["quick"] else "")
