#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Includes point down: layers.py SOURCE_ROOT

A folder of lib/ includes itself, what its row names, what those name, and public headers. The
folder of a library beside lib/ includes itself and public headers: it uses coil as programs do.
"""

import re

import source

# The layers, from the ground up. This is the one place where the rule is written for machines.
MAY_INCLUDE = {
    "base": [],
    "os": ["base"],
    "ctx": ["base", "os"],
    "timer": ["base"],
    "pool": ["base", "os"],
    "fiber": ["ctx"],
    "engine": ["base", "timer"],
    "ring": ["engine", "pool", "os"],
    "sim": ["engine"],
    "epoll": ["engine", "pool", "os"],
    "gen": ["fiber"],
    "task": ["fiber", "timer"],
    "loop": ["task", "engine"],
    "compose": ["loop"],
    "run": ["loop", "ring", "sim", "epoll", "compose"],
    "sync": ["loop"],
    "io": ["loop"],
    "host": ["compose", "io", "pool"],
    "stream": ["host", "sync"],
    "shard": ["stream", "run"],
}
# It looks into everything, and nothing includes it.
MAY_INCLUDE["inspect"] = list(MAY_INCLUDE)

BESIDE = ["tls"]

# Everything stands on base, so base stands on nothing that could come to stand on it.
PUBLIC_FOR_BASE = "coil/base.h"

INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*(.*?)[ \t]*$", re.M)


def reach(folder):
    seen = set()
    todo = [folder]
    while todo:
        if (at := todo.pop()) not in seen:
            seen.add(at)
            todo += MAY_INCLUDE[at]
    return seen


def complaint_beside(folder, include):
    """The same for a folder beside lib/."""
    if include.startswith("<"):
        top = include[1:].split("/")[0]
        return f"{include} is not public" if top in MAY_INCLUDE or top in ("lib", "tests") else None
    if re.fullmatch(rf'"{folder}/\w+\.h"', include):
        return None
    return f"{folder} may include itself and public headers only: {include}"


def complaint(folder, include):
    """What is wrong with one include of a file in lib/folder, or None."""
    if folder in BESIDE:
        return complaint_beside(folder, include)
    if include.startswith("<"):
        top = include[1:].split("/")[0]
        if top in MAY_INCLUDE or top in ("lib", "tests"):
            return f'{include} is internal: written "folder/file.h", and never from tests/'
        if folder == "base" and top == "coil" and include != f"<{PUBLIC_FOR_BASE}>":
            return f"{include}: of the public headers, base includes only <{PUBLIC_FOR_BASE}>"
        return None
    match = re.fullmatch(r'"(\w+)/\w+\.h"', include)
    if not match or match[1] not in MAY_INCLUDE:
        return f'{include} is not written "folder/file.h" with a folder of lib/'
    if match[1] not in reach(folder):
        return f"{folder} may not include {match[1]}: {include}"
    return None


def check(root):
    findings = []
    for path in source.files(root):
        parts = path.split("/")
        if parts[0] not in ("lib", *BESIDE) or not path.endswith(source.C_SUFFIXES):
            continue
        if len(parts) != (3 if parts[0] == "lib" else 2):
            findings.append(f"{path}:1: not in a folder of lib/ (folders are one deep)")
            continue
        folder = parts[-2]
        if folder not in MAY_INCLUDE and parts[0] == "lib":
            findings.append(f"{path}:1: the folder {folder} is not in the table of layers")
            continue
        text = source.without_comments(source.read(root, path))
        for match in INCLUDE.finditer(text):
            if wrong := complaint(folder, match[1]):
                findings.append(f"{path}:{source.line_of(text, match.start())}: {wrong}")
    return findings


if __name__ == "__main__":
    source.main(check)
