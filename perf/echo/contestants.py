# SPDX-License-Identifier: MIT
"""The echo servers that can be measured, and which of them are there."""
import pathlib
import subprocess
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
from serving.server import Failed  # noqa: E402

PYTHON = "/usr/bin/python3"  # the one for which Debian packages uvloop
SCRIPT = pathlib.Path(__file__).resolve().parent / "peers/echo_asyncio.py"

PROGRAMS = {
    "coil": "examples/echo_server",
    "streams": "examples/stream_echo_server",
    "floor": "perf/echo/echo_floor",
    "epoll": "perf/echo/echo_epoll",
    "libuv": "perf/echo/echo_libuv",
    "go": "perf/echo/echo_go",
}
WARMING = 4096  # as many messages make a server touch what is no single connection's
STREAM_FLOOR = "perf/echo/echo_stream_floor"
SCRIPTS = {
    "uvloop": ("uvloop", "protocol"),
    "asyncio": ("asyncio", "protocol"),
    "uvloop-streams": ("uvloop", "streams"),
    "asyncio-streams": ("asyncio", "streams"),
}
NAMES = (*PROGRAMS, *SCRIPTS)
EXAMPLES = ("coil", "streams")
RINGS = (*EXAMPLES, "floor")
RUNTIMES = ("go", *SCRIPTS)  # callgrind says little of them
PACKAGES = {"libuv": "libuv1-dev", "go": "golang-go", "uvloop": "python3-uvloop",
            "asyncio": "python3"}  # of Debian


def command(build, name, streaming=False):
    """What starts it."""
    if name in SCRIPTS:
        return [PYTHON, SCRIPT, *SCRIPTS[name], "0"]
    return [build / (STREAM_FLOOR if streaming and name == "floor" else PROGRAMS[name]), "0"]


def why_not(build, name):
    """Why it cannot be measured, or None."""
    module = SCRIPTS[name][0] if name in SCRIPTS else name
    hint = f"; Debian's package is {PACKAGES[module]}" if module in PACKAGES else ""
    if name not in SCRIPTS:
        program = command(build, name)[0]
        return None if program.exists() else f"{program} is not built{hint}"
    works = pathlib.Path(PYTHON).exists() and subprocess.run(
        [PYTHON, "-c", f"import {module}"], stderr=subprocess.DEVNULL, check=False).returncode == 0
    return None if works else f"{PYTHON} has no {module}{hint}"


def add_argument(parser):
    parser.add_argument("--contestants", nargs="+", choices=[*NAMES, "all"], metavar="NAME",
                        help=f"of {', '.join(NAMES)}; all of them: all")


def chosen(options, default):
    """Those that the command line asks for, and that are there; a line for each other one."""
    names = options.contestants or default
    reasons = {name: why_not(options.build, name) for name in
               (NAMES if "all" in names else names)}
    for name, reason in reasons.items():
        if reason:
            print(f"left out: {name}: {reason}", flush=True)
    found = [name for name, reason in reasons.items() if not reason]
    if not found:
        raise Failed("nothing is left to measure: build it, or give --build")
    return found
