// SPDX-License-Identifier: MIT
/*
 * A build that counts which lines ran (-Db_coverage=true) writes its counts down when a program
 * exits. Tests have children that end in other ways: there _exit(2) and abort(3) of the whole test
 * program come here first (the linker's --wrap), and so does a signal that a child says it ends by.
 */
#ifndef TESTS_COVERAGE_H
#define TESTS_COVERAGE_H

#include <signal.h>

#if COIL_TEST_COVERAGE
/* The signal has its default disposition, except that the counts are written first. */
void coverage_ends_by(int number);
#else
static inline void coverage_ends_by(int number)
{
    signal(number, SIG_DFL);
}
#endif

#endif
