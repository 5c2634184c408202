// SPDX-License-Identifier: MIT
#include "stream/streams.h"

#include "base/alloc.h"
#include "stream/stream.h"

static void end(struct loop_part *part, coil_loop *loop)
{
    struct streams *streams = container_of(part, struct streams, part);

    (void)loop;
    list_for_each (node, &streams->all) {
        stream_close_with_loop(list_entry(node, struct coil_stream, link));
    }
}

static void free_part(struct loop_part *part, coil_loop *loop)
{
    struct streams *streams = container_of(part, struct streams, part);
    struct list_node *node;

    (void)loop;
    while ((node = list_take_first(&streams->all)))
        stream_orphan(list_entry(node, struct coil_stream, link));
    ASSERT(streams->lent_count == 0);
    blocks_free_kept(streams);
    coil__free(streams->lent);
    coil__free(streams);
}

static const struct loop_part_class streams_class = {.end = end, .free = free_part};

struct streams *streams_of(coil_loop *loop)
{
    int rc = loop_argument(loop);

    if (rc < 0)
        return COIL_ERR(rc);
    struct loop_part *part = part_of(loop, &streams_class);
    if (part)
        return container_of(part, struct streams, part);
    struct streams *streams = coil__alloc_zeroed(sizeof(*streams));
    if (!streams)
        return COIL_ERR(-ENOMEM);
    streams->part.class = &streams_class;
    streams->loop = loop;
    list_init(&streams->all);
    slab_init(&streams->blocks, BLOCK_SMALL_SIZE + sizeof(struct block));
    part_add(loop, &streams->part);
    return streams;
}

/* ---- buffers that are lent ------------------------------------------------------------------ */

/* Whoever is refused for want of memory may ask again. */
static void make_group(struct streams *streams)
{
    const uint32_t needed = ENGINE_LEND | ENGINE_MANY_RECV;
    struct engine *engine = streams->loop->engine;

    if ((engine->capabilities & needed) != needed) {
        streams->lends_none = true;
        return;
    }
    struct block *blocks = coil__alloc(LENT_COUNT * sizeof(*blocks));
    if (!blocks)
        return;
    int rc = engine_lend(engine, LENT_GROUP, LENT_COUNT, LENT_SIZE);
    if (rc < 0) {
        coil__free(blocks);
        streams->lends_none = rc != -ENOMEM;
        return;
    }
    for (unsigned i = 0; i < LENT_COUNT; i++)
        blocks[i] = (struct block){
            .memory = engine_lent(engine, LENT_GROUP, (uint16_t)i),
            .size = LENT_SIZE,
            .buffer = (uint16_t)i,
            .kind = BLOCK_LENT,
        };
    streams->lent = blocks;
}

bool streams_lend(struct streams *streams)
{
    if (unlikely(!streams->lent) && !streams->lends_none)
        make_group(streams);
    return streams->lent && streams->lent_count < LENT_COUNT;
}
