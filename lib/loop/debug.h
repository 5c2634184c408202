// SPDX-License-Identifier: MIT
/* Debug mode: each item of the ready queue is timed, and where a callback was asked for is kept. */
#ifndef LOOP_DEBUG_H
#define LOOP_DEBUG_H

#include "task/sched.h"

#define DEBUG_SLOW_DEFAULT COIL_MS(100)

/* The callback that runs now, for a report of its item. */
struct debug_called {
    coil_callback fn;
    void *userdata;
    const void *origin; /* the instruction that asked for it */
};

void debug_init(coil_loop *loop);

#endif
