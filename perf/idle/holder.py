#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds connections to an echo server: holder.py PORT COUNT

Says "open" when it has them; each line that it is given lets it send a message on each and wait for
the answer, then it says "talked"; without one more it resets them and ends. With port 0 it serves
itself and nobody talks: what the connections alone take.
"""
import pathlib
import socket
import struct
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
from serving.server import Failed, descriptors_limit  # noqa: E402

MESSAGE = b"x" * 64
RESET = struct.pack("ii", 1, 0)  # leaves nothing behind in the kernel
HOST = "127.0.0.1"


def connected(port, listener):
    """One connection: its client's end and, of our own listener, the server's."""
    client = socket.create_connection((HOST, port or listener.getsockname()[1]), 60)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if port:
        return (client,)
    server = listener.accept()[0]
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    return client, server


def main(port, count):
    descriptors_limit(2 * count + 100)
    listener = None if port else socket.create_server((HOST, 0))
    held = [connected(port, listener) for _ in range(count)]
    print("open", flush=True)
    for _ in sys.stdin:
        for client, in held:
            client.sendall(MESSAGE)
            client.recv(len(MESSAGE), socket.MSG_WAITALL)
        print("talked", flush=True)


if __name__ == "__main__":
    try:
        main(*map(int, sys.argv[1:]))
    except Failed as error:
        sys.exit(f"holder.py: {error}")
