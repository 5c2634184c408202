# SPDX-License-Identifier: MIT
"""The echo server of the examples beside the one written by hand (floor.c), alternated in one run.

    perf/echo/run.py speed          requests a second, server CPU and calls of the kernel a request
    perf/echo/run.py instructions   of user space a request, by callgrind: two runs subtracted;
                                    of a build with -Dvalgrind=disabled, which waits as ever
    perf/echo/run.py soak           many connections opened and closed: memory and descriptors

The server has the first core to itself, the client the second. Calls of the kernel are counted by
the kernel (perf stat, a tracepoint), in runs of their own.
"""
import argparse
import contextlib
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

SERVERS = {"coil": "examples/echo_server", "floor": "perf/echo_floor"}
ENTER = "syscalls:sys_enter_io_uring_enter"


class Failed(Exception):
    """What went wrong, in one line."""


def pinned(core):
    """For preexec_fn: the process runs on this core, or anywhere when there is but one."""
    cores = sorted(os.sched_getaffinity(0))
    return lambda: os.sched_setaffinity(0, {cores[core % len(cores)]})


class Server:
    """A server that runs; ends with its scope."""

    def __init__(self, build, name, wrapper=()):
        program = build / SERVERS[name]
        if not program.exists():
            raise Failed(f"{program} is not there: build it, or give --build")
        self.process = subprocess.Popen([*wrapper, str(program), "0"], stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True,
                                        preexec_fn=pinned(0))
        line = self.process.stdout.readline()
        if not line:
            raise Failed(f"{program} did not start")
        self.port = line.rsplit(":", 1)[1].strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()  # a wait for a ring is nothing that a signal ends under Valgrind
        self.process.wait()
        self.process.stdout.close()

    def cpu(self):
        """ns that its one thread has had."""
        return int(self.read("schedstat").split()[0])

    def read(self, name):
        return pathlib.Path(f"/proc/{self.process.pid}/{name}").read_text()

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def in_flight(self):
        """Operations that wait in the kernel, as it lists them for the descriptor of the ring."""
        for fd in pathlib.Path(f"/proc/{self.process.pid}/fd").iterdir():
            if os.readlink(fd) == "anon_inode:[io_uring]":
                return len(re.findall(r"^ +op=", self.read(f"fdinfo/{fd.name}"), re.M))
        raise Failed("the server has no ring")

    def resident(self):
        """KiB."""
        return int(re.search(r"VmRSS:\s+(\d+)", self.read("status")).group(1))


def client(build, port, **settings):
    """Runs the client to its end; messages a second."""
    arguments = [f"--{name}={value}" for name, value in settings.items()]
    done = subprocess.run([build / "perf/echo_client", f"--port={port}", *arguments],
                          capture_output=True, text=True, preexec_fn=pinned(1), check=False)
    if done.returncode:
        raise Failed(done.stderr.strip())
    messages, seconds = re.match(r"(\d+) messages in ([\d.]+) s", done.stdout).groups()
    return int(messages) / float(seconds)


@contextlib.contextmanager
def counted_enters(pid):
    """How often a process entered its ring within the scope: a list with one number at its end."""
    count = []
    with tempfile.NamedTemporaryFile("r") as out:
        perf = subprocess.Popen(["perf", "stat", "-x,", "-e", ENTER, "-o", out.name,
                                 "-p", str(pid)], stderr=subprocess.DEVNULL)
        time.sleep(0.3)  # perf does not say when it has begun
        yield count
        perf.send_signal(signal.SIGINT)
        perf.wait()
        numbers = re.findall(rf"^(\d+),.*{ENTER}", out.read(), re.M)
        count.append(int(numbers[0]) if numbers else None)


# ---- speed --------------------------------------------------------------------------------------


