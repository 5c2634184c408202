// SPDX-License-Identifier: MIT
/* A task waits for a future. */
#ifndef TASK_AWAIT_H
#define TASK_AWAIT_H

#include "task/future.h"
#include "task/wait.h"

/* The future that a waiter waits for, NULL when it waits for something else. */
struct coil_future *await_target(const struct waiter *waiter);

#endif
