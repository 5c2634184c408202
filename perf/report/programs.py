# SPDX-License-Identifier: MIT
"""Whole programs: the crawl, fio beside reads from the disk, and servers, which take their turns
by themselves."""

import json
import pathlib
import shutil
import sys
import tempfile

from contestants import PERF, Failed, run


class Crawl:
    """100 pages that take 0.2 s each; asleep only, or over HTTP. The floor is a bare loop of
    libcurl's."""

    ROWS = {"crawl_100/coil": ["--modes", "tasks"], "crawl_100/thread": ["--modes", "threads"],
            "crawl_100/floor": ["--floor", "--rounds", "1"],
            "crawl_100_asleep/coil": ["--client", "sleep", "--modes", "tasks"],
            "crawl_100_asleep/thread": ["--client", "sleep", "--modes", "threads"]}

    def __init__(self, program):
        self.program = str(program)

    def names(self, _cores):
        return list(self.ROWS)

    def sample(self, name, _seconds, cores, patience):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "crawl.json"
            run([self.program, *self.ROWS[name], "--json", path], cores, patience)
            got = json.loads(path.read_text(encoding="utf-8"))["runs"][-1]
        if got["failed"]:
            raise Failed(f"{got['failed']} pages failed")
        return {"unit": "ms", "clock": "wall", "value": 1e3 * got["seconds"],
                "counters": {"cpu_ms": 1e3 * got["cpu_seconds"], "peak_kib": got["peak_rss_kib"]}}


class Fio:
    """What perf/bench/file_direct.c does, by fio's engine for io_uring."""

    def names(self, _cores):
        return ["file_direct_64/fio"]

    def sample(self, _name, seconds, cores, patience):
        output = run(["fio", "--name=read", "--directory=/var/tmp", "--unlink=1", "--size=64m",
                      "--rw=randread", "--bs=4k", "--direct=1", "--ioengine=io_uring",
                      "--iodepth=64", "--time_based", f"--runtime={max(1, round(5 * seconds))}",
                      "--output-format=json"], cores, patience)
        got = json.loads(output)["jobs"][0]["read"]
        return {"unit": "ns", "clock": "wall", "value": 1e9 / got["iops"], "counters": {}}


def found(build, skipped):
    """Those there are; the others are put to what was left out."""
    programs = []
    if (build / "perf/crawl").exists():
        programs.append(Crawl(build / "perf/crawl"))
    else:
        skipped["crawl"] = "it was not built"
    if shutil.which("fio"):
        programs.append(Fio())
    else:
        skipped["fio"] = "fio is not installed"
    return programs


# ---- servers: each has a core to itself, and its client another


def servers(build, rounds, quick):
    """(name, command) of what measures servers."""
    echo = ["--contestants", "all"]
    if quick:
        echo = ["--contestants", "coil", "floor", "libuv", "go", "asyncio", "--messages", "20000",
                "--connections", "64"]
    http = ["--seconds", "1"] if quick else []
    common = ["--build", build, "--rounds", rounds]
    return [
        ("echo", [PERF / "echo/run.py", "speed", *echo, *common]),
        ("http", [PERF / "http/run.py", *http, *common]),
    ]


def measure_servers(command, cores, patience):
    """The rows of one of them."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "rows.json"
        run([sys.executable, "-B", *map(str, command), "--json", str(path)], cores, patience)
        return json.loads(path.read_text(encoding="utf-8"))
