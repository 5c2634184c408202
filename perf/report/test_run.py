#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The way from programs to the page, without regard to what time anything takes: test_run.py BENCH

BENCH is a program on Google Benchmark whose rows are all tried.
"""

import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import types
import unittest
import unittest.mock
import warnings

import contestants
import page
import primitives
import programs
import record
import run
from look import look_at

BENCH = None
PATIENCE = 60
ALL_CORES = os.sched_getaffinity(0)


class Fake:
    """A contestant that always takes the same."""

    def __init__(self, variant, names, fails=()):
        self.variant, self.listed, self.fails, self.ran = variant, names, fails, []

    def names(self, cores):
        return [f"{name}/{self.variant}" for name in self.listed]

    def sample(self, name, seconds, cores, patience):
        self.ran.append(name)
        if name in self.fails:
            raise contestants.Failed("not today")
        return {"unit": "ns", "clock": "cpu", "value": 10.0 * len(self.variant),
                "counters": {"wall_ns": 11.0}}


def measured(programs, **settings):
    record_ = record.new()
    settings = types.SimpleNamespace(**{"quick": False, "only": None, "rounds": 3, "share": 0,
                                        "seconds": float("inf"), "cores": ALL_CORES,
                                        "all_cores": ALL_CORES, **settings})
    said = io.StringIO()
    measurement = run.Measurement(record_, programs, settings, run.Progress(said))
    saved = []
    measurement.all_rounds(lambda: saved.append(len(record_["rows"])))
    return record_, said.getvalue(), saved


def made_record():
    """A figure for every primitive and every contestant that the page knows."""
    rows = [{"name": f"{name}/{variant}", "unit": "ms" if "sleep_" in name else "ns",
             "clock": "cpu", "samples": [i + 1.0, i + 1.5, i + 3.0],
             "counters": {"resident_bytes": [4e9] * 3, "floor_ms": [5.0] * 3}
             if name == "million_asleep" else {"wall_ns": [1.0] * 3}}
            for name in primitives.ORDER
            for i, variant in enumerate([*primitives.CONTESTANTS, "jmp"])]
    return record.new(rows=rows, machine=record.machine([0]),
                      build={"version": "0", "flags": "-O3 <&>"},
                      contestants={name: "1" for name in primitives.CONTESTANTS},
                      skipped={"tokio": "is <not> here"}, quick=True)


class Runs(unittest.TestCase):
    def test_contestants_take_turns(self):
        one, other = Fake("coil", ["yield", "lock"]), Fake("go", ["lock", "yield"])
        record_, _, saved = measured([one, other])
        self.assertEqual([row["name"] for row in record_["rows"]],
                         ["yield/coil", "yield/go", "lock/coil", "lock/go"])
        self.assertEqual([len(row["samples"]) for row in record_["rows"]], [3] * 4)
        self.assertEqual(record_["rows"][1]["counters"], {"wall_ns": [11.0] * 3})
        self.assertEqual(saved, [4, 4, 4])

    def test_who_begins_changes(self):
        settings = types.SimpleNamespace(quick=False, only=None, cores=ALL_CORES)
        programs = [Fake(variant, ["lock"]) for variant in ("coil", "go", "boost")]
        measurement = run.Measurement(record.new(), programs, settings, None)
        first = [measurement.order(number)[0] for number in range(6)]
        self.assertEqual(set(first), {"lock/coil", "lock/go", "lock/boost"})

    def test_a_row_that_fails_is_left_out_and_said_to_be(self):
        record_, said, _ = measured([Fake("coil", ["yield", "lock"], ["lock/coil"])])
        self.assertEqual([row["name"] for row in record_["rows"]], ["yield/coil"])
        self.assertEqual(record_["skipped"], {"lock/coil": "not today"})
        self.assertIn("skipped: lock/coil: not today", said)

    def test_what_the_time_does_not_suffice_for_is_named(self):
        record_, _, _ = measured([Fake("coil", ["yield"])], seconds=-1)
        self.assertEqual(record_["rows"], [])
        self.assertEqual(record_["skipped"], {"yield/coil": "no time was left"})

    def test_a_quick_run_leaves_out_what_is_slow(self):
        record_, _, _ = measured([Fake("asyncio", ["yield", "million_asleep"])], quick=True)
        self.assertEqual([row["name"] for row in record_["rows"]], ["yield/asyncio"])
        self.assertIn("million_asleep/asyncio", record_["skipped"])

    def test_only_some(self):
        record_, _, _ = measured([Fake("coil", ["yield", "lock"])], only=re.compile("^lo"))
        self.assertEqual([row["name"] for row in record_["rows"]], ["lock/coil"])

    def test_of_what_takes_long_few_samples_are_enough(self):
        settings = types.SimpleNamespace(quick=False, only=None, cores=ALL_CORES)
        measurement = run.Measurement(record.new(), [Fake("coil", ["lock"])], settings, None)
        measurement.rows["lock/coil"] = {"samples": [1.0] * run.LONG_ROUNDS}
        self.assertFalse(measurement.enough("lock/coil"))
        measurement.took["lock/coil"] = run.LONG + 1
        self.assertTrue(measurement.enough("lock/coil"))

    def test_a_program_that_is_not_there_is_left_out(self):
        record_, _, _ = measured([contestants.Peer("/nowhere/peer")])
        self.assertIn("/nowhere/peer", record_["skipped"])


class Programs(unittest.TestCase):
    def test_a_program_ends_with_what_it_started(self):
        # As long as the sleep holds what it was started with, nobody sees the end of the output.
        with self.assertRaises(contestants.Failed):
            contestants.run(["sh", "-c", "sleep 1000 & wait"], ALL_CORES, 0.2)

    def test_an_interrupt_comes_through(self):
        def end_first(process, timeout=None):
            process.wait()
            if timeout is not None:
                raise KeyboardInterrupt

        with unittest.mock.patch.object(subprocess.Popen, "communicate", end_first):
            with self.assertRaises(KeyboardInterrupt), warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)  # of the pipes nobody read
                contestants.run(["true"], ALL_CORES)

    def test_servers_give_rows(self):
        with tempfile.TemporaryDirectory() as folder:
            script = pathlib.Path(folder) / "serve.py"
            script.write_text("import sys\nassert sys.argv[1:3] == ['--rounds', '3']\n"
                              "open(sys.argv[4], 'w').write('[1]')\n", encoding="utf-8")
            got = programs.measure_servers([script, "--rounds", 3], ALL_CORES, PATIENCE)
            self.assertEqual(got, [1])

    def test_asyncio_answers(self):
        peer = contestants.Peer(sys.executable, "-B", contestants.PERF / "peers/asyncio/bench.py")
        self.assertIn("yield/asyncio", peer.names(ALL_CORES))
        got = peer.sample("lock/asyncio", 0, ALL_CORES, PATIENCE)
        self.assertEqual((got["name"], got["unit"], got["clock"]), ("lock/asyncio", "ns", "cpu"))
        self.assertIn("wall_ns", got["counters"])

    def test_another_build_of_coil_has_a_name_of_its_own(self):
        program = contestants.Google(BENCH, "ucontext")
        names = program.names(ALL_CORES)
        self.assertIn("lock/ucontext", names)
        self.assertFalse([name for name in names if not name.endswith("/ucontext")])

    def test_each_row_runs(self):
        program = contestants.Google(BENCH)
        for name in program.names(ALL_CORES):
            known = record.primitive(name) in primitives.ORDER
            self.assertTrue(known and primitives.name(record.variant(name)), f"{name} is shown")
            # The others have what takes long to set up.
            slow = "million|sleep_100k|timer_arm|close_10000|file_direct|wake_latency"
            if not re.match(slow, name):
                with self.subTest(name):
                    got = program.sample(name, 0, ALL_CORES, PATIENCE)
                    self.assertIn(got["clock"], ("cpu", "wall"))


class Pages(unittest.TestCase):
    def setUp(self):
        if not shutil.which("gnuplot"):
            self.skipTest("no gnuplot")

    def test_the_page_is_whole(self):
        record_ = made_record()
        text = page.make(record_, [("Of others", "<p>More.</p>")])
        # The overview, each primitive, and the memory of a million.
        plots = look_at(text, 2 + len(primitives.ORDER))
        self.assertTrue(all(f">{name}<" in plots[0] for name in ("threads", "Go", "asyncio")))
        self.assertTrue(all("coil" in plot for plot in plots))
        self.assertIn("tokio: is &lt;not&gt; here", text)
        self.assertIn("-O3 &lt;&amp;&gt;", text)
        self.assertIn("<h2>Of others</h2>", text)

    def test_a_single_row_is_enough(self):
        record_, _, _ = measured([Fake("coil", ["yield"])])
        look_at(page.make(record_), 1)

    def test_a_record_comes_back(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "record.json"
            record_ = made_record()
            record.save(record_, path)
            self.assertEqual(record.load(path), record_)
            path.write_text(json.dumps({"format": "another"}), encoding="utf-8")
            with self.assertRaises(record.Unreadable):
                record.load(path)


if __name__ == "__main__":
    BENCH = sys.argv.pop(1)
    sys.exit(unittest.main(verbosity=1))
