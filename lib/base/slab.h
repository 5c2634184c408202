// SPDX-License-Identifier: MIT
/*
 * Objects of one size, carved from chunks: a hot LIFO list, no header for each object, memory given
 * back when the slab ends. Not for several threads.
 */
#ifndef BASE_SLAB_H
#define BASE_SLAB_H

#include <stddef.h>

struct slab_free;
struct slab_chunk;

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
void *slab_grow(struct slab *slab);                    /* slab_take's slow path */
void *slab_take(struct slab *slab);                    /* not zeroed; NULL: no memory */
void slab_give(struct slab *slab, void *object);

#endif
