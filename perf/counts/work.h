// SPDX-License-Identifier: MIT
/* What is counted: the primitives that programs spend their time in, on the simulated engine. */
#ifndef PERF_COUNTS_H
#define PERF_COUNTS_H

#include <coil/coil.h>

#include <stdbool.h>

struct work {
    const char *name;
    /* In a task: does it so many times; 0 or a negative code. What it takes beside that does not
     * grow with the number. */
    int (*run)(size_t times);
    bool on_kernel; /* on a ring of the kernel's */
};

extern const struct work works[];
extern const size_t works_count;

#endif
