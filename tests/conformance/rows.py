#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Rows, exceptions and tests agree: rows.py CONFORMANCE_DIR ISSUE...

cases.tsv lists CPython's own test cases of asyncio. Each row of the ISSUEs with the verdict `port`
is one test, TEST(Class, test_name), in one of the files beside it, or stands in exceptions.tsv
(file, case, reason) because it has no meaning in C: at most 3 % of the rows.
"""

import csv
import pathlib
import re
import sys

EXCEPTIONS_MAX = 0.03
TEST = re.compile(r"^TEST\((\w+),\s*(\w+)\)", re.M)


def table(path):
    with open(path, encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def check(root, issues):
    findings = []
    ported = [row for row in table(root / "cases.tsv") if row["verdict"] == "port"]
    rows = [row for row in ported if row["issue"] in issues]
    wanted = {row["case"] for row in rows}
    known = {row["case"] for row in ported}
    excused = {row["case"]: row["reason"] for row in table(root / "exceptions.tsv")}
    tests = {}
    for path in sorted(root.glob("test_*.c")):
        for suite, name in TEST.findall(path.read_text(encoding="utf-8")):
            case = f"{suite}.{name}"
            if case in tests:
                findings.append(f"{path.name}: {case} is also in {tests[case]}")
            tests[case] = path.name
    for row in rows:
        if row["case"] not in tests and row["case"] not in excused:
            findings.append(f"no test: {row['file']} {row['case']}: {row['note']}")
    findings += [f"{tests[case]}: {case} is no row" for case in tests if case not in known]
    for case, reason in excused.items():
        if case not in wanted:
            findings.append(f"exceptions.tsv: {case} is no row")
        if case in tests:
            findings.append(f"exceptions.tsv: {case} has a test")
        if not reason:
            findings.append(f"exceptions.tsv: {case} has no reason")
    if len(excused) > EXCEPTIONS_MAX * len(wanted):
        findings.append(f"exceptions.tsv: {len(excused)} of {len(wanted)} rows are too many")
    print(f"{len(wanted)} rows, {len(tests)} tests, {len(excused)} exceptions")
    return findings


if __name__ == "__main__":
    found = check(pathlib.Path(sys.argv[1]), sys.argv[2:])
    print("\n".join(found))
    sys.exit(bool(found))
