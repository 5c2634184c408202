#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Talks in the chat server's room, by nc and by hand: chat_server.py PROGRAM"""

import socket
import subprocess
import sys

from trial import check, refuses, serving

LOUD = 20000  # lines, of more bytes than sockets hold
BAD = ([], [""], ["x"], ["80x"], ["-1"], ["65536"], ["1", "2"])


class Client:
    def __init__(self, port, name):
        self.socket = socket.create_connection(("127.0.0.1", port), 60)
        self.file = self.socket.makefile("r", encoding="utf-8")
        self.say(name)

    def say(self, text):
        self.socket.sendall(f"{text}\n".encode())

    def hears(self, *lines):
        for line in lines:
            heard = self.file.readline()
            check(heard == f"{line}\n", f"{line!r} is heard: {heard!r}")

    def hears_no_more(self):
        check(self.file.read() == "", "nothing more is heard")
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()


def talk(port):
    """By nc, which ends its side first, and hears what was said until then."""
    anna = Client(port, "anna")
    with subprocess.Popen(["nc", "-N", "127.0.0.1", str(port)], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as nc:
        nc.stdin.write("bert\nhello\r\n")
        nc.stdin.flush()
        anna.hears("* bert has come", "bert: hello")
        anna.say("well met")
        check(nc.stdout.readline() == "anna: well met\n", "nc hears it")
        nc.stdin.write("that is")
        nc.stdin.close()
        anna.hears("bert: that is", "* bert has gone")
        check(nc.stdout.read() == "" and nc.wait(60) == 0, "nc comes to its end")
    anna.socket.shutdown(socket.SHUT_WR)
    anna.hears_no_more()


def loud(port):
    """One that does not read is put out, and the others hear everything."""
    deaf = Client(port, "deaf")
    anna = Client(port, "anna")
    deaf.hears("* anna has come")
    bert = Client(port, "bert")
    anna.hears("* bert has come")
    text = "x" * 1000
    gone = 0
    for batch in range(0, LOUD, 100):
        anna.say("\n".join(f"{number} {text}" for number in range(batch, batch + 100)))
        for number in range(batch, batch + 100):
            line = bert.file.readline()
            if line == "* deaf has gone\n":
                gone += 1
                line = bert.file.readline()
            check(line == f"anna: {number} {text}\n", f"line {number} is heard: {line[:40]}")
    check(gone == 1, "who does not read is put out")
    anna.hears("* deaf has gone")
    for client in (deaf, anna, bert):
        client.close()


def rude(port):
    anna = Client(port, "anna")
    for start in ("x" * 100000, "eve\n" + "x" * 100000):
        with socket.create_connection(("127.0.0.1", port), 60) as eve:
            eve.sendall(start.encode())
            try:
                while eve.recv(65536):
                    pass
            except ConnectionResetError:
                pass
    eve = Client(port, "eve")
    anna.hears("* eve has come", "* eve has gone", "* eve has come")
    eve.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    eve.close()
    anna.hears("* eve has gone")
    anna.close()


def main(program):
    refuses(program, BAD)
    with serving(program, "0") as (_, port):
        talk(port)
        loud(port)
        rude(port)


if __name__ == "__main__":
    main(*sys.argv[1:])
