#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves that every check fires: selftest.py

Each case puts one violation into a small tree that is otherwise clean, and expects the one finding
that names it. A check that finds nothing anywhere would pass for ever and say nothing.
"""

import os
import platform
import shutil
import subprocess
import sys
import tempfile

import layers
import notes
import rules
import symbols
import test_mirror
import tidy

HERE = os.path.dirname(os.path.abspath(__file__))
SPDX = "/* SPDX-License-Identifier: MIT */\n"
CC = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
COMMENT = """/*
 * Runs it.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: none
 * changes hands.
 * Cancellation: none.
 * Errors: -EINVAL.
 */
"""
HEADER = f"""{SPDX}#pragma once
#include <stddef.h>
#define COIL_API __attribute__((visibility("default")))
#ifdef __cplusplus
extern "C" {{
#endif
typedef int (*coil_callback)(void *userdata);
struct coil_pair {{
    int a;
}};
{COMMENT}COIL_API int coil_run(coil_callback function, void (*dispose)(void *),
                      const char *const names[], unsigned flags);

{COMMENT}COIL_API struct coil_pair *coil_none(void);
#ifdef __cplusplus
}}
#endif
"""
RUN = SPDX + """#include "run/run.h"
#include "base/list.h"
#include <coil/coil.h>
int run(void)
{
    return 0;
}
"""
# What the shared library of the symbol cases is made of; the names are all that counts.
CODE = "void coil_run(void) {} void coil_none(void) {}"
CLEAN = {
    "include/coil/coil.h": HEADER,
    "lib/coil.map": "COIL_0 { # one\nglobal:\n    coil_run;\n    coil_none;\nlocal:\n    *;\n};\n",
    "lib/base/list.h": SPDX + "#include <coil/base.h>\n",
    "lib/run/run.h": SPDX,
    "lib/run/run.c": RUN,
    "tests/unit/base/test_list.c": SPDX,
    "tests/unit/run/test_run.c": SPDX,
    "tools/script": "#!/bin/sh\n",
}


class Tree:
    """A temporary source tree: CLEAN with some files replaced or, by None, left out."""

    def __init__(self, changes):
        self.folder = tempfile.TemporaryDirectory()
        for path, text in {**CLEAN, **changes}.items():
            if text is not None:
                full = os.path.join(self.folder.name, path)
                os.makedirs(os.path.dirname(full), exist_ok=True)
                with open(full, "w", encoding="utf-8") as file:
                    file.write(text)

    def __enter__(self):
        return self.folder.name

    def __exit__(self, *_):
        self.folder.cleanup()


def build(root, code, *flags):
    library = os.path.join(root, "libcoil.so")
    subprocess.run([CC, "-shared", "-fPIC", *flags, "-o", library, "-x", "c", "-"],
                   input=code, text=True, check=True)
    return library


def exporting(code):
    """The check of the symbols, with a library made of this code."""
    def check(root):
        # The linker has a map of its own, for the tree's may be what is wrong in a case.
        exports = os.path.join(root, "exports")
        with open(exports, "w", encoding="utf-8") as file:
            file.write("COIL_0 { global: coil_*; local: *; };\n")
        library = build(root, code, f"-Wl,--version-script={exports}")
        return symbols.check(root, library, os.path.join(root, "lib/coil.map"))
    return check


def edit(path, old, new):
    assert old in CLEAN[path], (path, old)
    return {path: CLEAN[path].replace(old, new, 1)}


def body(lines):
    return SPDX + "static int f(int a,\n             int b)\n{\n" + "    a += b;\n" * lines + "}\n"


RUN_C, COIL_H, MAP = "lib/run/run.c", "include/coil/coil.h", "lib/coil.map"


def mirror(root):
    """Without the project's own exceptions, whose files are not in the small tree."""
    return test_mirror.check(root, {}, {})


TABLE = "tests/rules.tsv"
RULES = {
    TABLE: "rule\tprogram\ttest\tpatch\nR1\ttest_run\trun.returns\tR1.patch\n",
    "tests/unit/run/test_run.c": SPDX + "TEST(run, returns)\n",
    "tests/mutations/R1.patch": f"""--- a/{RUN_C}
+++ b/{RUN_C}
@@ -6,3 +6,3 @@
 {{
-    return 0;
+    return 1;
 }}
""",
}

