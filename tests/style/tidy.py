#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What keeps the sources readable and a formatter does not see: tidy.py SOURCE_ROOT"""

import os
import re

import source

MAX_COLUMNS = 100
MAX_FUNCTION_LINES = 70
MAX_LIB_FILE_LINES = 400

SUFFIXES = source.C_SUFFIXES + (".py", ".sh", ".build", ".map", ".in")
C_FOLDERS = ("lib/", "tls/", "include/", "tests/", "perf/", "examples/")
LIB_FOLDERS = ("lib/", "tls/")
# Written in two halves, so that this file passes its own check.
OPEN_ENDS = re.compile(r"\b(" + "|".join(["TO" "DO", "FIX" "ME", "XX" "X", "HA" "CK"]) + r")\b")


def is_source(root, path):
    if path.endswith(SUFFIXES):
        return True
    if "." in os.path.basename(path):
        return False
    with open(os.path.join(root, path), "rb") as file:
        return file.read(2) == b"#!"


def check_lines(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > MAX_COLUMNS:
            yield f"{path}:{number}: {len(line)} columns; at most {MAX_COLUMNS}"
        if line != line.rstrip():
            yield f"{path}:{number}: blanks at the end of the line"
        if "\t" in line and path.endswith(source.C_SUFFIXES):
            yield f"{path}:{number}: a tab"
        if line.startswith(("<<<<<<< ", ">>>>>>> ")):
            yield f"{path}:{number}: a mark of a merge that was not finished"
        if match := OPEN_ENDS.search(line):
            yield f"{path}:{number}: {match[0]}: do it now or file it, the code has no open ends"


def check_functions(path, text):
    """By clang-format's shape: the body is between a lone { and a } in column 0."""
    lines = source.without_comments(text).splitlines()
    for number, line in enumerate(lines):
        if line != "{":
            continue
        first = number
        while first and re.match(r"[^#}]*[^;}\s]\s*$", lines[first - 1]):
            first -= 1
        last = next((n for n in range(number, len(lines)) if lines[n].startswith("}")), None)
        if last is None:
            yield f"{path}:{first + 1}: a body without a closing brace in column 0"
        elif last - first + 1 > MAX_FUNCTION_LINES:
            yield (f"{path}:{first + 1}: a function of {last - first + 1} lines;"
                   f" at most {MAX_FUNCTION_LINES}")


def check_file(path, text):
    yield from check_lines(path, text)
    if not text.endswith("\n") and text:
        yield f"{path}:{len(text.splitlines())}: no newline at the end of the file"
    if path.endswith(source.C_SUFFIXES):
        if "SPDX-License-Identifier: MIT" not in text.partition("\n")[0]:
            yield f"{path}:1: the first line does not say SPDX-License-Identifier: MIT"
        if path.startswith(C_FOLDERS) and not path.endswith(".S"):
            yield from check_functions(path, text)
        lines = len(text.splitlines())
        if path.startswith(LIB_FOLDERS) and lines > MAX_LIB_FILE_LINES:
            yield f"{path}:{lines}: {lines} lines; at most {MAX_LIB_FILE_LINES} in lib/"


def check(root):
    findings = []
    for path in source.files(root):
        if is_source(root, path):
            findings += check_file(path, source.read(root, path))
    return findings


if __name__ == "__main__":
    source.main(check)
