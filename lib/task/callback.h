// SPDX-License-Identifier: MIT
/* Done callbacks: the user's watchers of a future. */
#ifndef TASK_CALLBACK_H
#define TASK_CALLBACK_H

#include "task/future.h"

/* How many callbacks wait for the future's end. */
unsigned callbacks_count(const struct coil_future *future);

/* Frees the callbacks of a pending future whose last reference is gone: they never run. */
void callbacks_free(struct coil_future *future);

#endif
