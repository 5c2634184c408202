# SPDX-License-Identifier: MIT
"""Whole programs as contestants: the crawl, the echo server, and fio beside reads from the disk."""

import importlib.util
import json
import pathlib
import shutil
import tempfile
import types

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


class Echo:
    """64 connections of 64 bytes: what the server takes of the processor for a message. It pins
    itself, to the first core, and the client to the second."""

    ROWS = {"echo_64/coil": "coil", "echo_64/floor": "floor"}
    CONNECTIONS = 64

    def __init__(self, build):
        spec = importlib.util.spec_from_file_location("echo_run", PERF / "echo/run.py")
        self.echo = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.echo)
        self.build = pathlib.Path(build)

    def names(self, _cores):
        return list(self.ROWS)

    def sample(self, name, seconds, _cores, _patience):
        options = types.SimpleNamespace(build=self.build, messages=int(1e6 * seconds))
        try:
            rate, cpu = self.echo.one_round(options, self.ROWS[name], self.CONNECTIONS)
        except self.echo.Failed as error:
            raise Failed(str(error)) from None
        return {"unit": "us", "clock": "cpu", "value": cpu, "counters": {"per_s": rate}}


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
    if (build / "examples/echo_server").exists():
        programs.append(Echo(build))
    else:
        skipped["echo"] = "it was not built"
    if shutil.which("fio"):
        programs.append(Fio())
    else:
        skipped["fio"] = "fio is not installed"
    return programs
