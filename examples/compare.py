#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs an example and compares what it prints: compare.py PROGRAM EXPECTED"""

import difflib
import subprocess
import sys

program, expected = sys.argv[1:]
run = subprocess.run([program], stdout=subprocess.PIPE, text=True, timeout=60)
with open(expected, encoding="utf-8") as file:
    wanted = file.read()
sys.stdout.writelines(
    difflib.unified_diff(wanted.splitlines(True), run.stdout.splitlines(True), expected, "printed")
)
sys.exit(run.returncode != 0 or run.stdout != wanted)
