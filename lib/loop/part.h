// SPDX-License-Identifier: MIT
/*
 * What a layer above keeps for a loop: made when it is needed there first, found by its class, and
 * ended with the loop. So the loop knows of no layer above it.
 */
#ifndef LOOP_PART_H
#define LOOP_PART_H

#include "loop/loop.h"

struct loop_part;

struct loop_part_class {
    /* The loop closes, and no task is left. It may submit operations; the loop drains them. */
    void (*end)(struct loop_part *part, coil_loop *loop);
    /* Nothing is in flight any more; the engine still stands. The part frees itself. */
    void (*free)(struct loop_part *part, coil_loop *loop);
};

struct loop_part {
    const struct loop_part_class *class;
    struct loop_part *next;
};

/* NULL: the loop has none of this class. */
static inline struct loop_part *part_of(const coil_loop *loop, const struct loop_part_class *class)
{
    struct loop_part *part = loop->parts;

    while (part && part->class != class)
        part = part->next;
    return part;
}

/* The newest ends first. */
static inline void part_add(coil_loop *loop, struct loop_part *part)
{
    part->next = loop->parts;
    loop->parts = part;
}

#endif
