// SPDX-License-Identifier: MIT
/*
 * The only place where an operation meets a task.
 *
 * Contract 1: neither call returns before the operation's last completion. Contract 3: an operation
 * that succeeded although it was cancelled gives its result, and the cancellation is delivered at
 * the next wait. Contract 4: -ECANCELED means that this task was cancelled; an operation that was
 * ended by somebody else's close gives -COIL_ECLOSED.
 */
#ifndef LOOP_AWAIT_H
#define LOOP_AWAIT_H

#include "engine/engine.h"
#include "task/wait.h"

/* Submits an operation with one completion and waits for it. Its result; -COIL_ENOLOOP outside a
 * task; -COIL_ECLOSED when its descriptor is being closed; -EOPNOTSUPP, -ENOMEM from the engine. */
int await_op(struct op *op);

/* The same for an operation that must not be left half done: it is not cancelled and not refused
 * when the loop closes. */
int await_to_the_end(struct op *op);

/* The operation that a waiter waits for, NULL when it waits for something else. */
const struct op *await_operation(const struct waiter *waiter);

#endif
