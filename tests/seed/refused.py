#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A handle is no future, and the compiler says so: refused.py INCLUDE_DIR...

S28: what coil_call_soon, coil_call_later and coil_call_at return cannot be run until it is
complete. The same program compiles with a task in its place, so it is the handle that is refused.
"""

import shutil
import subprocess
import sys

PROGRAM = """#include <coil/coil.h>
int run(coil_loop *loop, coil_fn fn, coil_callback callback)
{{
    (void)fn;
    (void)callback;
    return coil_run_until_complete(loop, {}, NULL);
}}
"""
TAKEN = ["coil_create_task(fn, NULL)", "coil_create_future(loop)"]
REFUSED = ["coil_call_soon(loop, callback, NULL)", "coil_call_later(loop, 1, callback, NULL)",
           "coil_call_at(loop, 1, callback, NULL)"]
COMPILERS = [("gcc", "c"), ("g++", "c++"), ("clang", "c"), ("clang++", "c++")]


def main(*include_dirs):
    here = [row for row in COMPILERS if shutil.which(row[0])]
    if not here:
        sys.exit("refused.py: there is no compiler")
    failed = False
    for compiler, language in here:
        command = [compiler, "-x", language, "-fsyntax-only", "-Wall", "-Werror",
                   *(f"-I{folder}" for folder in include_dirs), "-"]
        for argument in TAKEN + REFUSED:
            run = subprocess.run(command, input=PROGRAM.format(argument), text=True,
                                 capture_output=True)
            if (run.returncode == 0) != (argument in TAKEN):
                failed = True
                print(f"{compiler}: {argument}: ends with {run.returncode}\n{run.stderr}")
    sys.exit(failed)


if __name__ == "__main__":
    main(*sys.argv[1:])
