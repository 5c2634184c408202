# SPDX-License-Identifier: MIT
"""What a client does to a server: so many requests on so many connections."""
import contextlib
import dataclasses
import re
import subprocess
import time

import contestants
from serving.server import Failed, Server, pin, run_client

PIECE = 65536


class Held:
    """A client with open connections, before its first message; it has the second core."""

    def __init__(self, command):
        self.process = subprocess.Popen([*map(str, command), "--wait"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        preexec_fn=lambda: pin(1))
        self.line("open")
        time.sleep(0.05)  # for the server to accept the last of them

    def line(self, pattern):
        said = self.process.stdout.readline()
        if not (match := re.match(pattern, said)):
            self.process.wait()
            raise Failed(self.process.stderr.read().strip() or "the client ended")
        return match

    def go(self):
        """Lets it send; requests a second. The connections stay open."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        done, seconds = self.line(r"(\d+) messages in ([\d.]+) s").groups()
        return int(done) / float(seconds)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()
        self.process.wait()


@dataclasses.dataclass
class Load:
    client: str
    connections: int
    requests: int
    unit: str  # "message" or "MB"
    each: float = 1  # units a request

    def server(self, build, name, wrapper=()):
        return Server([*wrapper, *contestants.command(build, name, self.unit == "MB")])

    def command(self, build, port, requests, **more):
        settings = {"port": port, "connections": self.connections, "messages": requests, **more}
        return [build / "perf/echo" / self.client,
                *(f"--{name}={value}" for name, value in settings.items())]

    def run(self, build, port, requests=None, **more):
        run_client(self.command(build, port, requests or self.requests, **more))

    def measured(self, build, server, scope=contextlib.nullcontext):
        """Units a second, and ns of the server's CPU a unit, from the first message to the last
        one; meanwhile in the scope that is given."""
        with Held(self.command(build, server.port, self.requests)) as client, scope():
            before = server.cpu()
            rate = client.go()
            return rate * self.each, (server.cpu() - before) / self.units()

    def units(self):
        return self.requests * self.each


def messages(connections, requests):
    return Load("echo_client", connections, requests, "message")


def stream(connections, requests):
    return Load("echo_stream_client", connections, requests, "MB", PIECE / 1e6)
