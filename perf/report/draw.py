# SPDX-License-Identifier: MIT
"""Plots for pages: gnuplot's SVG with colours that the page exchanges, and the pages' style."""

import html
import pathlib
import re
import string
import subprocess

# What a plot is drawn in. The page has other colours for the same things on light and dark paper.
# Okabe and Ito's, as far as they go: told apart also by who sees few colours.
INK = "#101010"
GRID = "#c8c8c8"
SOFT = "#5c5c5c"
COLOURS = {  # name: (in the plot, on light paper, on dark paper)
    "coil": ("#0072b2", "#0069a6", "#56b4e9"),
    "ucontext": ("#5a7fb0", "#5a7fb0", "#8fb4dc"),
    "thread": ("#d55e00", "#c75300", "#f0883e"),
    "serial": ("#6e6e6e", "#6e6e6e", "#a0a0a0"),
    "floor": ("#3c3c3c", "#3c3c3c", "#d0d0d0"),
    "swapcontext": ("#8c8c8c", "#8c8c8c", "#8c8c8c"),
    "libuv": ("#009e73", "#00875f", "#2bc79a"),
    "boost": ("#cc79a7", "#b8568e", "#e29bc2"),
    "go": ("#00a0b0", "#008fa0", "#39c5d4"),
    "asyncio": ("#e69f00", "#b87d00", "#f0b429"),
    "uvloop": ("#a6761d", "#946514", "#c99b4a"),
    "gevent": ("#7a8b00", "#6c7a00", "#b3c232"),
    "loops": ("#4b3fa0", "#4b3fa0", "#a99df0"),
}
OTHER = ("#8c8c8c", "#767676", "#a0a0a0")

HEAD = f"""
set terminal svg size $width,$height dynamic font "sans-serif,16"
set border 3 linecolor rgb "{INK}"
set tics nomirror out textcolor rgb "{INK}"
set grid ytics linecolor rgb "{GRID}" linewidth 1
set key top left Left reverse textcolor rgb "{INK}" samplen 2 spacing 1.3
"""

STYLE = string.Template(
    pathlib.Path(__file__).with_name("style.css").read_text(encoding="utf-8"))


def colour(name):
    """What something is drawn in."""
    return COLOURS.get(name, OTHER)[0]


def style():
    """The pages' style sheet, with a rule for each colour of the plots."""
    colours = {**COLOURS, "other": OTHER}
    rules = "".join(
        f"svg [{attribute}=\"{drawn}\"] {{ {attribute}: var(--{name}); }}\n"
        for name, (drawn, _, _) in colours.items() for attribute in ("stroke", "fill", "color"))
    light, dark = ("".join(f"    --{name}: {shades[place]};\n" for name, shades in colours.items())
                   for place in (1, 2))
    return STYLE.substitute(light=light, dark=dark, rules=rules, ink=INK, grid=GRID, soft=SOFT)


def draw(script, width, height, title, **values):
    """An SVG element; its colours are #rrggbb, so that the page can exchange them."""
    source = string.Template(HEAD + script).substitute(values, width=width, height=height)
    done = subprocess.run(["gnuplot"], input=source, capture_output=True, text=True, check=False)
    if done.returncode or done.stderr.strip():
        raise RuntimeError(f"gnuplot: {done.stderr.strip()}")
    svg = done.stdout[done.stdout.index("<svg"):]
    svg = re.sub(r"rgb\( *(\d+), *(\d+), *(\d+)\)",
                 lambda match: "#%02x%02x%02x" % tuple(map(int, match.groups())), svg)
    # Its own titles say how it was plotted.
    svg = re.sub(r"<(title|desc)>.*?</\1>", "", svg, flags=re.S)
    # Of several on one page each needs names of its own.
    prefix = re.sub(r"\W+", "-", title)
    svg = re.sub(r"(id=['\"]|href=['\"]#|url\(#)", rf"\g<1>{prefix}-", svg)
    return svg.replace("<svg", f'<svg role="img" aria-label="{html.escape(title)}"', 1)


# ---- numbers for people

SCALES = {"ns": ((1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1, "ns")),
          "us": ((1e6, "s"), (1e3, "ms"), (1, "µs"), (1e-3, "ns")),
          "ms": ((1e3, "s"), (1, "ms"), (1e-3, "µs"), (1e-6, "ns")),
          "s": ((1, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")),
          "bytes": ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "bytes"))}


def digits(value):
    """Three of them, without an exponent."""
    shown = f"{value:#.3g}"
    return f"{float(shown):,.0f}" if "e" in shown or abs(value) >= 99.95 else shown


def amount(value, unit, form=digits):
    """With a unit in which it is easy to read: 7.63 ns, 19.3 µs."""
    scales = SCALES.get(unit, ((1, unit),))
    factor, name = next((scale for scale in scales if abs(value) >= scale[0] * 0.9995), scales[-1])
    return f"{form(value / factor)} {name}"


def ticks(low, high, unit):
    """Round numbers between the two, as gnuplot wants them: powers of ten, of a short range thirds
    of a power, too."""
    factors = (1, 3) if high / low < 300 else (1,)
    steps = [factor * 10.0 ** power for power in range(-4, 16) for factor in factors]
    return ", ".join(f'"{amount(step, unit, "{:g}".format)}" {step:g}'
                     for step in steps if low <= step <= high)
