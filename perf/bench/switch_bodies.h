// SPDX-License-Identifier: MIT
/*
 * switch_*: from one context to another; an item is one switch. The forms that were compared, in
 * three settings:
 *
 *     same_site   two contexts, one body, one place where it switches
 *     four_deep   the same body, which switches four frames down and returns through them
 *     six_bodies  six bodies, each with frames of its own, at depths 0 to 5, in turn: what programs
 *                 with different tasks do, and what the form was chosen by
 *
 * The bodies are made once for each form. Before it includes this, a file defines
 *
 *     FORM                            the variant's name
 *     struct place                    where a context stands
 *     place_init(runner, low, size, body)
 *     place_switch(from, to)          inline or not, as the form has it
 */
#include "bench.h"

#include <errno.h>
#include <stdlib.h>

enum setting { SAME_SITE, FOUR_DEEP, SIX_BODIES, SETTINGS };

enum { BODIES_MAX = 6, STACK_BYTES = 64 << 10 };

struct runner {
    struct place place;
    struct runner *next;
    uint64_t work; /* what the frames do, so that none of them is a tail call */
};

static struct place home;
static struct runner runners[BODIES_MAX];
static uint64_t left;

static inline struct place *next_place(struct runner *self)
{
    return left-- ? &self->next->place : &home;
}

#define FRAME __attribute__((noinline)) static void

/* A frame of its own, which does something after the call. */
#define DESCEND(name, below)                                                                       \
    FRAME name(struct runner *self)                                                                \
    {                                                                                              \
        below(self);                                                                               \
        self->work++;                                                                              \
        __asm__ volatile("" ::: "memory");                                                         \
    }

#define SWITCH_AT(name)                                                                            \
    FRAME name(struct runner *self)                                                                \
    {                                                                                              \
        place_switch(&self->place, next_place(self));                                              \
        self->work++;                                                                              \
    }

#define BODY(name, what)                                                                           \
    FRAME name(void *argument)                                                                     \
    {                                                                                              \
        struct runner *self = argument;                                                            \
        for (;;) {                                                                                 \
            what;                                                                                  \
            self->work += 2;                                                                       \
        }                                                                                          \
    }

BODY(body_flat, place_switch(&self->place, next_place(self)))

SWITCH_AT(four_4)
DESCEND(four_3, four_4)
DESCEND(four_2, four_3)
DESCEND(four_1, four_2)
BODY(body_four, four_1(self))

BODY(body_0, place_switch(&self->place, next_place(self)))
SWITCH_AT(one_1)
BODY(body_1, one_1(self))
SWITCH_AT(two_2)
DESCEND(two_1, two_2)
BODY(body_2, two_1(self))
SWITCH_AT(three_3)
DESCEND(three_2, three_3)
DESCEND(three_1, three_2)
BODY(body_3, three_1(self))
SWITCH_AT(deep_4)
DESCEND(deep_3, deep_4)
DESCEND(deep_2, deep_3)
DESCEND(deep_1, deep_2)
BODY(body_4, deep_1(self))
SWITCH_AT(five_5)
DESCEND(five_4, five_5)
DESCEND(five_3, five_4)
DESCEND(five_2, five_3)
DESCEND(five_1, five_2)
BODY(body_5, five_1(self))

static void run(struct bench *bench, enum setting setting)
{
    static void (*const bodies[SETTINGS][BODIES_MAX])(void *) = {
        {body_flat, body_flat},
        {body_four, body_four},
        {body_0, body_1, body_2, body_3, body_4, body_5},
    };
    size_t n = setting == SIX_BODIES ? BODIES_MAX : 2;
    char *stacks = malloc(n * STACK_BYTES);

    if (!stacks) {
        (void)bench_failed(bench, -ENOMEM);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        runners[i] = (struct runner){.next = &runners[(i + 1) % n]};
        place_init(&runners[i], stacks + i * STACK_BYTES, STACK_BYTES, bodies[setting][i]);
    }
    left = bench_items(bench);
    bench_begin(bench);
    place_switch(&home, &runners[0].place);
    bench_end(bench);
    free(stacks);
}

static void same_site(struct bench *bench)
{
    run(bench, SAME_SITE);
}
BENCH("switch_same_site/" FORM, same_site, BENCH_CPU)

static void four_deep(struct bench *bench)
{
    run(bench, FOUR_DEEP);
}
BENCH("switch_four_deep/" FORM, four_deep, BENCH_CPU)

static void six_bodies(struct bench *bench)
{
    run(bench, SIX_BODIES);
}
BENCH("switch_six_bodies/" FORM, six_bodies, BENCH_CPU)
