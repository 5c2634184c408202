// SPDX-License-Identifier: MIT
#ifndef TASK_CLEANUP_H
#define TASK_CLEANUP_H

#include "task/task.h"

#include <coil/cleanup.h>

/* Runs the handlers that a task has pushed, the last one first. */
void cleanups_run(struct coil_future *task);

#endif
