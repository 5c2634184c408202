#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A public header compiles alone, and twice, in C11 and C++11: alone.py HEADER INCLUDE_DIR...

HEADER is written as a program would: coil/task.h. Every compiler of gcc and clang that is here
has its say.
"""

import shutil
import subprocess
import sys

FLAGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
COMPILERS = [("gcc", "c", "-std=c11"), ("g++", "c++", "-std=c++11"),
             ("clang", "c", "-std=c11"), ("clang++", "c++", "-std=c++11")]


def main(header, *include_dirs):
    program = f"#include <{header}>\n#include <{header}>\n"
    here = [row for row in COMPILERS if shutil.which(row[0])]
    languages = {language for _, language, _ in here}
    if languages != {"c", "c++"}:
        sys.exit("alone.py: needs a C and a C++ compiler: gcc and g++, or clang and clang++")
    failed = False
    for compiler, language, standard in here:
        command = [compiler, "-x", language, standard, *FLAGS,
                   *(f"-I{folder}" for folder in include_dirs), "-"]
        run = subprocess.run(command, input=program, text=True, capture_output=True)
        if run.returncode:
            failed = True
            print(f"{header} does not compile alone: {' '.join(command)}\n{run.stderr}")
    sys.exit(failed)


if __name__ == "__main__":
    main(*sys.argv[1:])
