// SPDX-License-Identifier: MIT
#ifndef INSPECT_DESCRIBE_H
#define INSPECT_DESCRIBE_H

#include "inspect/text.h"
#include "task/future.h"

/* Adds the description of a future, as coil_describe gives it. */
void describe_future(struct text *text, const struct coil_future *future);

/* The future that a parked task awaits; NULL when it waits for something else, or for its turn. */
struct coil_future *describe_awaited(const struct coil_future *task);

/* A part of a future that has parts, as a gather has; NULL behind the last. */
struct coil_future *describe_child(const struct coil_future *future, size_t i);

#endif