def one_round(options, name, connections):
    """Messages a second, and us of server CPU a message."""
    with Server(options.build, name) as server:
        client(options.build, server.port, connections=connections, messages=options.messages // 5)
        before = server.cpu()
        rate = client(options.build, server.port, connections=connections,
                      messages=options.messages)
        return rate, (server.cpu() - before) / options.messages / 1000


def enters(options, name, connections):
    """Calls of the kernel a message; None where they cannot be counted."""
    try:
        with Server(options.build, name) as server:
            client(options.build, server.port, connections=connections, messages=1000)
            with counted_enters(server.process.pid) as count:
                client(options.build, server.port, connections=connections,
                       messages=options.messages)
            return count[0] / options.messages if count[0] else None
    except FileNotFoundError:  # no perf
        return None


def spread(values, form):
    return f"{statistics.median(values):{form}} ({min(values):{form}}-{max(values):{form}})"


def speed(options):
    print(f"{options.rounds} rounds of {options.messages} messages of 64 bytes: medians, lowest "
          "and highest")
    print("connections server  messages/s                 CPU us/message      enters/message")
    for connections in options.connections:
        figures = {name: [] for name in SERVERS}
        for number in range(options.rounds):
            order = list(SERVERS) if number % 2 else list(reversed(SERVERS))
            for name in order:
                figures[name].append(one_round(options, name, connections))
        for name, rounds in figures.items():
            rates, cpu = zip(*rounds)
            count = enters(options, name, connections)
            print(f"{connections:<11} {name:<7} {spread(rates, '.0f'):<26} "
                  f"{spread(cpu, '.2f'):<19} {'?' if count is None else format(count, '.3f')}",
                  flush=True)
        pairs = list(zip(figures["coil"], figures["floor"]))
        rate = [coil[0] / floor[0] for coil, floor in pairs]
        cpu = [coil[1] / floor[1] for coil, floor in pairs]
        print(f"{'':<11} ratio   {spread(rate, '.3f'):<26} {spread(cpu, '.3f')}", flush=True)


# ---- instructions -------------------------------------------------------------------------------


def tell_callgrind(what, server):
    subprocess.run(["callgrind_control", what, str(server.process.pid)], check=True, timeout=60,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def instructions_of(options, name, connections, messages):
    """Those of the second half of so many messages."""
    settings = {"connections": connections, "messages": messages // 2}
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out"
        with Server(options.build, name, ("valgrind", "--tool=callgrind", "-q",
                                          f"--callgrind-out-file={out}")) as server:
            client(options.build, server.port, **settings)
            tell_callgrind("--zero", server)
            client(options.build, server.port, **settings)
            tell_callgrind("--dump", server)
        return int(re.search(r"^summary: (\d+)", out.with_suffix(".1").read_text(), re.M).group(1))


def instructions(options):
    few, many = options.messages // 10, options.messages // 2
    print("connections server  instructions of user space a message")
    for connections in options.connections:
        for name in SERVERS:
            cost = (instructions_of(options, name, connections, many) -
                    instructions_of(options, name, connections, few)) / ((many - few) / 2)
            print(f"{connections:<11} {name:<7} {cost:.0f}", flush=True)


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


def soak(options):
    """Each connection carries one message and is reset. What is there after each tenth."""
    step = max(options.opened // 10, 1)
    with Server(options.build, "coil") as server:
        client(options.build, server.port, connections=1, messages=1)  # now it accepts
        time.sleep(0.2)
        idle, resident = held(server), []
        print("connections  resident KiB  descriptors  in flight")
        for done in range(0, 10 * step + 1, step):
            if done:
                client(options.build, server.port, connections=options.connections[0],
                       messages=step, each=1)
            now = settled(server, idle)
            resident.append(server.resident())
            print(f"{done:<12} {resident[-1]:<13} {now[0]:<12} {now[1]}", flush=True)
            if now != idle:
                raise Failed(f"{now[0]} descriptors and {now[1]} operations are left; it began "
                             f"with {idle[0]} and {idle[1]}")
    # The first tenth makes the stacks and heads that the others use again. A task that is left
    # holds a page at the least.
    grown = resident[-1] - resident[1]
    if grown > resident[1] // 50:
        raise Failed(f"it grew by {grown} KiB since the first tenth")
    print(f"flat: {grown} KiB more than after the first tenth")


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(2, f"run.py: {message}\n")


def number(text):
    value = int(text)
    if value < 1:
        raise ValueError(text)
    return value


def main():
    parser = Parser(
        prog="run.py", description="The echo server beside one that was written by hand.")
    parser.add_argument("what", choices=["speed", "instructions", "soak"])
    parser.add_argument("--build", type=pathlib.Path, default="build", help="the build folder")
    parser.add_argument("--rounds", type=number, default=9, help="of speed, for each server")
    parser.add_argument("--messages", type=number, default=200000, help="of each round")
    parser.add_argument("--connections", type=number, nargs="+", default=[64],
                        help="at a time; speed and instructions take several")
    parser.add_argument("--opened", type=number, default=1000000, help="connections of soak")
    options = parser.parse_args()
    try:
        {"speed": speed, "instructions": instructions, "soak": soak}[options.what](options)
    except (Failed, OSError) as error:
        sys.exit(f"run.py: {error}")


if __name__ == "__main__":
    main()
