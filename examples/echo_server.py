#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Talks with the echo server: echo_server.py PROGRAM"""

import socket
import subprocess
import sys

from trial import check, refuses, serving

CLIENTS = 50
BAD = ([], [""], ["x"], ["80x"], ["-1"], ["65536"], ["1", "2"])


def talk(port):
    peers = [socket.create_connection(("127.0.0.1", port), 60) for _ in range(CLIENTS)]
    for number, peer in enumerate(peers):
        peer.sendall(b"%d:" % number * 10000)
        peer.shutdown(socket.SHUT_WR)
    for number, peer in reversed(list(enumerate(peers))):
        with peer, peer.makefile("rb") as file:
            check(file.read() == b"%d:" % number * 10000, f"client {number} gets what it sent")
    # One that goes in the middle of it disturbs nobody.
    rude = socket.create_connection(("127.0.0.1", port), 60)
    rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    rude.sendall(b"x" * 100000)
    rude.close()
    with socket.create_connection(("127.0.0.1", port), 60) as peer:
        peer.sendall(b"still there")
        check(peer.recv(11, socket.MSG_WAITALL) == b"still there", "it serves on")


def main(program):
    refuses(program, BAD)
    with serving(program, "0") as (_, port):
        talk(port)
        second = subprocess.run([program, str(port)], capture_output=True, text=True, timeout=60)
        check(second.returncode == 1 and "in use" in second.stderr, "a port is used once")


if __name__ == "__main__":
    main(*sys.argv[1:])
