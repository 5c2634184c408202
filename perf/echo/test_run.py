#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures the echo servers in small, and looks at what is printed: test_run.py BUILD"""
import os
import pathlib
import re
import shutil
import socket
import sys
import tempfile
import threading

import contestants
from serving.checks import NUMBER, SPREAD, check, output, refuses
from serving.server import Server

ALWAYS = ("coil", "floor", "epoll")
CALLS = rf"(?:{NUMBER}|\?|-) +(?:{NUMBER}|\?)"
LENGTH = 300000


def measured(text):
    """The contestants that the others are left out beside."""
    names = []
    for name in contestants.NAMES:
        if not re.search(rf"^left out: {name}: .+", text, re.M):
            names.append(name)
    check(all(name in names for name in ALWAYS), f"what the build has is measured: {text}")
    return names


def looks_at_table(text, names, connections, unit):
    for count in connections:
        for name in names:
            check(len(re.findall(rf"^{count} +{name} +{SPREAD} +{SPREAD} +{CALLS}$", text, re.M))
                  == 1, f"a row of {name}, {count} connections: {text}")
    for name in names:
        ratios = re.findall(rf"^ +{name} / floor +{SPREAD} +{SPREAD}$", text, re.M)
        check(len(ratios) == (len(connections) if name != "floor" else 0),
              f"the ratios of {name}: {text}")
    check(f"enters/{unit}" in text, f"a heading: {text}")


def answers(build, name, streaming):
    """It sends back what it gets, also when that is more than a socket takes."""
    data = bytes(range(251)) * (LENGTH // 251)
    with Server(contestants.command(build, name, streaming)) as server, \
            socket.create_connection(("127.0.0.1", server.port), 60) as peer, \
            peer.makefile("rb") as file:
        sender = threading.Thread(target=peer.sendall, args=(data,))
        sender.start()
        check(file.read(len(data)) == data, f"{name} gives back what it got")
        sender.join()


def measure_all(build):
    build_folder = ("--build", build)
    speed = output(__file__, "speed", *build_folder, "--rounds", 1, "--messages", 50,
                   "--connections", 5, "--contestants", "all")
    names = measured(speed)
    looks_at_table(speed, names, [5], "message")
    for name in names:
        answers(pathlib.Path(build), name, streaming=True)
    some = ("--rounds", 2, "--contestants", "floor", "epoll")
    speed = output(__file__, "speed", *build_folder, *some, "--messages", 50, "--connections", 2, 5)
    looks_at_table(speed, ["floor", "epoll"], [2, 5], "message")
    streaming = output(__file__, "streaming", *build_folder, *some, "--pieces", 20, "--streams", 3)
    looks_at_table(streaming, ["floor", "epoll"], [3], "MB")
    alone = output(__file__, "speed", *build_folder, "--rounds", 1, "--messages", 20,
                   "--connections", 2, "--contestants", "epoll")
    check("epoll" in alone and "floor" not in alone, f"one alone has no ratio: {alone}")
    if shutil.which("callgrind_control"):
        counts = output(__file__, "instructions", *build_folder, "--messages", 400,
                        "--pieces", 40, "--connections", 2, "--contestants", "floor")
        check(re.search(r"^2 +floor +\d+ a message\n4 +floor +\d+ a MB$", counts, re.M),
              f"instructions: {counts}")
    soak = output(__file__, "soak", *build_folder, "--opened", 1000, "--connections", 64)
    rows = len(re.findall(r"^\d+ +\d+ +\d+ +\d+$", soak, re.M))
    check(rows == 11 * soak.count("flat: ") > 0, f"eleven rows and a verdict: {soak}")
    refuses(__file__, "speed", "--rounds", 0)
    refuses(__file__, "speed", "--contestants", "nobody")
    check("nothing is left" in output(__file__, "speed", "--build", "/nowhere", "--contestants",
                                      "floor", status=1), "nothing to measure is an error")


def main(build):
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TMPDIR"] = folder
        measure_all(build)
        check(not os.listdir(folder), f"nothing is left behind: {os.listdir(folder)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
