/* SPDX-License-Identifier: MIT */
/*
 * generator_six_*: six bodies of their own are resumed in turn. In `flat` each yields in its own
 * frame, in `deep` 0 to 5 frames down: the mixed setting of switch_bodies.h. An item is one resume
 * with its yield.
 */
#include "bench.h"

#include <coil/coil.h>

#include <errno.h>

enum { BODIES = 6 };

struct place {
    uint64_t work; /* what the frames do, so that none of them is a tail call */
    int rc;
};

#define FRAME __attribute__((noinline)) static void

FRAME yield_at(struct place *place)
{
    place->rc = coil_yield(place, NULL);
    place->work++;
}

#define DESCEND(name, below)                                                                       \
    FRAME name(struct place *place)                                                                \
    {                                                                                              \
        below(place);                                                                              \
        place->work++;                                                                             \
        __asm__ volatile("" ::: "memory");                                                         \
    }

#define BODY(name, what)                                                                           \
    static void *name(void *unused)                                                                \
    {                                                                                              \
        struct place place = {.rc = 0};                                                            \
        (void)unused;                                                                              \
        while (place.rc == 0) {                                                                    \
            what;                                                                                  \
            place.work += 2;                                                                       \
        }                                                                                          \
        return COIL_ERR(place.rc);                                                                 \
    }

BODY(body_0, place.rc = coil_yield(&place, NULL))
BODY(body_1, yield_at(&place))
DESCEND(two_1, yield_at)
BODY(body_2, two_1(&place))
DESCEND(three_2, yield_at)
DESCEND(three_1, three_2)
BODY(body_3, three_1(&place))
DESCEND(four_3, yield_at)
DESCEND(four_2, four_3)
DESCEND(four_1, four_2)
BODY(body_4, four_1(&place))
DESCEND(five_4, yield_at)
DESCEND(five_3, five_4)
DESCEND(five_2, five_3)
DESCEND(five_1, five_2)
BODY(body_5, five_1(&place))

BODY(flat_1, place.rc = coil_yield(&place, NULL))
BODY(flat_2, place.rc = coil_yield(&place, NULL))
BODY(flat_3, place.rc = coil_yield(&place, NULL))
BODY(flat_4, place.rc = coil_yield(&place, NULL))
BODY(flat_5, place.rc = coil_yield(&place, NULL))

static const coil_fn flat_bodies[BODIES] = {body_0, flat_1, flat_2, flat_3, flat_4, flat_5};
static const coil_fn deep_bodies[BODIES] = {body_0, body_1, body_2, body_3, body_4, body_5};

static void resume_in_turn(struct bench *bench, const coil_fn *bodies)
{
    const uint64_t items = bench_items(bench);
    coil_gen *gens[BODIES];
    int rc = 0;

    for (int i = 0; i < BODIES; i++)
        gens[i] = coil_gen_primed(bodies[i], NULL);
    bench_begin(bench);
    for (uint64_t i = 0; i < items; i += BODIES)
        for (int j = 0; j < BODIES; j++)
            rc |= coil_gen_next(gens[j], NULL);
    bench_end(bench);
    (void)bench_failed(bench, rc == 0 ? 0 : -EPROTO);
    for (int i = 0; i < BODIES; i++)
        coil_gen_free(gens[i]);
}

static void flat_coil(struct bench *bench)
{
    resume_in_turn(bench, flat_bodies);
}
BENCH("generator_six_flat/coil", flat_coil, BENCH_CPU)

static void deep_coil(struct bench *bench)
{
    resume_in_turn(bench, deep_bodies);
}
BENCH("generator_six_deep/coil", deep_coil, BENCH_CPU)
