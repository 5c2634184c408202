// SPDX-License-Identifier: MIT
/*
 * What few futures have, kept outside the head: made when it is first needed, freed with the head.
 */
#ifndef TASK_EXTRAS_H
#define TASK_EXTRAS_H

#include "task/future.h"
#include "task/note.h"

struct future_extras {
    char *name;          /* NULL: none of its own */
    struct note *error;  /* of the error that it ended with, or that the task raised last */
    struct note *reason; /* of the last cancellation */
    const void *origin;  /* in debug mode: the instruction that asked for it */
};

/* The future's extras, made if need be. NULL: no memory. */
struct future_extras *extras_of(struct coil_future *future);

void extras_free(struct coil_future *future);

/* Copies the name. -ENOMEM; the old one stays. */
int extras_set_name(struct coil_future *future, const char *name);

/* Remembers who asked for the future, if there is memory for it. */
void extras_set_origin(struct coil_future *future, const void *origin);

static inline const void *extras_origin(const struct coil_future *future)
{
    return future->extras ? future->extras->origin : NULL;
}

static inline const char *extras_name(const struct coil_future *future)
{
    return future->extras ? future->extras->name : NULL;
}

#endif
