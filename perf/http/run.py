#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The static file server of the examples beside nginx, which has one worker, with sendfile and,
which is faster with so small a file, without: wrk asks all for the same one of 612 bytes on kept
connections, in turns.

    perf/http/run.py        requests a second, server CPU a request, and their ratios

The server has the first core to itself, wrk the second. Debian's packages are nginx-light and wrk.
"""
import contextlib
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
import nginx  # noqa: E402
from serving import rounds  # noqa: E402
from serving.server import Failed, Server, run_client  # noqa: E402

SKIP = 77
WIDTHS = (20, 28, 28)
PAGE = b"<!DOCTYPE html>\n<title>A page</title>\n" + b"Nothing to see here.\n" * 27 + b"Enough\n"


def missing(build):
    """What cannot be done without, in words, or None."""
    for there, text in ((nginx.program(), "there is no nginx; Debian's package is nginx-light"),
                        (shutil.which("wrk"), "there is no wrk; Debian's package has its name"),
                        ((build / "examples/http_server").exists(),
                         f"{build}/examples/http_server is not there: build it, or give --build")):
        if not there:
            return text
    return None


def check(name, server):
    address = f"http://127.0.0.1:{server.port}/index.html"
    with urllib.request.urlopen(address, timeout=60) as answer:
        if answer.read() != PAGE:
            raise Failed(f"{name} does not serve the page")


def one_round(options, server, seconds):
    """Requests a second, and us of server CPU a request."""
    before = server.cpu()
    said = run_client(["wrk", "-t1", f"-c{options.connections}", f"-d{seconds}s",
                       f"http://127.0.0.1:{server.port}/index.html"])
    spent = server.cpu() - before
    if wrong := re.search(r"Socket errors.*|Non-2xx.*", said):
        raise Failed(f"wrk says: {wrong[0]}")
    requests = int(re.search(r"(\d+) requests in", said)[1])
    rate = float(re.search(r"Requests/sec: +([\d.]+)", said)[1])
    return rate, spent / requests / 1000


def row(*cells):
    print("".join(f"{cell:<{width}}" for cell, width in zip(cells, WIDTHS)).rstrip(), flush=True)


def measure(options, servers):
    for name, server in servers.items():
        check(name, server)
        one_round(options, server, 1)
    figures = rounds.alternated(list(servers), options.rounds,
                                lambda name: one_round(options, servers[name], options.seconds))
    print(f"{options.rounds} rounds of {options.seconds} s, {options.connections} connections, a "
          "file of 612 bytes: medians, lowest and highest; ratios of pairs")
    row("server", "requests/s", "CPU us/request")
    for name in servers:
        rates, cpu = zip(*figures[name])
        row(name, rounds.spread(rates, ".0f"), rounds.spread(cpu, ".2f"))
    for name in servers:
        if name != "coil":
            row(f"coil / {name}", *(rounds.ratios(*pair) for pair in zip(zip(*figures["coil"]),
                                                                         zip(*figures[name]))))
    rounds.write(options.json, rounds.rows(f"http_{options.connections}", figures))


def run(options):
    with contextlib.ExitStack() as scope:
        def folder():
            return pathlib.Path(scope.enter_context(tempfile.TemporaryDirectory()))

        site = folder()
        site.chmod(0o755)
        (site / "index.html").write_bytes(PAGE)
        coil = Server([options.build / "examples/http_server", "0", site])
        measure(options, {
            "coil": scope.enter_context(coil),
            "nginx": scope.enter_context(nginx.Nginx(folder(), site, sendfile=True)),
            "nginx-copies": scope.enter_context(nginx.Nginx(folder(), site, sendfile=False)),
        })


def main():
    parser = rounds.Parser(prog="run.py", description="The HTTP server of the examples beside "
                                                      "nginx.")
    parser.add_argument("--build", type=pathlib.Path, default="build", help="the build folder")
    parser.add_argument("--rounds", type=rounds.number, default=9, help="for each server")
    parser.add_argument("--seconds", type=rounds.number, default=3, help="of each round")
    parser.add_argument("--connections", type=rounds.number, default=64, help="at a time")
    rounds.add_json(parser)
    options = parser.parse_args()
    if why := missing(options.build):
        print(f"run.py: skipped: {why}")
        sys.exit(SKIP)
    try:
        run(options)
    except (Failed, OSError, subprocess.SubprocessError) as error:
        sys.exit(f"run.py: {error}")


if __name__ == "__main__":
    main()
