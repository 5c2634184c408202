// SPDX-License-Identifier: MIT
#include "task/extras.h"

#include "base/alloc.h"

#include <string.h>

struct future_extras *extras_of(struct coil_future *future)
{
    if (!future->extras) {
        future->extras = coil__alloc_zeroed(sizeof(*future->extras));
        if (future->extras)
            future->flags |= FUTURE_OWNS;
    }
    return future->extras;
}

void extras_free(struct coil_future *future)
{
    if (!future->extras)
        return;
    coil__free(future->extras->name);
    note_unref(future->extras->error);
    note_unref(future->extras->reason);
    coil__free(future->extras);
}

int extras_set_name(struct coil_future *future, const char *name)
{
    size_t size = strlen(name) + 1;
    struct future_extras *extras = extras_of(future);

    if (!extras)
        return -ENOMEM;
    char *copy = coil__alloc(size);
    if (!copy)
        return -ENOMEM;
    memcpy(copy, name, size);
    coil__free(extras->name);
    extras->name = copy;
    return 0;
}

void extras_set_origin(struct coil_future *future, const void *origin)
{
    struct future_extras *extras = extras_of(future);

    if (extras)
        extras->origin = origin;
}
