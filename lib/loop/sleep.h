// SPDX-License-Identifier: MIT
#ifndef LOOP_SLEEP_H
#define LOOP_SLEEP_H

#include "task/wait.h"

/* How long a sleeper still has to sleep; -1 when the waiter waits for something else. */
int64_t sleep_left(const struct waiter *waiter);

#endif
