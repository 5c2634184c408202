#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Talks through the TCP proxy, by nc and by hand: tcp_proxy.py PROGRAM"""

import re
import signal
import socket
import subprocess
import sys
import threading

from trial import check, refuses, serving

BAD = ([], ["1"], ["0", "localhost"], ["x", "localhost", "1"], ["0", "localhost", "0"],
       ["65536", "localhost", "1"], ["-1", "localhost", "1"], ["1", "localhost", "1", "2"])
LARGE = 64_000_000  # much more than sockets hold, and what a sanitizer keeps of their bytes


def listen():
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(60)
    return listener, listener.getsockname()[1]


def meet(port, listener):
    """Both ends of a connection through the proxy."""
    client = socket.create_connection(("127.0.0.1", port), 60)
    server, _ = listener.accept()
    server.settimeout(60)
    return client, server


def read_all(peer):
    with peer.makefile("rb") as file:
        return file.read()


def half_closed(port, listener):
    """Each side says all, then hears the other."""
    client, server = meet(port, listener)
    with client, server:
        client.sendall(b"question")
        client.shutdown(socket.SHUT_WR)
        check(read_all(server) == b"question", "the end of one way is passed on")
        server.sendall(b"answer")
        server.shutdown(socket.SHUT_WR)
        check(read_all(client) == b"answer", "and the other way goes on until its own")


def by_netcat(port, listener):
    nc = subprocess.Popen(["nc", "-N", "127.0.0.1", str(port)], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE)
    with nc:
        server, _ = listener.accept()
        with server:
            server.settimeout(60)
            nc.stdin.write(b"GET / HTTP/1.0\r\n\r\n")
            nc.stdin.close()
            check(read_all(server).startswith(b"GET"), "nc's request arrives, and its end")
            server.sendall(b"HTTP/1.0 200 OK\r\n\r\nfound")
        check(nc.stdout.read().endswith(b"found") and nc.wait(60) == 0, "nc gets the answer")


def resident(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return int(re.search(r"VmRSS:\s*(\d+) kB", status.read())[1])


def slow_reader(port, listener, pid):
    """Nobody reads: the proxy stops reading, too. Then all arrives."""
    before = resident(pid)
    client, server = meet(port, listener)
    data = bytes(range(256)) * (LARGE // 256)
    with client, server:
        client.settimeout(1)
        sent = 0
        try:
            while sent < len(data):
                sent += client.send(data[sent:sent + 65536])
        except TimeoutError:
            pass
        check(sent < len(data), "who is not read cannot go on to write")
        grown = resident(pid) - before
        check(grown < LARGE // 1024 // 2, f"memory is bounded: it grew by {grown} kB")
        client.settimeout(60)
        rest = threading.Thread(target=lambda: (client.sendall(data[sent:]),
                                                client.shutdown(socket.SHUT_WR)))
        rest.start()
        check(read_all(server) == data, "no byte is lost")
        rest.join()


def broken(port, listener):
    """A reset on one side is one on the other, and disturbs nobody else."""
    client, server = meet(port, listener)
    with client, server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        server.close()
        try:
            check(not client.recv(1), "a lost connection gives no bytes")
        except ConnectionResetError:
            pass
    half_closed(port, listener)


def talk(port, listener, pid):
    half_closed(port, listener)
    by_netcat(port, listener)
    slow_reader(port, listener, pid)
    broken(port, listener)
    listener.close()
    with socket.create_connection(("127.0.0.1", port), 60) as client:
        try:
            check(not client.recv(1), "nobody there is the end of the connection")
        except ConnectionResetError:
            pass


def interrupted(program, listener, target):
    """It says why it ends, and nothing for each connection that ends with it."""
    proxy = subprocess.Popen([program, "0", "127.0.0.1", str(target)], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True)
    with proxy:
        client, server = meet(int(proxy.stdout.readline().rsplit(":", 1)[1]), listener)
        with client, server:
            client.sendall(b"question")
            check(server.recv(8), "the connection stands")
            proxy.send_signal(signal.SIGINT)
            said = proxy.stderr.read()
    check(said.count("\n") == 1 and "interrupted" in said, f"one line tells of SIGINT: {said}")


def main(program):
    refuses(program, BAD)
    listener, target = listen()
    interrupted(program, listener, target)
    with serving(program, "0", "127.0.0.1", str(target),
                 stderr=subprocess.DEVNULL) as (proxy, port):
        talk(port, listener, proxy.pid)


if __name__ == "__main__":
    main(*sys.argv[1:])
