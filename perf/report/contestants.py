# SPDX-License-Identifier: MIT
"""The programs that are measured: what rows each has, and one sample of a row."""

import contextlib
import json
import os
import pathlib
import platform
import re
import signal
import subprocess

import record

TIMEOUT = 300  # seconds that a sample may take
PERF = pathlib.Path(__file__).resolve().parent.parent


class Failed(Exception):
    """Why there is no sample, in one line."""


def run(command, cores, patience=TIMEOUT):
    """What a program prints, pinned. It ends with all that it has started."""
    try:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   stdin=subprocess.DEVNULL, text=True, start_new_session=True,
                                   preexec_fn=lambda: os.sched_setaffinity(0, cores))
    except OSError as error:
        raise Failed(str(error)) from None
    try:
        said, errors = process.communicate(timeout=patience)
    except BaseException as error:
        with contextlib.suppress(ProcessLookupError):  # all have ended
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise Failed(f"no end after {patience:.0f} s") from None
        raise
    if process.returncode:
        lines = [*errors.strip().splitlines(), *said.strip().splitlines()]
        raise Failed(lines[-1] if lines else f"it ended with {process.returncode}")
    return said


class Google:
    """A program on Google Benchmark. `variant`: only its rows of coil, under that name."""

    UNITS = {"ns": "ns", "us": "us", "ms": "ms", "s": "s"}
    NO_COUNTERS = {"name", "run_name", "run_type", "family_index", "per_family_instance_index",
                   "repetitions", "repetition_index", "threads", "iterations", "real_time",
                   "cpu_time", "time_unit"}

    def __init__(self, program, variant=None):
        self.program, self.variant = str(program), variant
        self.own = {}  # the row's name here: its name there

    def names(self, cores):
        listed = run([self.program, "--benchmark_list_tests"], cores).split()
        for name in (re.sub(r"/(iterations:\d+|manual_time)", "", name) for name in listed):
            if self.variant is None:
                self.own[name] = name
            elif record.variant(name) == "coil":
                self.own[f"{record.primitive(name)}/{self.variant}"] = name
        return list(self.own)

    def sample(self, name, seconds, cores, patience):
        own = self.own[name]
        output = run([self.program, f"--benchmark_filter=^{re.escape(own)}(/.*)?$",
                      f"--benchmark_min_time={seconds:g}", "--benchmark_format=json"], cores,
                     patience)
        figures = json.loads(output)["benchmarks"][0]
        if figures.get("error_occurred"):
            raise Failed(figures.get("error_message") or "it failed")
        counters = {key: value for key, value in figures.items()
                    if key not in self.NO_COUNTERS and isinstance(value, (int, float))}
        return {"unit": self.UNITS[figures["time_unit"]], "value": figures["real_time"],
                "clock": "cpu" if "wall_ns" in counters else "wall", "counters": counters}


class Peer:
    """A program that answers to --list and to NAME SECONDS."""

    def __init__(self, *command):
        self.command = [str(word) for word in command]

    def names(self, cores):
        return run([*self.command, "--list"], cores).split()

    def sample(self, name, seconds, cores, patience):
        return json.loads(run([*self.command, name, f"{seconds:g}"], cores, patience))


# ---- those there are


def python_of(module):
    """The Python that has a module: the distribution's, of which its packages are, or this one."""
    for python in ("/usr/bin/python3", "python3"):
        version = record.output_of(python, "-c", f"import platform, {module} as m\n"
                                   "print(getattr(m, '__version__', platform.python_version()))")
        if version:
            return python, version
    return None, None


def boost_version():
    for line in record.lines_of("/usr/include/boost/version.hpp"):
        if match := re.match(r'#define BOOST_LIB_VERSION "([\d_]+)"', line):
            return match[1].replace("_", ".")
    return ""


def found(build, ucontext, version):
    """(programs, {contestant: version}, {contestant: why it is missing})."""
    build, ucontext = pathlib.Path(build), pathlib.Path(ucontext)
    programs, versions, skipped = [], {}, {}

    def add(program, path, name, known, why):
        if pathlib.Path(path).exists():
            programs.append(program)
            versions.update({name: known})
        else:
            skipped[name] = why

    add(Google(build / "perf/bench"), build / "perf/bench", "coil", version, "it was not built")
    if "coil" in versions:
        versions["thread"] = " ".join(platform.libc_ver())
    add(Google(ucontext / "perf/bench", "ucontext"), ucontext / "perf/bench", "ucontext", version,
        "it was not built")
    add(Google(build / "perf/bench_libuv"), build / "perf/bench_libuv", "libuv",
        record.output_of("pkg-config", "--modversion", "libuv"), "libuv1-dev is not installed")
    add(Google(build / "perf/bench_boost"), build / "perf/bench_boost", "boost", boost_version(),
        "libboost-fiber-dev is not installed")
    add(Peer(build / "perf/bench_go"), build / "perf/bench_go", "go",
        (record.output_of("go", "version") or "").removeprefix("go version go").split(" ")[0],
        "golang-go is not installed, or could not build it")
    add_python(programs, versions, skipped)
    return programs, versions, skipped


def add_python(programs, versions, skipped):
    python, versions["asyncio"] = python_of("asyncio")
    with_uvloop, known = python_of("uvloop")
    if with_uvloop:
        python, versions["uvloop"] = with_uvloop, known
        versions["asyncio"] = record.output_of(python, "-c",
                                               "import platform; print(platform.python_version())")
    else:
        skipped["uvloop"] = "python3-uvloop is not installed"
    programs.append(Peer(python, "-B", PERF / "peers/asyncio/bench.py"))
    python, known = python_of("gevent")
    if python:
        versions["gevent"] = known
        programs.append(Peer(python, "-B", PERF / "peers/gevent/bench.py"))
    else:
        skipped["gevent"] = "python3-gevent is not installed"
