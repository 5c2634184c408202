# SPDX-License-Identifier: MIT
"""Measures, and leaves a record and a page: run.py [--quick] [...] BUILD UCONTEXT_BUILD FOLDER

A sample is one run of one program; a round is a sample of each row. Within a primitive the programs
take turns, from round to round in another order, and the rounds go on until there are enough or
the time is over: what disturbs the machine for a while, disturbs all alike.
"""

import argparse
import importlib.util
import os
import pathlib
import re
import sys
import time

import compare
import contestants
import page
import primitives
import programs
import record

QUICK_SECONDS = 160  # what --quick may take after the build, without the page
QUICK_SERVERS = 20  # of them
ROUNDS = 15
LONG, LONG_ROUNDS = 3, 5  # of what takes so many seconds, so many samples are enough
STUDY_SECONDS = 400
SERVERS_PATIENCE = 3600
LAST = {"million_asleep"}  # it takes as long as the machine needs to find the memory
SHARE = {True: 0.04, False: 0.2}  # seconds of a sample, quick or not
TWO_CORES = {"wake_latency"}  # its two sides look at each other

# What takes longer than all the rest together, and is therefore no part of a quick run.
SLOW = {
    "crawl_100": {"thread", "floor"},
    "file_direct_64": {"ucontext", "fio"},
    "million_asleep": {"ucontext", "libuv", "go", "asyncio", "uvloop"},
    "sleep_100k_cold": {"boost", "uvloop", "gevent"},
    "sleep_100k_warm": {"boost", "asyncio"},
    "timer_arm_cancel_1M": {"asyncio", "uvloop", "go"},
    "timer_arm_cancel_1M_later": {"asyncio", "uvloop", "go", "ucontext"},
    "timer_arm_cancel_1M_any": {"asyncio", "uvloop", "go", "ucontext"},
}


