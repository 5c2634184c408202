#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The comparer finds what it should: selftest.py"""

import sys
import unittest

from compare import compare


def wrong(wanted, printed, mode="virtual", name="s.txt"):
    return list(compare(name, wanted, printed, mode))


class Compare(unittest.TestCase):
    def test_literal_lines(self):
        self.assertEqual(wrong("a\nb\n", "a\nb\n"), [])
        self.assertEqual(wrong("", ""), [])
        for printed in ("a\n", "a\nc\n", "a\nb\nb\n", "b\na\n", "a\n\nb\n", "a \nb\n", "a\nb", ""):
            self.assertNotEqual(wrong("a\nb\n", printed), [], printed)

    def test_braces_of_a_regular_expression_mean_themselves(self):
        self.assertEqual(wrong("['a.c'] {x}\n", "['a.c'] {x}\n"), [])
        self.assertNotEqual(wrong("a.c\n", "abc\n"), [])

    def test_elapsed(self):
        line = "took {ELAPSED:3.00}\n"
        self.assertEqual(wrong(line, "took 3.0000\n"), [])
        for printed in ("3.0001", "2.9999", "3.00", "3", "03.0000", "3.00000"):
            self.assertNotEqual(wrong(line, f"took {printed}\n"), [], printed)
        for printed in ("3.0000", "3.1499"):
            self.assertEqual(wrong(line, f"took {printed}\n", "real"), [], printed)
        for printed in ("2.9999", "3.1501", "3.00"):
            self.assertNotEqual(wrong(line, f"took {printed}\n", "real"), [], printed)
        self.assertEqual(wrong("{ELAPSED:0.20}\n", "0.2999\n", "real"), [])
        self.assertNotEqual(wrong("{ELAPSED:0.20}\n", "0.3001\n", "real"), [])

    def test_address(self):
        self.assertEqual(wrong("<x at {ADDR}>\n", "<x at 0x7f1>\n"), [])
        for printed in ("<x at 7f1>", "<x at (nil)>", "<x at 0x>", "<x at 0x7F1>"):
            self.assertNotEqual(wrong("<x at {ADDR}>\n", printed + "\n"), [], printed)
        twice = "<x at {ADDR}>\n<x at {ADDR}>\n"
        self.assertEqual(wrong(twice, "<x at 0x1>\n<x at 0x2>\n"), [])
        self.assertNotEqual(wrong(twice, "<x at 0x1>\n<x at 0x2>\n", name="s02.txt"), [])

    def test_task(self):
        line = "task {TASK:pending,work} PENDING\n"
        self.assertEqual(wrong(line, "task <pending coro=work> PENDING\n"), [])
        for printed in ("<pending coro=>", "<work>", ""):
            self.assertNotEqual(wrong(line, f"task {printed} PENDING\n"), [], printed)


if __name__ == "__main__":
    sys.exit(unittest.main())
