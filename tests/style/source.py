# SPDX-License-Identifier: MIT
"""What the checks share: the project's files, C text without comments, one way to report."""

import os
import re
import subprocess
import sys

C_SUFFIXES = (".c", ".h", ".S", ".cc")


def files(root):
    """The project's files, relative to root: git's view, or all of a tree that is not git's."""
    git = subprocess.run(
        ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True, text=True)
    if git.returncode == 0:
        found = [path for path in git.stdout.split("\0") if path]
    else:
        found = []
        for folder, folders, names in os.walk(root):
            folders[:] = [f for f in folders if not f.startswith(("build", ".git", "__"))]
            found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(path for path in set(found) if os.path.isfile(os.path.join(root, path)))


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", newline="") as file:
        return file.read()


def blank(match):
    """The same text with everything but line ends blanked, so that offsets and lines hold."""
    return re.sub(r"[^\n]", " ", match.group())


COMMENT_OR_STRING = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def without_comments(text):
    return COMMENT_OR_STRING.sub(
        lambda match: blank(match) if match.group().startswith("/") else match.group(), text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def main(check):
    """Runs check(root, *arguments of the command line) and reports what it returns."""
    findings = check(*sys.argv[1:])
    for finding in findings:
        print(finding)
    sys.exit(bool(findings))
