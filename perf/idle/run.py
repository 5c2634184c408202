#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What an idle connection takes: echo servers with many of them, on each of which they wait to
receive, before a first message and after one.

    perf/idle/run.py        bytes a connection: of the process, of its page tables, of the kernel

The clients are in a process of their own. The kernel's part is told by its lists of objects
(/proc/slabinfo, root's), as what there is more of than for the same connections without a server.
"""
import pathlib
import subprocess
import sys
import time

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path += [str(FOLDER.parent), str(FOLDER.parent / "echo")]
import contestants  # noqa: E402
import slabs  # noqa: E402
from serving import rounds  # noqa: E402
from serving.server import Failed, Server, run_client  # noqa: E402

WIDTHS = (17, 12, 14, 12, 14, 30)


class Holder:
    """The process that has the clients' ends; ends with its scope."""

    def __init__(self, port, count):
        self.process = subprocess.Popen([sys.executable, "-B", FOLDER / "holder.py", str(port),
                                         str(count)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.expect("open")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def expect(self, word):
        if self.process.stdout.readline() != f"{word}\n":
            raise Failed("the clients ended")

    def talk(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.expect("talked")


def settled(look):
    """What it gives when that has not changed for a while."""
    now = look()
    for _ in range(100):
        before = now
        time.sleep(0.2)
        now = look()
        if now == before:
            break
    return now


def memory(server):
    """Bytes: resident, of page tables. It has all of its connections when this stands still."""
    return settled(lambda: (server.resident() * 1024, server.page_tables() * 1024,
                            server.descriptors()))[:2]


def alone(count):
    """What the kernel allocates for a connection that nobody serves."""
    before = slabs.now()
    with Holder(0, count):
        growth = slabs.grown(before, slabs.now(), count)
    time.sleep(1)  # some of it is freed later
    return growth


def listed(growth):
    return ", ".join(f"{number:.0f} {name} of {size}" for name, (number, size) in growth.items())


def more_in_kernel(growth, bare):
    if growth is None:
        return "?"
    extra = slabs.beside(growth, bare)
    return f"{slabs.size(extra):.0f}  {listed(extra)}".strip()


def measure(options, name, bare):
    count = options.connections
    with Server(contestants.command(options.build, name), count + 100) as server:
        run_client([options.build / "perf/echo/echo_client", f"--port={server.port}",
                    "--connections=1", f"--messages={contestants.WARMING}"])
        before, slabs_before = memory(server), slabs.now()
        with Holder(server.port, count) as holder:
            opened = memory(server)
            growth = slabs.grown(slabs_before, slabs.now(), count)
            if server.descriptors() < count:
                raise Failed(f"{name} accepted {server.descriptors()} only")
            holder.talk()
            talked = memory(server)
    cells = [f"{(then - first) / count:.0f}" for state in (opened, talked)
             for then, first in zip(state, before)]
    row(name, *cells, more_in_kernel(growth, bare))


def row(*cells):
    print("".join(f"{cell:<{width}}" for cell, width in zip(cells, WIDTHS)).rstrip(), flush=True)


def run(options):
    names = contestants.chosen(options, contestants.RINGS)
    bare = alone(options.connections)
    print(f"{options.connections} idle connections, bytes each")
    if bare is not None:
        print(f"the kernel has {slabs.size(bare):.0f} for the two ends of a connection: "
              f"{listed(bare)}")
    row("", "opened:", "", "after a message:")
    row("server", "resident", "page tables", "resident", "page tables", "more in the kernel")
    for name in names:
        measure(options, name, bare)


def main():
    parser = rounds.Parser(prog="run.py", description="What idle connections take.")
    parser.add_argument("--build", type=pathlib.Path, default="build", help="the build folder")
    parser.add_argument("--connections", type=rounds.number, default=10000, help="at a time")
    contestants.add_argument(parser)
    options = parser.parse_args()
    try:
        run(options)
    except (Failed, OSError, subprocess.SubprocessError) as error:
        sys.exit(f"run.py: {error}")


if __name__ == "__main__":
    main()
