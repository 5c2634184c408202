// SPDX-License-Identifier: MIT
/* The entrance: which engine a loop gets, and which loop a call without one means. */
#ifndef RUN_RUN_H
#define RUN_RUN_H

#include "loop/loop.h"

/* The running loop, else this thread's; NULL: it has none. */
coil_loop *run_present_loop(void);

/* The running loop, else this thread's. Error-encoded. */
coil_loop *run_default_loop(void);

#endif
