#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The echo servers of the examples beside the ones written by hand (floor.c, stream_floor.c) and,
when they are named, beside others (peers/); they take turns in one run.

    perf/echo/run.py speed          requests a second, server CPU and calls of the kernel a request
    perf/echo/run.py streaming      the same a MB, on connections that always have data under way
    perf/echo/run.py instructions   of user space a request and a MB, by callgrind; of a build
                                    with -Dvalgrind=disabled, which waits as ever
    perf/echo/run.py soak           many connections opened and closed: memory and descriptors

The server has the first core to itself, the client the second. All is counted from the first
message to the last one: the connections are open before and after. Calls of the kernel are counted
by the kernel (perf stat, tracepoints), in runs of their own.
"""
import contextlib
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import contestants
from load import messages, stream
from serving import rounds
from serving.server import Failed, counted_calls

WIDTHS = (12, 24, 28, 28, 16, 16)


# ---- speed and streaming ------------------------------------------------------------------------


def one_round(options, load, name):
    """Units a second, and us of server CPU a unit."""
    with load.server(options.build, name) as server:
        load.run(options.build, server.port, max(load.requests // 5, 1))
        rate, cpu = load.measured(options.build, server)
        return rate, cpu / 1000


def calls(options, load, name):
    """Of the ring and of the kernel at all, a unit, as they are printed."""
    counts = []
    with load.server(options.build, name) as server:
        load.run(options.build, server.port, max(load.requests // 20, 1))
        load.measured(options.build, server, lambda: counted_calls(server.pid, counts))
    if not counts:
        return "?", "?"
    enters, all_calls = (f"{count / load.units():.3f}" for count in counts)
    return enters if name in contestants.RINGS else "-", all_calls


def row(*cells):
    print("".join(f"{cell:<{width}}" for cell, width in zip(cells, WIDTHS)).rstrip(), flush=True)


def compare(options, load, names):
    """The figures of each, which it prints."""
    figures = rounds.alternated(names, options.rounds,
                                lambda name: one_round(options, load, name))
    for name in names:
        rates, cpu = zip(*figures[name])
        row(load.connections, name, rounds.spread(rates, ".0f"), rounds.spread(cpu, ".2f"),
            *calls(options, load, name))
    for name in names:
        if "floor" in names and name != "floor":
            rates, cpu = (rounds.ratios(*pair) for pair in zip(zip(*figures[name]),
                                                               zip(*figures["floor"])))
            row("", f"{name} / floor", rates, cpu)
    return figures


def heading(unit):
    rate = "messages/s" if unit == "message" else "MB/s"
    row("connections", "server", rate, f"CPU us/{unit}", f"enters/{unit}", f"calls/{unit}")


def speed(options):
    names = contestants.chosen(options, contestants.RINGS)
    print(f"{options.rounds} rounds of {options.messages} messages of 64 bytes: medians, lowest "
          "and highest; ratios of pairs")
    heading("message")
    rows = []
    for connections in options.connections:
        figures = compare(options, messages(connections, options.messages), names)
        rows += rounds.rows(f"echo_{connections}", figures)
    rounds.write(options.json, rows)


def streaming(options):
    names = contestants.chosen(options, ("streams", "floor"))
    print(f"{options.rounds} rounds of {options.pieces} pieces of 64 KiB, 4 of them under way on "
          "each connection: medians, lowest and highest; ratios of pairs")
    heading("MB")
    figures = compare(options, stream(options.streams, options.pieces), names)
    rounds.write(options.json, rounds.rows("echo_stream", figures))


# ---- instructions -------------------------------------------------------------------------------


def pipes_in(folder):
    """Those by which it is told what to do; a server that is killed leaves them behind."""
    return f"--vgdb-prefix={folder}/pipe"


def tell_callgrind(what, server, folder):
    subprocess.run(["callgrind_control", pipes_in(folder), what, str(server.pid)], check=True,
                   timeout=60, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@contextlib.contextmanager
def counted_instructions(server, folder):
    tell_callgrind("--zero", server, folder)
    yield
    tell_callgrind("--dump", server, folder)


def instructions_of(options, load, name):
    """A unit's."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out"
        with load.server(options.build, name, ("valgrind", "--tool=callgrind", "-q",
                                               pipes_in(folder),
                                               f"--callgrind-out-file={out}")) as server:
            load.run(options.build, server.port, max(load.requests // 5, 1))
            load.measured(options.build, server, lambda: counted_instructions(server, folder))
        text = out.with_suffix(".1").read_text(encoding="ascii", errors="replace")
        return int(re.search(r"^summary: (\d+)", text, re.M).group(1)) / load.units()


def instructions(options):
    names = [name for name in contestants.chosen(options, contestants.RINGS)
             if name not in contestants.RUNTIMES]
    loads = [messages(connections, max(options.messages // 4, 1))
             for connections in options.connections]
    loads.append(stream(options.streams, max(options.pieces // 8, 1)))
    row("connections", "server", "instructions of user space")
    for load in loads:
        for name in names:
            cost = instructions_of(options, load, name)
            row(load.connections, name, f"{cost:.0f} a {load.unit}")


# ---- soak ---------------------------------------------------------------------------------------


def held(server):
    """What a connection that was forgotten would hold."""
    return server.descriptors(), server.in_flight()


def settled(server, idle):
    """What is held, when the last connections have had time to end."""
    for _ in range(100):
        if held(server) == idle:
            break
        time.sleep(0.05)
    return held(server)


def looked_at(server, done, idle, says):
    """What is resident, and that nothing of the connections that ended is left."""
    now, resident = settled(server, idle), server.resident()
    if says:
        print(f"{done:<12} {resident:<13} {now[0]:<12} {now[1]}", flush=True)
    if now != idle:
        raise Failed(f"{now[0]} descriptors and {now[1]} operations are left; it began with "
                     f"{idle[0]} and {idle[1]}")
    return resident


def soak_one(options, name):
    """Each connection carries one message and is reset. What is there after each tenth; when it is
    to go on for some minutes, after each twentieth of them."""
    load = messages(options.connections[0], max(options.opened // 10, 1))
    with load.server(options.build, name) as server:
        load.run(options.build, server.port, contestants.WARMING, connections=1)
        time.sleep(0.2)
        idle, done, resident = held(server), 0, []
        print(f"{name}\nconnections  resident KiB  descriptors  in flight")
        looked_at(server, 0, idle, True)
        started = said = time.monotonic()
        while done < 10 * load.requests or time.monotonic() < started + 60 * options.minutes:
            load.run(options.build, server.port, each=1)
            done += load.requests
            says = time.monotonic() >= said + 3 * options.minutes
            resident.append(looked_at(server, done, idle, says))
            said = time.monotonic() if says else said
    # The first tenth makes the stacks and heads that the others use again, all but those of as many
    # as may be there at once later: with a stream, six pages each (stack, buffer, the stream and
    # what it holds). A task that is left holds a page at the least.
    grown = resident[-1] - resident[0]
    if grown > max(resident[0] // 50, 24 * options.connections[0]):
        raise Failed(f"it grew by {grown} KiB since the first tenth")
    print(f"flat: {grown} KiB more than after the first {load.requests} of {done} connections")


def soak(options):
    for name in contestants.chosen(options, contestants.EXAMPLES):
        if name in contestants.EXAMPLES:
            soak_one(options, name)


def main():
    parser = rounds.Parser(prog="run.py", description="The echo servers of the examples beside "
                                                      "others.")
    modes = {"speed": speed, "streaming": streaming, "instructions": instructions, "soak": soak}
    parser.add_argument("what", choices=modes)
    parser.add_argument("--build", type=pathlib.Path, default="build", help="the build folder")
    contestants.add_argument(parser)
    parser.add_argument("--rounds", type=rounds.number, default=9,
                        help="of speed and streaming, for each server")
    parser.add_argument("--messages", type=rounds.number, default=200000, help="of each round")
    parser.add_argument("--connections", type=rounds.number, nargs="+", default=[64, 1000],
                        help="at a time; soak takes the first (64 1000)")
    parser.add_argument("--pieces", type=rounds.number, default=40000,
                        help="of each round of streaming")
    parser.add_argument("--streams", type=rounds.number, default=4,
                        help="connections of streaming")
    parser.add_argument("--opened", type=rounds.number, default=1000000,
                        help="connections of soak")
    parser.add_argument("--minutes", type=float, default=0,
                        help="that soak goes on when it has done these")
    rounds.add_json(parser)
    options = parser.parse_args()
    try:
        modes[options.what](options)
    except (Failed, OSError, subprocess.SubprocessError) as error:
        sys.exit(f"run.py: {error}")


if __name__ == "__main__":
    main()
