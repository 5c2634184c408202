#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Asks the server of files for what it has and for what it has not: http_server.py PROGRAM"""

import os
import pathlib
import socket
import subprocess
import sys
import tempfile

from trial import check, refuses, serving

BAD = ([], ["80"], ["", "."], ["x", "."], ["80x", "."], ["-1", "."], ["65536", "."],
       ["1", "2", "3"])
SMALL = b"<!DOCTYPE html><title>Small</title>\n"
LARGE = os.urandom(3_000_001)


def curl(*arguments):
    return subprocess.run(["curl", "--silent", "--max-time", "60", "--path-as-is", *arguments],
                          capture_output=True, timeout=120, check=False)


def status(url):
    return curl("--output", "/dev/null", "--write-out", "%{http_code}", url).stdout.decode()


def ask(port, data):
    """Everything that the server says to some bytes, up to its end."""
    with socket.create_connection(("127.0.0.1", port), 60) as peer, peer.makefile("rb") as file:
        peer.sendall(data)
        peer.shutdown(socket.SHUT_WR)
        return file.read()


def asks_with_curl(port):
    base = f"http://127.0.0.1:{port}"
    for target in ("/", "/index.html", "//index.html", "/index.html?a=%20b", "/%69ndex.html"):
        check(curl(base + target).stdout == SMALL, f"{target} is the small file")
    check(curl(base + "/sub/large.bin").stdout == LARGE, "a large file comes whole")
    check(curl(base + "/empty.txt").stdout == b"", "an empty one is empty")
    head = curl("--head", base + "/sub/large.bin").stdout.decode()
    check("200 OK" in head and f"Content-Length: {len(LARGE)}\r\n" in head,
          f"a head without its file: {head!r}")
    check("text/html" in curl("--head", base + "/").stdout.decode(), "a page is text/html")
    for target in ("/none", "/sub", "/../outside.txt", "/%2e%2e/outside.txt", "/link.txt", "/pipe"):
        check(status(base + target) == "404", f"{target} is not there: {status(base + target)}")
    for target in ("/%", "/%4", "/%zz", "/%00"):
        check(status(base + target) == "400", f"{target} is no name: {status(base + target)}")
    check(curl("--data", "x", "--write-out", "%{http_code}", base + "/").stdout.endswith(b"501"),
          "nothing can be posted")
    both = curl("--write-out", "%{num_connects}", base + "/", base + "/").stdout
    check(both == SMALL + b"1" + SMALL + b"0", f"two requests by one connection: {both!r}")


def asks_by_hand(port):
    one = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    many = ask(port, one * 100)
    check(many.count(b"200 OK") == 100 and many.count(SMALL) == 100, "100 requests in one piece")
    with socket.create_connection(("127.0.0.1", port), 60) as peer, peer.makefile("rb") as file:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in one:
            peer.sendall(bytes([byte]))
        check(b"200 OK" in file.readline(), "one request in many pieces")
    last = ask(port, b"GET / HTTP/1.0\r\n\r\n" + one)
    check(last.count(b"200 OK") == 1 and b"Connection: close" in last, "HTTP/1.0 ends after one")
    check(b"400 Bad Request" in ask(port, b"this is not HTTP\r\n\r\n"), "what is no request")
    check(b"400 Bad Request" in ask(port, b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\n\r\n"),
          "a target that is too long")
    check(ask(port, b"GET / HT") == b"", "half a request has no answer")
    # One that goes in the middle of a large file disturbs nobody.
    rude = socket.create_connection(("127.0.0.1", port), 60)
    rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    rude.sendall(b"GET /sub/large.bin HTTP/1.1\r\nHost: x\r\n\r\n")
    rude.recv(1)
    rude.close()
    check(SMALL in ask(port, one), "it serves on")


def make_site(folder):
    site = folder / "site"
    (site / "sub").mkdir(parents=True)
    (folder / "outside.txt").write_text("a secret", encoding="utf-8")
    (site / "index.html").write_bytes(SMALL)
    (site / "empty.txt").touch()
    (site / "sub/large.bin").write_bytes(LARGE)
    (site / "link.txt").symlink_to("../outside.txt")
    os.mkfifo(site / "pipe")
    return site


def main(program):
    refuses(program, BAD)
    with tempfile.TemporaryDirectory() as folder:
        site = make_site(pathlib.Path(folder))
        complaints = pathlib.Path(folder, "complaints")
        with open(complaints, "wb") as log, serving(program, "0", site, stderr=log) as (_, port):
            asks_with_curl(port)
            asks_by_hand(port)
        said = complaints.read_text(encoding="utf-8")
        check(not said, f"nothing to complain of: {said}")
        gone = subprocess.run([program, "0", site / "none"], capture_output=True, text=True,
                              timeout=60)
        check(gone.returncode == 1 and "No such file" in gone.stderr, "a folder that is not there")


if __name__ == "__main__":
    main(*sys.argv[1:])
