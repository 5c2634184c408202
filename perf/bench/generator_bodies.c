// SPDX-License-Identifier: MIT
#include "generator.h"

#include <stdlib.h>
#include <ucontext.h>

/* ---- coil's --------------------------------------------------------------------------------- */

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

const coil_fn generator_flat_bodies[GENERATOR_BODIES] = {body_0, flat_1, flat_2,
                                                         flat_3, flat_4, flat_5};
const coil_fn generator_bodies[GENERATOR_BODIES] = {body_0, body_1, body_2, body_3, body_4, body_5};

void *generator_delegate(void *argument)
{
    struct generator_level below = {((struct generator_level *)argument)->left - 1};
    coil_gen *inner =
        below.left < 0 ? coil_gen_new(body_0, NULL) : coil_gen_new(generator_delegate, &below);
    int rc = coil_yield_from(coil_iter_gen(inner), NULL);

    coil_gen_free(inner);
    return COIL_ERR(rc);
}

/* ---- ucontext's ----------------------------------------------------------------------------- */

struct generator_ucontext {
    ucontext_t caller, body;
    uint64_t value;
    char stack[64 << 10];
};

static struct generator_ucontext *starting;

static void count(void)
{
    struct generator_ucontext *self = starting;

    for (uint64_t i = 0;; i++) {
        self->value = i;
        (void)swapcontext(&self->body, &self->caller);
    }
}

struct generator_ucontext *generator_ucontext_new(void)
{
    struct generator_ucontext *self = malloc(sizeof(*self));

    if (!self)
        return NULL;
    (void)getcontext(&self->body);
    self->body.uc_stack.ss_sp = self->stack;
    self->body.uc_stack.ss_size = sizeof(self->stack);
    self->body.uc_link = NULL;
    makecontext(&self->body, count, 0);
    return self;
}

uint64_t generator_ucontext_next(struct generator_ucontext *generator)
{
    starting = generator;
    (void)swapcontext(&generator->caller, &generator->body);
    return generator->value;
}

void generator_ucontext_free(struct generator_ucontext *generator)
{
    free(generator);
}

/* ---- by hand -------------------------------------------------------------------------------- */

uint64_t generator_machine_next(struct generator_machine *machine)
{
    switch (machine->state) {
    case 0:
        machine->i = 0;
        machine->state = 1;
        return machine->i;
    default:
        return ++machine->i;
    }
}
