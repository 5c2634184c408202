// SPDX-License-Identifier: MIT
/* Rings whose queues are full all the time, until the end of the scope. */
#ifndef TESTS_SMALL_H
#define TESTS_SMALL_H

#include "kernel.h"

static inline void small_end(const struct ring_size *before)
{
    coil__ring_size = *before;
}

/* Declared before the loop that is small. */
#define SMALL_RINGS                                                                                \
    __attribute__((cleanup(small_end), unused)) const struct ring_size before = coil__ring_size;   \
    coil__ring_size = (struct ring_size)                                                           \
    {                                                                                              \
        4, 4                                                                                       \
    }

/* TSan knows no more than some thousand fibers, and is slow. */
enum { MANY_TASKS = WITH_TSAN ? 500 : 10000 };

#endif
