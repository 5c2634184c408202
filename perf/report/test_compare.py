#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What compare says of made samples; nothing is timed."""

import random
import sys
import unittest

import compare
import record


def made(medians, n, seed, names=None, spread=0.03):
    """A record of rows whose samples lie around a median each."""
    source = random.Random(seed)
    rows = [{"name": (names or {}).get(i, f"p{i}/coil"), "unit": "ns", "clock": "cpu",
             "samples": [median * source.lognormvariate(0, spread) for _ in range(n)],
             "counters": {}} for i, median in enumerate(medians)]
    return record.new(rows=rows)


class Test(unittest.TestCase):
    def test_exact_probabilities_are_the_tables(self):
        # Of C(6, 3) = 20 orders two are as far apart as this.
        self.assertAlmostEqual(compare.mann_whitney([1, 2, 3], [4, 5, 6]), 2 / 20)
        self.assertAlmostEqual(compare.mann_whitney([1, 2, 4], [3, 5, 6]), 4 / 20)
        self.assertEqual(compare.mann_whitney([1, 4, 5], [2, 3, 6]), 1)
        # U = 23 is the last below 0.05 of 10 and 10 (Mann and Whitney's table).
        self.assertLessEqual(compare.exact(23, 10, 10), 0.05)
        self.assertGreater(compare.exact(24, 10, 10), 0.05)

    def test_the_normal_form_is_near_the_exact_one(self):
        a, b = list(range(0, 30, 2)), list(range(7, 37, 2))
        u = compare.statistic(a, b)
        self.assertAlmostEqual(compare.by_normal(u, a, b), compare.exact(u, 15, 15), delta=0.01)

    def test_ties(self):
        self.assertEqual(compare.mann_whitney([5, 5, 5], [5, 5, 5]), 1)
        self.assertLess(compare.mann_whitney([1] * 8, [2] * 8), 0.001)

    def test_holm_is_between_none_and_all(self):
        self.assertEqual(compare.holm([0.01, 0.04, 0.03]), [True, False, False])
        self.assertEqual(compare.holm([0.01, 0.02, 0.04]), [True, True, True])
        self.assertEqual(compare.holm([]), [])

    def test_a_change_is_found_with_its_size(self):
        one, other = made([10, 50, 300], 15, 1), made([10, 55, 300], 15, 2)
        results, missing = compare.compare(one, other)
        self.assertEqual([result[0] for result in results if result[6]], ["p1/coil"])
        estimate, low, high = results[0][4]
        self.assertTrue(low < 1.1 < high and abs(estimate - 1.1) < 0.03, results[0])
        self.assertEqual(missing, [])

    def test_of_equal_runs_few_say_that_anything_changed(self):
        alarms = 0
        for seed in range(60):
            results, _ = compare.compare(made([10] * 20, 9, seed), made([10] * 20, 9, 1000 + seed))
            alarms += any(result[6] for result in results)
        self.assertLessEqual(alarms, 6)  # of 60, at 0.05 each

    def test_too_few_samples_are_said_to_be(self):
        _, missing = compare.compare(made([10], 3, 1), made([99], 3, 2))
        self.assertIn("too few samples", missing[0])

    def test_rows_that_have_no_partner_are_named(self):
        one, other = made([10, 20], 9, 1), made([10, 20], 9, 2, {1: "new/coil"})
        _, missing = compare.compare(one, other)
        self.assertEqual(missing, ["only in the first: p1/coil", "only in the second: new/coil"])

    def test_what_cannot_be_compared_is_named(self):
        one, other = made([10], 9, 1), made([10], 9, 2)
        one["rows"][0]["samples"][0] = -1
        self.assertEqual(compare.compare(one, other), ([], ["cannot be compared: p0/coil"]))

    def test_the_machine_is_seen_in_what_is_not_coil(self):
        names = {0: "yield/go", 1: "lock/go", 2: "lock/coil"}
        one, other = made([10] * 3, 15, 1, names, 0.001), made([12, 12, 10], 15, 2, names, 0.001)
        self.assertIn("what is not coil moved by +20", compare.text(one, other))

    def test_another_machine_is_said_to_be(self):
        one, other = made([10], 9, 1), made([10], 9, 2)
        one["machine"]["kernel"], other["machine"]["kernel"] = "Linux 6.1", "Linux 6.18"
        self.assertIn("kernel differs: Linux 6.1 / Linux 6.18", compare.text(one, other))

    def test_a_study_is_compared_size_by_size(self):
        one, other = made([10, 20], 9, 1), made([10, 20], 9, 2)
        for rows in (one["rows"], other["rows"]):
            for n, row in zip((100, 1000), rows):
                row.update(name="sleep/coil", n=n, cores=1)
        results, missing = compare.compare(one, other)
        self.assertEqual(sorted(result[0] for result in results),
                         ["sleep/coil n=100 cores=1", "sleep/coil n=1000 cores=1"])
        self.assertEqual(missing, [])


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=1))
