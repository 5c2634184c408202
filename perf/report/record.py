# SPDX-License-Identifier: MIT
"""What a run of benchmarks leaves: one JSON file that says what was measured, of what, and where.

    {"format": "coil-bench 1", "started": ISO 8601, "seconds": 171.2, "quick": true,
     "machine": {..}, "build": {..}, "contestants": {name: version}, "skipped": {name: why},
     "rows": [{"name": "yield/coil", "unit": "ns", "clock": "cpu", "samples": [7.6, 7.7],
               "counters": {"wall_ns": [7.6, 7.8]}}]}

A sample is what one item takes in `unit`, measured by a process of its own; counters are parallel
to the samples. "clock" is "cpu", the processor time of the process, or "wall". A row of a study has
"n" and "cores", too.
"""

import datetime
import json
import os
import pathlib
import platform
import re
import shlex
import statistics
import subprocess

FORMAT = "coil-bench 1"


class Unreadable(Exception):
    """Why a file is no record, in one line."""


# ---- a list of samples


def median(samples):
    return statistics.median(samples)


def quartiles(samples):
    """The lower and the upper one; of a single sample, that sample twice."""
    if len(samples) < 2:
        return samples[0], samples[0]
    low, _, high = statistics.quantiles(samples, n=4, method="inclusive")
    return low, high


# ---- where and what


def lines_of(path):
    try:
        return pathlib.Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def after_colon(lines, name):
    for line in lines:
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return None


def output_of(*command):
    """The first line that a command prints; None when it cannot be run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True,
                              stdin=subprocess.DEVNULL, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return None
    return (done.stdout.splitlines() or [""])[0].strip()


def machine(pinned=None):
    cpu = lines_of("/proc/cpuinfo")
    folder = pathlib.Path("/sys/devices/system/cpu")
    governor = lines_of(folder / "cpu0/cpufreq/scaling_governor")
    mitigations = {path.name: " ".join(lines_of(path))
                   for path in sorted((folder / "vulnerabilities").glob("*"))}
    return {
        "cpu": after_colon(cpu, "model name") or platform.machine(),
        "mhz": after_colon(cpu, "cpu MHz"),
        "cores": len(os.sched_getaffinity(0)),
        "pinned": sorted(pinned) if pinned is not None else None,
        "hypervisor": " hypervisor " in f"{after_colon(cpu, 'flags') or ''} ",
        "governor": governor[0] if governor else None,
        "memory_kib": int((after_colon(lines_of("/proc/meminfo"), "MemTotal") or "0").split()[0]),
        "kernel": f"{platform.system()} {platform.release()}",
        "libc": " ".join(platform.libc_ver()),
        "load": [round(load, 2) for load in os.getloadavg()],
        "mitigations": {name: text for name, text in mitigations.items()
                        if text not in ("", "Not affected")},
    }


def flags_of(folder):
    """What the library is compiled with, without paths, warnings and the like."""
    try:
        units = json.loads((folder / "compile_commands.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None, None
    unit = next((unit for unit in units if unit["file"].endswith("lib/task/sched.c")), None)
    if not unit:
        return None, None
    words = [word for word in shlex.split(unit["command"]) if "ccache" not in word]
    kept = [word for word in words[1:]
            if re.match(r"-(O|g|f|m|std|D_GNU|pthread|-param)", word)
            and not word.startswith("-fdiagnostics")]
    return words[0], " ".join(kept)


def build(folder):
    folder = pathlib.Path(folder)
    compiler, flags = flags_of(folder)
    options = {}
    try:
        info = folder / "meson-info"
        for option in json.loads((info / "intro-buildoptions.json").read_text(encoding="utf-8")):
            if option["name"] in ("buildtype", "context", "b_lto", "probes", "valgrind"):
                options[option["name"]] = option["value"]
        version = json.loads((info / "intro-projectinfo.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        version = {}
    changed = output_of("git", "status", "--porcelain", "--untracked-files=no")
    commit = output_of("git", "rev-parse", "--short", "HEAD")
    return {
        "version": version.get("version"),
        "commit": f"{commit} with changes" if commit and changed else commit,
        "compiler": output_of(compiler, "--version") if compiler else None,
        "flags": flags,
        "options": options,
    }


# ---- the file


def new(quick=False, **parts):
    now = datetime.datetime.now().astimezone()
    return {"format": FORMAT, "started": now.isoformat("T", "seconds"), "seconds": 0,
            "quick": quick, "machine": {}, "build": {}, "contestants": {}, "skipped": {},
            "rows": [], **parts}


def save(record, path):
    """Whoever reads it meanwhile sees the whole of the old one or of the new one."""
    path = pathlib.Path(path)
    other = path.with_name(path.name + ".new")
    other.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    other.replace(path)


def load(path):
    try:
        record = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Unreadable(f"{path}: {error}") from None
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise Unreadable(f"{path}: not a record of '{FORMAT}'")
    return record


def variant(name):
    return name.rpartition("/")[2]


def primitive(name):
    return name.rpartition("/")[0]
