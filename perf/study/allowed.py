# SPDX-License-Identifier: MIT
"""How many workers this machine allows, and what bounds them."""

import pathlib
import resource
import sys

def number_in(path):
    """The number in a file of the kernel's; None where there is none."""
    try:
        return int(pathlib.Path(path).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def pids_of_cgroup():
    """The lowest pids.max of the groups that this process is in."""
    try:
        group = pathlib.Path("/proc/self/cgroup").read_text(encoding="utf-8").split("::")[1].strip()
    except (OSError, IndexError):
        return None
    folder = pathlib.Path("/sys/fs/cgroup")
    limits = [number_in(folder / "pids.max")]
    for part in pathlib.PurePath(group).parts[1:]:
        folder /= part
        limits.append(number_in(folder / "pids.max"))
    return min((limit for limit in limits if limit is not None), default=None)


def most_threads():
    """How many threads the study starts at most, and why. Half of each limit is left to others: who
    takes all numbers of processes takes them from everybody on the machine."""
    own = resource.getrlimit(resource.RLIMIT_NPROC)[0]
    mappings = number_in("/proc/sys/vm/max_map_count")
    limits = {
        "kernel.pid_max": number_in("/proc/sys/kernel/pid_max"),
        "kernel.threads-max": number_in("/proc/sys/kernel/threads-max"),
        "pids.max of this control group": pids_of_cgroup(),
        "RLIMIT_NPROC": None if own == resource.RLIM_INFINITY else own,
        "vm.max_map_count (two mappings a thread)": mappings // 2 if mappings else None,
    }
    known = {name: limit for name, limit in limits.items() if limit is not None}
    if not known:
        return sys.maxsize, ""
    name = min(known, key=known.get)
    return known[name] // 2, f"{name} allows {known[name]:,}; the study takes half at most"


def most_sockets():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard == resource.RLIM_INFINITY:
        return sys.maxsize, ""
    return hard - 64, f"open descriptors: RLIMIT_NOFILE is {hard:,}"


def refusal(kind, form, n):
    """Why this machine cannot run so many of them; None: it can."""
    if form == "thread" and n > most_threads()[0]:
        return most_threads()[1]
    if kind == "sockets" and n > most_sockets()[0]:
        return most_sockets()[1]
    return None
