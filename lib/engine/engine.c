// SPDX-License-Identifier: MIT
/*
 * The index of operations in flight by descriptor: whoever closes one must find what is in flight
 * on it, and may have ten thousand connections beside it that wait. Descriptors are small and
 * dense, so their low bits are a good hash.
 */
#include "engine/engine.h"

#include "base/alloc.h"

void engine_init(struct engine *engine, const struct engine_class *class)
{
    engine->class = class;
    list_init(&engine->in_flight);
    engine->buckets = engine->few_buckets;
    engine->bucket_mask = ENGINE_BUCKETS - 1;
}

/* It may be given to another loop then. */
void engine_fini(struct engine *engine)
{
    if (engine->buckets != engine->few_buckets)
        coil__free(engine->buckets);
    engine_init(engine, engine->class);
}

void engine_grow(struct engine *engine)
{
    size_t count = 2 * (engine->bucket_mask + 1);
    struct coil_link **before = engine->buckets;
    struct coil_link **buckets = coil__alloc_zeroed(count * sizeof(struct coil_link *));

    if (!buckets)
        return; /* it works as well, more slowly */
    list_for_each (node, &engine->in_flight) {
        struct op *op = list_entry(node, struct op, in_flight);
        if (!circle_linked(&op->same_fd))
            continue;
        circle_remove(engine_bucket(engine, op->fd), &op->same_fd);
        circle_append(&buckets[(unsigned)op->fd & (count - 1)], &op->same_fd);
    }
    engine->buckets = buckets;
    engine->bucket_mask = count - 1;
    if (before != engine->few_buckets)
        coil__free(before);
}

struct op *engine_next_on(const struct engine *engine, int fd, const struct op *op)
{
    struct coil_link *first = *engine_bucket(engine, fd);

    for (struct coil_link *link = op ? circle_next(first, &op->same_fd) : first; link;
         link = circle_next(first, link)) {
        struct op *next = container_of(link, struct op, same_fd);
        if (next->fd == fd)
            return next;
    }
    return NULL;
}
