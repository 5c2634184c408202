// SPDX-License-Identifier: MIT
/*
 * Bytes on their way through a stream: chains of blocks, first in, first out. A block's memory is
 * its own (from the loop's slab when it is small, from the heap otherwise) or a buffer that the
 * engine lent; whoever takes its last byte gives it back. Bytes of a block never move, so they may
 * be shown to the program, or be with the kernel, while others are appended behind them.
 */
#ifndef STREAM_BLOCK_H
#define STREAM_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum block_kind { BLOCK_SMALL, BLOCK_MIDDLE, BLOCK_LARGE, BLOCK_LENT };

struct block {
    struct block *next;
    char *memory;
    uint32_t size;
    uint32_t start, end; /* what of it is used */
    uint16_t buffer;     /* which one was lent */
    uint8_t kind;        /* enum block_kind */
};

enum { BLOCK_SMALL_SIZE = 4096, BLOCK_MIDDLE_SIZE = 64 * 1024, BLOCK_SIZE_MAX = 1 << 30 };

struct chain {
    struct block *first, *last;
    size_t size;   /* bytes */
    unsigned lent; /* blocks */
};

struct streams;

/* An empty block with room for `size` bytes at least, at most BLOCK_SIZE_MAX. NULL: no memory. */
struct block *block_new(struct streams *streams, size_t size);
void block_free(struct streams *streams, struct block *block);

/* With the last stream. */
void blocks_free_kept(struct streams *streams);

static inline size_t block_used(const struct block *block)
{
    return block->end - block->start;
}

static inline size_t block_room(const struct block *block)
{
    return block->size - block->end;
}

/* Appends a block as it is. */
static inline void chain_append(struct chain *chain, struct block *block)
{
    block->next = NULL;
    if (chain->last)
        chain->last->next = block;
    else
        chain->first = block;
    chain->last = block;
    chain->lent += block->kind == BLOCK_LENT;
    chain->size += block_used(block);
}

/* Copies bytes to the end, into a larger block than they need when there are others before: more
 * will follow. -ENOMEM: nothing was appended. */
int chain_copy(struct streams *streams, struct chain *chain, const void *data, size_t size);

/* Copies bytes out of the chain, which stay. */
void chain_peek(const struct chain *chain, void *data, size_t size);

/* Drops the first bytes. */
void chain_consume(struct streams *streams, struct chain *chain, size_t size);

/* Both: takes them out. */
void chain_take(struct streams *streams, struct chain *chain, void *data, size_t size);

/* Puts the first `size` bytes side by side in the first block. -ENOMEM: they are where they were.
 */
int chain_gather(struct streams *streams, struct chain *chain, size_t size);

static inline void chain_drop(struct streams *streams, struct chain *chain)
{
    chain_consume(streams, chain, chain->size);
}

#endif