class Progress:
    """A line that says how far it is, on a terminal only; else a line each round."""

    def __init__(self, out):
        self.out, self.live = out, out.isatty()

    def at(self, done, count, round_, name, remaining):
        if not self.live:
            return
        minutes, seconds = divmod(max(0, round(remaining)), 60)
        left = f"{minutes} min {seconds:02d} s left" if minutes else f"{seconds} s left"
        bar = "#" * (24 * done // max(1, count))
        self.out.write(f"\r\033[K[{bar:<24}] round {round_}, {done}/{count}, {left}  {name}")
        self.out.flush()

    def say(self, text):
        self.out.write(("\r\033[K" if self.live else "") + text + "\n")
        self.out.flush()


class Measurement:
    """Programs that are measured into a record."""

    def __init__(self, record_, programs, settings, progress):
        self.record, self.settings, self.progress = record_, settings, progress
        self.began = time.monotonic()
        self.rows = {}     # name: row of the record
        self.program = {}  # name: who measures it
        self.took = {}     # name: seconds of its last sample
        for program in programs:
            self.add(program)

    def add(self, program):
        try:
            names = program.names(self.settings.cores)
        except contestants.Failed as error:
            self.record["skipped"][" ".join(getattr(program, "command", [program]))] = str(error)
            return
        for name in names:
            variant, primitive = record.variant(name), record.primitive(name)
            if self.settings.only and not self.settings.only.search(name):
                continue
            if self.settings.quick and variant in SLOW.get(primitive, ()):
                self.record["skipped"][name] = "too slow for --quick"
            else:
                self.program[name] = program

    def order(self, round_):
        """Primitive by primitive; who begins, changes from round to round."""
        members = {}
        for name in self.program:
            members.setdefault(record.primitive(name), []).append(name)
        order = []
        for primitive in sorted(members, key=lambda name: (name in LAST, primitives.place(name),
                                                           name)):
            names = members[primitive]
            start = round_ % len(names)
            order += names[start:] + names[:start] if round_ % 2 else \
                list(reversed(names[start:] + names[:start]))
        return order

    def enough(self, name):
        return self.took.get(name, 0) > LONG and \
            len(self.rows[name]["samples"]) >= (1 if self.settings.quick else LONG_ROUNDS)

    def elapsed(self):
        return time.monotonic() - self.began

    def guess(self, name):
        """Seconds that a sample will take."""
        known = list(self.took.values())
        return self.took.get(name, sum(known) / len(known) if known else 1)

    def cores_of(self, name):
        return self.settings.all_cores if record.primitive(name) in TWO_CORES \
            else self.settings.cores

    def sample(self, name):
        start = time.monotonic()
        patience = min(contestants.TIMEOUT, max(1, self.settings.seconds - self.elapsed()))
        try:
            got = self.program[name].sample(name, self.settings.share, self.cores_of(name),
                                            patience)
        except contestants.Failed as error:
            del self.program[name]
            self.record["skipped"][name] = str(error)
            self.progress.say(f"skipped: {name}: {error}")
            return
        self.took[name] = time.monotonic() - start
        row = self.rows.setdefault(name, {"name": name, "unit": got["unit"], "clock": got["clock"],
                                          "samples": [], "counters": {}})
        row["samples"].append(got["value"])
        for counter, value in got["counters"].items():
            row["counters"].setdefault(counter, []).append(value)

    def round(self, number):
        """False: the time was over before all had their turn."""
        order = [name for name in self.order(number) if not self.enough(name)]
        whole = True
        for place, name in enumerate(order):
            if self.elapsed() + self.guess(name) > self.settings.seconds:
                whole = False
                continue
            if name in self.program:
                later = sum(map(self.guess, order[place:]))
                left = later + (self.settings.rounds - number - 1) * sum(map(self.guess, order))
                self.progress.at(place, len(order), number + 1, name,
                                 min(left, self.settings.seconds - self.elapsed()))
                self.sample(name)
        return whole

    def servers(self):
        """What has its own turns: fewer of them, each takes long."""
        quick = self.settings.quick
        for name, command in programs.servers(self.settings.build, 1 if quick else LONG_ROUNDS,
                                              quick):
            self.progress.say(f"servers: {name}")
            left = self.settings.seconds + QUICK_SERVERS - self.elapsed()
            try:
                rows = programs.measure_servers(command, self.settings.all_cores,
                                                min(SERVERS_PATIENCE, max(1, left)))
            except contestants.Failed as error:
                self.record["skipped"][name] = str(error)
                self.progress.say(f"skipped: {name}: {error}")
                continue
            self.rows.update({row["name"]: row for row in rows})

    def finish(self):
        """Puts what there is into the record."""
        self.record["rows"] = [self.rows[name] for name in sorted(
            self.rows, key=lambda name: (primitives.place(record.primitive(name)), name))]
        self.record["seconds"] = round(self.elapsed(), 1)

    def all_rounds(self, save):
        for number in range(self.settings.rounds):
            whole = self.round(number)
            self.finish()
            save()
            if not self.progress.live:
                self.progress.say(f"round {number + 1}: {self.elapsed():.0f} s")
            if not whole:
                break
        for name in self.program:
            if name not in self.rows:
                self.record["skipped"][name] = "no time was left"


def pick_core():
    """The last one: the first has more of the machine's interrupts."""
    return {max(os.sched_getaffinity(0))}


def parse(arguments):
    parser = argparse.ArgumentParser(prog="tools/bench", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="at most 3 minutes after the build")
    parser.add_argument("--rounds", type=int, help=f"samples of each row ({ROUNDS})")
    parser.add_argument("--only", type=re.compile, metavar="REGEX", help="rows whose name matches")
    parser.add_argument("--no-study", dest="study", action="store_false",
                        help="without threads against tasks")
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("ucontext", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    settings = parser.parse_args(arguments)
    settings.share = SHARE[settings.quick]
    settings.rounds = settings.rounds or (1000 if settings.quick else ROUNDS)
    settings.seconds = QUICK_SECONDS - QUICK_SERVERS if settings.quick else float("inf")
    settings.study = settings.study and not settings.quick and not settings.only
    settings.all_cores = os.sched_getaffinity(0)
    settings.cores = pick_core()
    return settings


# ---- the study of threads and tasks, perf/study, which has its own record


def study_module(name):
    """One of its modules; they import each other by their names."""
    folder = str(contestants.PERF / "study")
    if folder not in sys.path:
        sys.path.append(folder)
    spec = importlib.util.spec_from_file_location(f"study_{name}", f"{folder}/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def measure_study(settings, record_, progress):
    begun = time.monotonic()

    def say(text, round_, done, total):
        left = STUDY_SECONDS - (time.monotonic() - begun)
        progress.at(done, total, round_, text, left)

    progress.say("threads against tasks")
    rows = study_module("study").measure(settings.build, STUDY_SECONDS, say)
    parts = {name: record_[name] for name in ("machine", "build", "contestants")}
    record.save(record.new(rows=rows, **parts), settings.folder / "study.json")


def write_page(record_, folder):
    """With the study that lies beside it."""
    more = []
    if (folder / "study.json").exists():
        more = study_module("page").sections(record.load(folder / "study.json"))
    path = folder / "bench.html"
    path.write_text(page.make(record_, more), encoding="utf-8")
    return path


# ---- from the command line


def measure(settings, out=sys.stdout):
    progress = Progress(out)
    build = record.build(settings.build)
    found, versions, skipped = contestants.found(settings.build, settings.ucontext,
                                                 build["version"])
    found += programs.found(settings.build, skipped)
    for name, why in skipped.items():
        progress.say(f"skipped: {name}: {why}")
    record_ = record.new(settings.quick, machine=record.machine(settings.cores), build=build,
                         contestants=versions, skipped=skipped)
    settings.folder.mkdir(parents=True, exist_ok=True)
    path = settings.folder / "bench.json"
    measurement = Measurement(record_, found, settings, progress)
    progress.say(f"{len(measurement.program)} rows of {len(versions)} contestants")
    try:
        measurement.all_rounds(lambda: record.save(record_, path))
        if not settings.only:
            measurement.servers()
        if settings.study:
            measure_study(settings, record_, progress)
    except KeyboardInterrupt:
        progress.say("stopped; what there is goes into the page")
    measurement.finish()
    record.save(record_, path)
    if not record_["rows"]:
        sys.exit("tools/bench: nothing was measured")
    progress.say(f"measured in {record_['seconds']:.0f} s: {path}\n"
                 f"the page: file://{write_page(record_, settings.folder).resolve()}")


def main(arguments):
    if arguments[:1] == ["--compare"]:
        if len(arguments) != 3:
            sys.exit("tools/bench: --compare A.json B.json")
        try:
            print(compare.text(*map(record.load, arguments[1:])))
        except record.Unreadable as error:
            sys.exit(f"tools/bench: {error}")
    elif arguments[:1] == ["--page"]:
        for path in map(pathlib.Path, arguments[1:]):
            print(write_page(record.load(path), path.resolve().parent))
    else:
        measure(parse(arguments))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
