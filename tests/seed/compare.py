#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares what a program of the tutorial prints: compare.py MODE GOLDEN PROGRAM [ARG..]

MODE is the clock that the program runs on: `virtual` or `real`. In the golden file

    {ELAPSED:3.00}  seconds with four digits: on a virtual clock exactly 3.0000, on a real one not
                    less and not more than 0.1 s or 5 % above, whichever is more
    {ADDR}          a pointer; all of a file are equal only where the golden file is s02.txt
    {TASK:a,b}      a line's rest that describes a task and has each of the words

and everything else is literal. Nothing may be printed on standard error, unless the environment
variable SEED_STDERR is `any`: closing a loop may tell of tasks that it ended. COIL_INTERRUPT=1.5 in
the environment is Ctrl-C after so many seconds: examples/seed/clock.c sees to it on the virtual
clock, and this program on the real one.
"""

import os
import re
import signal
import subprocess
import sys
import threading

GROUPS = {"ELAPSED": r"([0-9]+\.[0-9]{4})", "ADDR": "(0x[0-9a-f]+)", "TASK": "(.+)"}
PLACEHOLDER = re.compile(r"\{(ELAPSED|ADDR|TASK)(?::([^}]*))?\}")


def pattern(line):
    """The line as a regular expression, and what each of its groups must hold to."""
    expression, rules, at = "", [], 0
    for match in PLACEHOLDER.finditer(line):
        expression += re.escape(line[at : match.start()])
        kind, detail = match.groups()
        expression += GROUPS[kind]
        rules.append((kind, detail))
        at = match.end()
    return re.compile(expression + re.escape(line[at:])), rules


def elapsed_holds(text, wanted, mode):
    wanted = float(wanted)
    if mode == "virtual":
        return text == f"{wanted:.4f}"
    return wanted <= float(text) <= wanted + max(0.1, 0.05 * wanted)


def line_holds(wanted, printed, mode):
    expression, rules = pattern(wanted)
    match = expression.fullmatch(printed)
    if not match:
        return False
    for text, (kind, detail) in zip(match.groups(), rules):
        if kind == "ELAPSED" and not elapsed_holds(text, detail, mode):
            return False
        if kind == "TASK" and not all(word in text for word in detail.split(",")):
            return False
    return True


def compare(name, wanted, printed, mode):
    """What is wrong, line by line."""
    if printed and not printed.endswith("\n"):
        yield "the last line has no newline"
    wanted, lines = wanted.splitlines(), printed.splitlines()
    for number in range(max(len(wanted), len(lines))):
        expected = wanted[number] if number < len(wanted) else None
        line = lines[number] if number < len(lines) else None
        if expected is None or line is None or not line_holds(expected, line, mode):
            yield f"line {number + 1}: {line!r}, not {expected!r}"
    if name == "s02.txt" and len(set(re.findall(r"0x[0-9a-f]+", printed))) > 1:
        yield "one generator, described twice, has two addresses"


def run_program(program, mode):
    """The exit status, and what the program printed on its two outputs."""
    pipe = subprocess.PIPE
    environment = dict(os.environ, COIL_CLOCK=mode)
    interrupt = environment.get("COIL_INTERRUPT")
    with subprocess.Popen(program, stdout=pipe, stderr=pipe, env=environment) as run:
        if mode == "real" and interrupt:
            timer = threading.Timer(float(interrupt), run.send_signal, [signal.SIGINT])
            timer.daemon = True
            timer.start()
        try:
            out, err = run.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            run.kill()
            raise
    return run.returncode, out.decode(errors="replace"), err.decode(errors="replace")


def main(mode, golden, *program):
    status, printed, warned = run_program(program, mode)
    with open(golden, encoding="utf-8", newline="") as file:
        wanted = file.read()
    findings = list(compare(os.path.basename(golden), wanted, printed, mode))
    if status != 0:
        findings.append(f"it ended with {status}")
    if warned and os.environ.get("SEED_STDERR") != "any":
        findings.append("standard error: " + warned)
    for finding in findings:
        print(finding)
    return bool(findings)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
