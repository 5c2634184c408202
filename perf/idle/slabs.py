# SPDX-License-Identifier: MIT
"""What the kernel has allocated, by kind of object; the whole machine's, so that it takes many of
one's own to be seen."""
import pathlib

INFO = pathlib.Path("/proc/slabinfo")


def now():
    """The objects of each kind and their size; None for who may not know."""
    try:
        lines = INFO.read_text(encoding="ascii").splitlines()[2:]
    except OSError:
        return None
    rows = (line.split() for line in lines)
    return {name: (int(objects), int(size)) for name, objects, _, size, *_ in rows}


def grown(before, after, count):
    """For each of `count`: the objects of each kind that there are more of, if it is half a one."""
    if before is None or after is None:
        return None
    more = {name: (objects - before.get(name, (0, 0))[0]) / count
            for name, (objects, _) in after.items()}
    return {name: (number, after[name][1]) for name, number in more.items() if number >= 0.5}


def size(growth):
    """Bytes of what grown() said."""
    return sum(number * size for number, size in growth.values())


def beside(growth, other):
    """What of it `other` has not: whole objects."""
    extra = {name: (round(number - other.get(name, (0, 0))[0]), size)
             for name, (number, size) in growth.items()}
    return {name: (number, size) for name, (number, size) in extra.items() if number > 0}