# (check, changes to the clean tree, how the one finding starts, what else it says)
CASES = [
    (layers.check, edit(RUN_C, "base/list.h", "stream/a.h"), f"{RUN_C}:3:", "may not include"),
    (layers.check, edit(RUN_C, "base/list.h", "inspect/a.h"), f"{RUN_C}:3:", "may not include"),
    (layers.check, edit(RUN_C, "base/list.h", "run.h"), f"{RUN_C}:3:", "not written"),
    (layers.check, edit(RUN_C, "base/list.h", "../base/list.h"), f"{RUN_C}:3:", "not written"),
    (layers.check, edit(RUN_C, "base/list.h", "tests/lib/a.h"), f"{RUN_C}:3:", "not written"),
    (layers.check, edit(RUN_C, '"base/list.h"', "HEADER"), f"{RUN_C}:3:", "not written"),
    (layers.check, edit(RUN_C, '"base/list.h"', "<base/list.h>"), f"{RUN_C}:3:", "internal"),
    (layers.check, {"lib/misc/a.c": SPDX}, "lib/misc/a.c:1:", "table of layers"),
    (layers.check, {"lib/a.c": SPDX}, "lib/a.c:1:", "not in a folder"),
    (layers.check, edit("lib/base/list.h", "coil/base", "coil/coil"), "lib/base/list.h:2:",
     "base includes only"),
    (layers.check, {"tls/a.c": SPDX + '#include "tls/a.h"\n#include <coil/coil.h>\n'}, None, None),
    (layers.check, {"tls/a.c": SPDX + '#include "base/list.h"\n'}, "tls/a.c:2:", "itself and"),
    (layers.check, {"tls/a.c": SPDX + '#include <base/list.h>\n'}, "tls/a.c:2:", "not public"),

    (tidy.check, {RUN_C: body(66)}, None, None),
    (tidy.check, {RUN_C: body(67)}, f"{RUN_C}:2:", "71 lines"),
    (tidy.check, {RUN_C: SPDX + "int f(void)\n{\n"}, f"{RUN_C}:2:", "without a closing brace"),
    (tidy.check, {RUN_C: SPDX + "// é" + "x" * 96 + "\n"}, None, None),
    (tidy.check, {RUN_C: SPDX + "// é" + "x" * 97 + "\n"}, f"{RUN_C}:2:", "101 columns"),
    (tidy.check, {"tools/script": "#!/bin/sh\n#" + "x" * 100 + "\n"}, "tools/script:2:",
     "101 columns"),
    (tidy.check, {RUN_C: SPDX + "\n" * 399}, None, None),
    (tidy.check, {RUN_C: SPDX + "\n" * 400}, f"{RUN_C}:401:", "401 lines"),
    (tidy.check, edit(RUN_C, "return 0;", "return 0; "), f"{RUN_C}:7:", "blanks"),
    (tidy.check, edit(RUN_C, "    return 0", "\treturn 0"), f"{RUN_C}:7:", "tab"),
    (tidy.check, {"tools/script": "#!/bin/sh\n" + "<" * 7 + " HEAD\n"}, "tools/script:2:", "merge"),
    (tidy.check, {RUN_C: SPDX + ">" * 7 + " side\n"}, f"{RUN_C}:2:", "merge"),
    (tidy.check, {RUN_C: SPDX + "int a;"}, f"{RUN_C}:2:", "no newline"),
    (tidy.check, {RUN_C: "int a;\n"}, f"{RUN_C}:1:", "SPDX"),
    (tidy.check, edit(RUN_C, "return 0;", "return 0; // TO" "DO"), f"{RUN_C}:7:", "open ends"),

    (exporting("void coil_run(void) {}"), edit(MAP, "    coil_none;\n", ""), f"{COIL_H}:",
     "coil_none is not in lib/coil.map"),
    (exporting(CODE + "int coil_more;"), edit(MAP, "coil_none;", "coil_none;coil_more;"),
     f"{MAP}:4:", "declared in no public header"),
    (exporting(CODE), edit(MAP, "coil_none;", "coil_none; coil_n*;"), f"{MAP}:4:", "pattern"),
    (exporting("void coil_run(void) {}"), {}, f"{MAP}:4:", "not exported"),
    (exporting(CODE + "int coil_more;"), {}, "", "exports coil_more"),
    # Of another library, whose map this is not.
    (exporting(CODE), {"include/coil/tls.h": f"{COMMENT}COIL_API void coil_more(void);\n"}, None,
     None),
    (exporting(CODE), edit(COIL_H, "struct coil_pair {", "int coil_x(void);\nstruct coil_pair {"),
     f"{COIL_H}:", "coil_x is declared without COIL_API"),
    (exporting(CODE), edit(COIL_H, f"{COMMENT}COIL_API struct", "COIL_API struct"), f"{COIL_H}:",
     "no /* comment */"),
    (exporting(CODE), edit(COIL_H, " * Thread: any.\n", ""), f"{COIL_H}:", "the parts"),
    (exporting(CODE), edit(COIL_H, " * Suspends: no.\n * Thread: any.\n",
                         " * Thread: any.\n * Suspends: no.\n"), f"{COIL_H}:", "the parts"),
    (exporting(CODE), edit(COIL_H, "Errors: -EINVAL.", "Errors:"), f"{COIL_H}:", "says nothing"),
    (exporting(CODE), edit(COIL_H, " * Runs it.\n", ""), f"{COIL_H}:", "first paragraph"),
    (exporting(CODE), edit(COIL_H, "coil_none(void)", "coil_none()"), f"{COIL_H}:", "write (void)"),
    (exporting(CODE), edit(COIL_H, "unsigned flags", "unsigned"), f"{COIL_H}:", "has no name"),
    (exporting(CODE), edit(COIL_H, "*const names[]", "*const"), f"{COIL_H}:", "has no name"),
    (exporting(CODE), edit(COIL_H, "coil_callback function", "coil_callback"), f"{COIL_H}:",
     "has no name"),
    (exporting(CODE), edit(COIL_H, "(*dispose)", "(*)"), f"{COIL_H}:", "has no name"),

    (mirror, {"tests/unit/run/test_run.c": None}, f"{RUN_C}:1:", "has no"),
    (mirror, {"tests/unit/run/test_more.c": SPDX}, "tests/unit/run/test_more.c:1:", "neither"),
    (mirror, {"tls/a.c": SPDX}, "tls/a.c:1:", "has no tests/unit/tls/test_a.c"),
    (mirror, {"tls/a.c": SPDX, "tests/unit/tls/test_a.c": SPDX}, None, None),
    (mirror, {"tests/unit/test_run.c": SPDX}, "tests/unit/test_run.c:1:", "neither"),
    (mirror, {"tests/unit/run/help.c": SPDX}, "tests/unit/run/help.c:1:", "only test_"),
    (rules.check, RULES, None, None),
    (rules.check, {**RULES, TABLE: RULES[TABLE] + RULES[TABLE].splitlines()[1] + "\n"},
     f"{TABLE}:3:", "another line"),
    (rules.check, {**RULES, "tests/unit/run/test_run.c": SPDX}, f"{TABLE}:2:", "no test"),
    (rules.check, {**RULES, "tests/mutations/R1.patch": None}, f"{TABLE}:2:", "no tests/mut"),
    (rules.check, {**RULES, "tests/mutations/R2.patch": ""}, "tests/mutations/R2.patch:0:",
     "no line"),
    (rules.check, {**RULES, RUN_C: SPDX}, f"{TABLE}:2:", "does not apply"),

    (lambda root: test_mirror.check(root, {("run/gone.c", "run/test_run.c"): "why"}, {}), {},
     "lib/run/gone.c:0:", "not there"),
    (lambda root: test_mirror.check(root, {}, {"run/test_gone.c": "which"}), {},
     "tests/unit/run/test_gone.c:0:", "not there"),
]


