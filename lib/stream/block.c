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
    switch ((enum block_kind)block->kind) {
    case BLOCK_SMALL:
        slab_give(&streams->blocks, block);
        break;
    case BLOCK_MIDDLE:
        middle_free(streams, block);
        break;
    case BLOCK_LARGE:
        coil__free(block);
        break;
    case BLOCK_LENT:
        streams_give_back(streams, block);
        break;
    }
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
    struct block *last = chain->last, *block = NULL;
    size_t fits = last ? block_room(last) : 0;

    if (fits > size)
        fits = size;
    if (size > fits) {
        size_t wanted = size - fits;
        if (last && wanted < BLOCK_MIDDLE_SIZE)
            wanted = BLOCK_MIDDLE_SIZE;
        if (wanted > BLOCK_SIZE_MAX || !(block = block_new(streams, wanted)))
            return -ENOMEM;
    }
    if (fits)
        fill(chain, last, data, fits);
    if (block) {
        chain_append(chain, block);
        fill(chain, block, (const char *)data + fits, size - fits);
    }
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

void chain_consume(struct streams *streams, struct chain *chain, size_t size)
{
    ASSERT(size <= chain->size);
    chain->size -= size;
    while (size) {
        struct block *first = chain->first;
        ASSERT(first != NULL);
        size_t piece = block_used(first) < size ? block_used(first) : size;
        first->start += (uint32_t)piece;
        size -= piece;
        if (block_used(first))
            continue;
        chain->first = first->next;
        if (!chain->first)
            chain->last = NULL;
        chain->lent -= first->kind == BLOCK_LENT;
        block_free(streams, first);
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
        chain_peek(&rest, first->memory + first->end, missing);
        chain_consume(streams, &rest, missing);
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
    chain_peek(chain, block->memory, size);
    size_t all = chain->size;
    chain_consume(streams, chain, size);
    block->end = (uint32_t)size;
    block->next = chain->first;
    chain->first = block;
    if (!chain->last)
        chain->last = block;
    chain->size = all;
    return 0;
}
