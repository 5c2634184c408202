// SPDX-License-Identifier: MIT
#include "stream/block.h"

#include "base/alloc.h"
#include "stream/streams.h"

#include <errno.h>
#include <string.h>

static struct block *middle_new(struct streams *streams)
{
    struct block *block = streams->middle;

    if (!block)
        return coil__alloc(sizeof(*block) + BLOCK_MIDDLE_SIZE);
    streams->middle = block->next;
    streams->middle_count--;
    return block;
}

static void middle_free(struct streams *streams, struct block *block)
{
    if (streams->middle_count == MIDDLE_KEPT) {
        coil__free(block);
        return;
    }
    block->next = streams->middle;
    streams->middle = block;
    streams->middle_count++;
}

struct block *block_new(struct streams *streams, size_t size)
{
    struct block *block;
    enum block_kind kind;

    ASSERT(size <= BLOCK_SIZE_MAX);
    if (likely(size <= BLOCK_SMALL_SIZE)) {
        kind = BLOCK_SMALL;
        size = BLOCK_SMALL_SIZE;
        block = slab_take(&streams->blocks);
    } else if (size <= BLOCK_MIDDLE_SIZE) {
        kind = BLOCK_MIDDLE;
        size = BLOCK_MIDDLE_SIZE;
        block = middle_new(streams);
    } else {
        kind = BLOCK_LARGE;
        block = coil__alloc(sizeof(*block) + size);
    }
    if (unlikely(!block))
        return NULL;
    block->memory = (char *)(block + 1);
    block->size = (uint32_t)size;
    block->start = block->end = 0;
    block->kind = (uint8_t)kind;
    return block;
}

void block_free(struct streams *streams, struct block *block)
{
    if (block->kind == BLOCK_LENT)
        streams_give_back(streams, block);
    else if (block->kind == BLOCK_SMALL)
        slab_give(&streams->blocks, block);
    else if (block->kind == BLOCK_MIDDLE)
        middle_free(streams, block);
    else
        coil__free(block);
}

void blocks_free_kept(struct streams *streams)
{
    struct block *block;

    while ((block = streams->middle)) {
        streams->middle = block->next;
        coil__free(block);
    }
    slab_fini(&streams->blocks);
}

static void fill(struct chain *chain, struct block *block, const void *data, size_t size)
{
    memcpy(block->memory + block->end, data, size);
    block->end += (uint32_t)size;
    chain->size += size;
}

int chain_copy(struct streams *streams, struct chain *chain, const void *data, size_t size)
{
    struct block *last = chain->last;
    const size_t fits = last ? block_room(last) : 0;

    ASSERT(size > 0);
    if (likely(fits < size)) {
        size_t wanted = size - fits;
        if (last && wanted < BLOCK_MIDDLE_SIZE)
            wanted = BLOCK_MIDDLE_SIZE;
        struct block *block = wanted <= BLOCK_SIZE_MAX ? block_new(streams, wanted) : NULL;
        if (unlikely(!block))
            return -ENOMEM;
        if (fits)
            fill(chain, last, data, fits);
        chain_append(chain, block);
        data = (const char *)data + fits;
        size -= fits;
        last = block;
    }
    fill(chain, last, data, size);
    return 0;
}

void chain_peek(const struct chain *chain, void *data, size_t size)
{
    char *to = data;

    ASSERT(size <= chain->size);
    for (const struct block *block = chain->first; size; block = block->next) {
        ASSERT(block != NULL);
        size_t piece = block_used(block) < size ? block_used(block) : size;
        memcpy(to, block->memory + block->start, piece);
        to += piece;
        size -= piece;
    }
}

/* Drops bytes that are all in the first block. */
static inline void pass(struct streams *streams, struct chain *chain, size_t size)
{
    struct block *first = chain->first;

    first->start += (uint32_t)size;
    chain->size -= size;
    if (unlikely(block_used(first)))
        return;
    chain->first = first->next;
    if (likely(!chain->first))
        chain->last = NULL;
    chain->lent -= first->kind == BLOCK_LENT;
    block_free(streams, first);
}

static NOINLINE void pass_many(struct streams *streams, struct chain *chain, size_t size)
{
    while (size) {
        size_t used = block_used(chain->first), piece = used < size ? used : size;
        pass(streams, chain, piece);
        size -= piece;
    }
}

/* Most messages lie in one block. */
static inline bool is_in_first(const struct chain *chain, size_t size)
{
    ASSERT(size <= chain->size);
    return likely(size && block_used(chain->first) >= size);
}

void chain_consume(struct streams *streams, struct chain *chain, size_t size)
{
    if (is_in_first(chain, size))
        pass(streams, chain, size);
    else
        pass_many(streams, chain, size);
}

void chain_take(struct streams *streams, struct chain *chain, void *data, size_t size)
{
    if (is_in_first(chain, size)) {
        memcpy(data, chain->first->memory + chain->first->start, size);
        pass(streams, chain, size);
    } else {
        chain_peek(chain, data, size);
        pass_many(streams, chain, size);
    }
}

int chain_gather(struct streams *streams, struct chain *chain, size_t size)
{
    struct block *first = chain->first;

    ASSERT(size <= chain->size);
    if (!size || block_used(first) >= size)
        return 0;
    if (size > BLOCK_SIZE_MAX / 2)
        return -ENOMEM;
    if (first->kind != BLOCK_LENT && block_used(first) + block_room(first) >= size) {
        /* What follows is moved in front of its block: the first one grows over it. */
        struct chain rest = *chain;
        size_t missing = size - block_used(first);
        rest.first = first->next;
        rest.size -= block_used(first);
        chain_take(streams, &rest, first->memory + first->end, missing);
        first->end += (uint32_t)missing;
        first->next = rest.first;
        chain->last = rest.last ? rest.last : first;
        chain->lent = rest.lent;
        return 0;
    }
    /* Twice as large, so that what is gathered again and again is copied a few times only. */
    struct block *block = block_new(streams, 2 * size);
    if (!block)
        return -ENOMEM;
    size_t all = chain->size;
    chain_take(streams, chain, block->memory, size);
    block->end = (uint32_t)size;
    block->next = chain->first;
    chain->first = block;
    if (!chain->last)
        chain->last = block;
    chain->size = all;
    return 0;
}
