#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Talks with the TLS echo server, as openssl and as curl: tls_echo_server.py PROGRAM

Certificates are made for the test. Without one of the two programs its part is left out.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

from trial import check, serving


def run(*command, text=None):
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=60)


def talk_as_openssl(port, certificate):
    client = ("openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-quiet", "-no_ign_eof",
              "-verify_return_error", "-CAfile", certificate)
    for version in "-tls1_2", "-tls1_3":
        with subprocess.Popen((*client, version), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True) as peer:
            for line in "one\n", "two\n":
                peer.stdin.write(line)
                peer.stdin.flush()
                check(peer.stdout.readline() == line, f"{version} echoes a line")
            peer.stdin.close()
            check(peer.wait(60) == 0, f"{version} ends well")
    said = run(*client, "-tls1_1", text="one\n")
    check(said.returncode and not said.stdout, f"TLS 1.1 is refused: {said}")


def talk_as_curl(port, certificate):
    url = f"https://localhost:{port}"
    said = run("curl", "--silent", "--show-error", "--cacert", certificate, url)
    check(re.fullmatch(r"TLSv1\.3 TLS_\w+\n", said.stdout) and said.returncode == 0,
          f"curl gets a page: {said}")
    said = run("curl", "--silent", url)
    check(said.returncode == 60, f"curl does not trust a stranger: {said}")


def main(program):
    check(run(program).returncode == 2, "without arguments it says how to call it")
    check(run(program, "0", "/nowhere", "/nowhere").returncode == 1, "it wants a certificate")
    if not shutil.which("openssl"):
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = (os.path.join(folder, name) for name in ("cert.pem", "key.pem"))
        made = run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                   "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-keyout", key, "-out",
                   certificate, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
        check(made.returncode == 0, f"a certificate is made: {made}")
        with serving(program, "0", certificate, key, stderr=subprocess.DEVNULL) as (_, port):
            talk_as_openssl(port, certificate)
            if shutil.which("curl"):
                talk_as_curl(port, certificate)


if __name__ == "__main__":
    main(*sys.argv[1:])