def check_notes(root, *flags):
    return notes.check(root, build(root, CODE, *flags))


if CC and platform.machine() == "x86_64":
    CASES += [
        (lambda root: check_notes(root, "-fcf-protection=none"), {}, None, None),
        (lambda root: check_notes(root, "-fcf-protection=full", "-Wl,-z,shstk"), {}, "",
         "SHSTK"),
    ]


def failures():
    for check in (layers.check, tidy.check, exporting(CODE), mirror):
        with Tree({}) as root:
            yield from (f"the clean tree: {found}" for found in check(root))
    for number, (check, changes, start, text) in enumerate(CASES):
        with Tree(changes) as root:
            found = check(root)
        wanted = start is None and not found or (
            start is not None and len(found) == 1 and found[0].startswith(start)
            and text in found[0])
        if not wanted:
            yield f"case {number} expects {start!r} {text!r}, found {found}"
    # By the command line: findings are printed and end in exit status 1.
    alone = os.path.join("..", "headers", "alone.py"), "coil/coil.h"
    for command, changes, status in (
            (("layers.py", "."), {}, 0), (("layers.py", "."), {"lib/a.c": SPDX}, 1),
            ((*alone, "include"), {}, 0),
            ((*alone, "include"), {COIL_H: "size_t coil_f(void);\n"}, 1),
            ((*alone, "include"), {COIL_H: "int *class;\n"}, 1)):
        with Tree(changes) as root:
            run = subprocess.run([sys.executable, "-B", os.path.join(HERE, command[0]),
                                  *command[1:]], cwd=root, capture_output=True, text=True)
        if run.returncode != status or bool(run.stdout) != bool(status):
            yield f"{' '.join(command)} ends with {run.returncode}, not {status}: {run}"


if __name__ == "__main__":
    if not CC:
        sys.exit("selftest.py: no C compiler")
    problems = list(failures())
    for problem in problems:
        print(f"{os.path.basename(__file__)}:0: {problem}")
    if problems:
        sys.exit(1)
    print(f"{len(CASES)} cases")
