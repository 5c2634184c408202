#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tests/unit/ mirrors lib/ and the folders beside it: test_mirror.py SOURCE_ROOT

lib/folder/name.c, or folder/name.c, is tested in tests/unit/folder/test_name.c, and a test file
there has its counterpart, name.c or name.h, there.
"""

import re

import layers
import source

BESIDE = "|".join(layers.BESIDE)

# Sources tested in another file than their own: (file in lib/, file in tests/unit/): why.
TESTED_ELSEWHERE = {
    ("ctx/switch_ucontext.c", "ctx/test_switch.c"): "one test for every switch; each build has one",
}

# Tests of a rule that several files keep together: file in tests/unit/: which rule.
OF_A_RULE = {
    "task/test_eager.c": "tasks that take their first steps in the call that makes them",
    "task/test_ticks.c": "how many turns lie between a cause and its effect",
}


def check(root, elsewhere=None, of_a_rule=None):
    elsewhere = TESTED_ELSEWHERE if elsewhere is None else elsewhere
    of_a_rule = OF_A_RULE if of_a_rule is None else of_a_rule
    findings = []
    files = set(source.files(root))
    instead = {code: test for code, test in elsewhere}
    for code, test in elsewhere:
        for path in (f"lib/{code}", f"tests/unit/{test}"):
            if path not in files:
                findings.append(f"{path}:0: named as an exception of the mirror, but not there")
    for test in of_a_rule:
        if f"tests/unit/{test}" not in files:
            findings.append(f"tests/unit/{test}:0: named as a test of a rule, but not there")

    for path in sorted(files):
        if match := re.fullmatch(rf"(?:lib/(.+)|({BESIDE}))/(\w+)\.c", path):
            test = f"tests/unit/{match[1] or match[2]}/test_{match[3]}.c"
            if test not in files and path[len("lib/"):] not in instead:
                findings.append(f"{path}:1: has no {test}")
        elif match := re.fullmatch(r"tests/unit/((?:.+/)?)(\w+)\.c", path):
            if not match[2].startswith("test_"):
                findings.append(f"{path}:1: only test_*.c are tests; a helper is no unit test")
                continue
            code = f"{match[1]}{match[2][len('test_'):]}"
            if path[len("tests/unit/"):] in of_a_rule:
                continue
            top = "" if match[1][:-1] in layers.BESIDE else "lib/"
            if not {f"{top}{code}.c", f"{top}{code}.h"} & files:
                findings.append(f"{path}:1: there is neither {top}{code}.c nor {top}{code}.h")
    return findings


if __name__ == "__main__":
    source.main(check)
