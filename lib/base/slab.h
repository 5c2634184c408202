// SPDX-License-Identifier: MIT
/*
 * Objects of one size, carved from chunks: a hot LIFO list, no header for each object, memory given
 * back when the slab ends. Not for several threads.
 */
#ifndef BASE_SLAB_H
#define BASE_SLAB_H

#include "base/assert.h"
#include "base/poison.h"

#include <stddef.h>

struct slab_chunk;

struct slab_free {
    struct slab_free *next;
};

struct slab {
    struct slab_free *free;
    struct slab_chunk *chunks;
    char *fresh, *fresh_end; /* what was not carved yet of the newest chunk */
    size_t object_size;
    size_t next_chunk; /* bytes; doubles up to 1 MiB */
    size_t live;
};

void slab_init(struct slab *slab, size_t object_size); /* a multiple of 16 */
void slab_fini(struct slab *slab);                     /* nothing may be live */
void *slab_take_fresh(struct slab *slab);              /* slab_take's slow path */

/* Not zeroed. NULL: no memory. */
static inline void *slab_take(struct slab *slab)
{
    struct slab_free *object = slab->free;

    if (unlikely(!object))
        return slab_take_fresh(slab);
    poison_defined(object, sizeof(*object));
    slab->free = object->next;
    poison_clear(object, slab->object_size);
    slab->live++;
    return object;
}

static inline void slab_give(struct slab *slab, void *object)
{
    struct slab_free *node = object;

    ASSERT(slab->live > 0);
    slab->live--;
    node->next = slab->free;
    slab->free = node;
    poison_set(object, slab->object_size);
}

#endif
