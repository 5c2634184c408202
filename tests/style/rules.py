#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Rules, tests and mutations agree: rules.py SOURCE_ROOT

Each line of tests/rules.tsv (rule, program, test, patch) names a test that is there and a patch in
tests/mutations/ that applies to lib/; each patch there has a line. tools/mutate shows that the
tests notice them.
"""

import csv
import pathlib
import re
import subprocess

import source

TEST = re.compile(r"^TEST\((\w+),\s*(\w+)\)", re.M)


def check(root):
    findings = []
    root = pathlib.Path(root)
    tests = set()
    for path in root.glob("tests/**/*.c"):
        tests |= {".".join(found) for found in TEST.findall(path.read_text(encoding="utf-8"))}
    patches = {path.name for path in root.glob("tests/mutations/*")}
    seen = set()
    table = root / "tests/rules.tsv"
    with open(table, encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    for number, row in enumerate(rows, 2):
        place = f"tests/rules.tsv:{number}"
        if row["rule"] in seen:
            findings.append(f"{place}: {row['rule']} has another line")
        seen.add(row["rule"])
        if row["test"] not in tests:
            findings.append(f"{place}: there is no test {row['test']}")
        if row["patch"] not in patches:
            findings.append(f"{place}: there is no tests/mutations/{row['patch']}")
            continue
        tried = subprocess.run(["patch", "-p1", "--dry-run", "--force", "--fuzz=0", "-i",
                                root / "tests/mutations" / row["patch"]], cwd=root,
                               capture_output=True, text=True)
        if tried.returncode:
            findings.append(f"{place}: {row['patch']} does not apply: {tried.stdout.strip()}")
    for name in sorted(patches - {row["patch"] for row in rows}):
        findings.append(f"tests/mutations/{name}:0: no line of tests/rules.tsv names it")
    return findings


if __name__ == "__main__":
    source.main(check)
