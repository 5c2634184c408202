// SPDX-License-Identifier: MIT
/*
 * What all streams of a loop share: small blocks, and the buffers that the engine lends to them.
 *
 * The buffers are one group of the engine's, made when the first stream wants it. Each is either
 * the engine's or in exactly one stream's chain, as the block of its number.
 */
#ifndef STREAM_STREAMS_H
#define STREAM_STREAMS_H

#include "base/list.h"
#include "base/slab.h"
#include "engine/engine.h"
#include "loop/loop.h"
#include "loop/part.h"
#include "stream/block.h"

enum {
    LENT_COUNT = 1024,
    LENT_SIZE = 4096,
    LENT_GROUP = 1,
    /* One stream holds no more of them when they are getting few; what comes then is copied. */
    LENT_SHARE = LENT_COUNT / 16,
    LENT_FEW = LENT_COUNT / 2,
    MIDDLE_KEPT = 8
};

struct streams {
    struct loop_part part;
    coil_loop *loop;
    struct list all; /* streams that somebody holds, or that are not closed */
    struct slab blocks;
    struct block *middle; /* free ones, the last one given back first */
    unsigned middle_count;
    struct block *lent; /* one for each buffer; NULL: the engine lends none, or nobody asked */
    unsigned lent_count;
    bool lends_none;
};

/* Those of a loop, made at the first call. Error-encoded: -ENOMEM, or as loop_argument. */
struct streams *streams_of(coil_loop *loop);

/* Whether the engine lends buffers, and has some; makes the group at the first call. */
bool streams_lend(struct streams *streams);

/* A buffer that a completion lent. */
static inline struct block *streams_lent(struct streams *streams, uint16_t buffer, size_t size)
{
    struct block *block = &streams->lent[buffer];

    ASSERT(buffer < LENT_COUNT && size <= LENT_SIZE);
    block->start = 0;
    block->end = (uint32_t)size;
    streams->lent_count++;
    return block;
}

static inline void streams_give_back(struct streams *streams, struct block *block)
{
    ASSERT(streams->lent_count > 0);
    streams->lent_count--;
    engine_give_back(streams->loop->engine, LENT_GROUP, block->buffer);
}

#endif
