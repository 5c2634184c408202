// SPDX-License-Identifier: MIT
/*
 * A generator that counts, in three forms, and six bodies with frames of their own, 0 to 5 deep,
 * that are resumed in turn: the mixed setting of switch.h.
 */
#ifndef PERF_GENERATOR_H
#define PERF_GENERATOR_H

#include <coil/coil.h>

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { GENERATOR_BODIES = 6 };

/* Bodies of coil's: each yields for ever, at the depth of its index. */
extern const coil_fn generator_bodies[GENERATOR_BODIES];

/* The same, and each yields in its own frame. */
extern const coil_fn generator_flat_bodies[GENERATOR_BODIES];

/* Delegates to `level->left` more, of which the last one yields for ever. */
struct generator_level {
    int left;
};
void *generator_delegate(void *level);

/* The same count by makecontext and swapcontext, and as a state machine written by hand. */
struct generator_ucontext;
struct generator_ucontext *generator_ucontext_new(void);
uint64_t generator_ucontext_next(struct generator_ucontext *generator);
void generator_ucontext_free(struct generator_ucontext *generator);

struct generator_machine {
    int state;
    uint64_t i;
};
uint64_t generator_machine_next(struct generator_machine *machine);

#ifdef __cplusplus
}
#endif

#endif
