// SPDX-License-Identifier: MIT
/* Cancellation of tasks: requests, their way to what is awaited, their count. */
#ifndef TASK_CANCEL_H
#define TASK_CANCEL_H

#include "task/future.h"

/* The task class's `cancel`. `task` is pending. */
bool task_cancel(struct coil_future *task);

#endif
