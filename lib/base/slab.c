// SPDX-License-Identifier: MIT
#include "base/slab.h"

#include "base/alloc.h"

#include <stdbool.h>
#include <stdint.h>

enum { FIRST_CHUNK = 4096, LARGEST_CHUNK = 1 << 20 };

struct slab_chunk {
    struct slab_chunk *next;
    size_t size;
};

void slab_init(struct slab *slab, size_t object_size)
{
    ASSERT(object_size >= sizeof(struct slab_free) && object_size % 16 == 0);
    ASSERT(object_size <= LARGEST_CHUNK / 2);
    *slab = (struct slab){.object_size = object_size, .next_chunk = FIRST_CHUNK};
}

void slab_fini(struct slab *slab)
{
    ASSERT(slab->live == 0);
    while (slab->chunks) {
        struct slab_chunk *chunk = slab->chunks;
        slab->chunks = chunk->next;
        poison_clear(chunk, chunk->size);
        coil__free(chunk);
    }
    slab->free = NULL;
    slab->fresh = slab->fresh_end = NULL;
}

static bool grow(struct slab *slab)
{
    size_t size = slab->next_chunk;
    struct slab_chunk *chunk = coil__alloc(size);

    if (!chunk)
        return false;
    chunk->next = slab->chunks;
    chunk->size = size;
    slab->chunks = chunk;
    /* Objects start on a cache line: a head of two lines touches two, never three. */
    uintptr_t start = ((uintptr_t)(chunk + 1) + CACHE_LINE - 1) & ~(uintptr_t)(CACHE_LINE - 1);
    slab->fresh = (char *)start;
    slab->fresh_end = (char *)chunk + size;
    poison_set(slab->fresh, (size_t)(slab->fresh_end - slab->fresh));
    if (slab->next_chunk < LARGEST_CHUNK)
        slab->next_chunk *= 2;
    return true;
}

void *slab_take_fresh(struct slab *slab)
{
    /* The first chunks may be smaller than one object. */
    while ((size_t)(slab->fresh_end - slab->fresh) < slab->object_size)
        if (!grow(slab))
            return NULL;
    void *object = slab->fresh;
    slab->fresh += slab->object_size;
    poison_clear(object, slab->object_size);
    slab->live++;
    return object;
}
