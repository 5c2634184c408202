#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""No promise that is not kept: notes.py SOURCE_ROOT FILE...

The switch in assembly moves the stack pointer and leaves the shadow stack where it is. An object
marked SHSTK would have the loader turn shadow stacks on, and the first switch would be the last.
"""

import re
import subprocess

import source


def check(_root, *paths):
    findings = []
    for path in paths:
        notes = subprocess.run(["readelf", "-n", path], check=True, capture_output=True,
                               text=True).stdout
        member = ""
        for line in notes.splitlines():
            if line.startswith("File: "):  # in an archive
                member = f" ({line[len('File: '):]})"
            elif re.search(r"\bSHSTK\b", line):
                findings.append(f"{path}:0: is marked SHSTK{member}")
    return findings


if __name__ == "__main__":
    source.main(check)
