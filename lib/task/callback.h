// SPDX-License-Identifier: MIT
/* Done callbacks: the user's watchers of a future. */
#ifndef TASK_CALLBACK_H
#define TASK_CALLBACK_H

#include "task/future.h"

/* Frees the callbacks of a pending future whose last reference is gone: they never run. */
void callbacks_free(struct coil_future *future);

#endif
