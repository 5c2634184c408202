// SPDX-License-Identifier: MIT
/*
 * Generators: a body on a fiber, which whoever resumes it is the parent of until it yields.
 *
 * Delegation is a chain: the outermost generator, which is resumed from outside, to the innermost,
 * the leaf, which runs and yields. A resume switches straight to the leaf, and the leaf's yield
 * straight back, so the cost does not depend on the length. Three pointers keep this:
 *
 *     outermost->leaf     whom a resume switches to; kept when a delegation begins and ends
 *     leaf->root          the outermost; written at each resume, for the two above
 *     inner->delegator    who goes on when the inner one ends
 *
 * A chain is entered at its outermost generator only. Somebody who resumes, closes or frees an
 * inner one cuts the chain there first (gen_cut): the delegator then goes on as with any other
 * iterator, by calls (gen/delegate.c), and finds whatever the inner one has become.
 */
#ifndef GEN_GEN_H
#define GEN_GEN_H

#include "base/err.h"
#include "fiber/fiber.h"
#include "os/os.h"

#include <coil/gen.h>

#include <errno.h>

enum {
    GEN_DELEGATED = COIL_GEN_CLOSED + 1 /* an inner one of a chain: its state is the outermost's */
};

struct coil_gen {
    struct fiber fiber;
    struct coil_gen *leaf;      /* of the chain that this is the outermost of */
    struct coil_gen *root;      /* while this is a leaf and runs: its outermost */
    struct coil_gen *delegator; /* in the chain */
    struct coil_gen *delegate;  /* in the chain, or by calls: then one of its references is ours */
    uintptr_t thread;           /* that resumed it first */
    coil_fn fn;
    void *arg;
    char *name;
    uint32_t refs;
    int error;     /* what it ended with */
    uint8_t state; /* enum coil_gen_states, or GEN_DELEGATED */
    uint8_t stack_class;
    bool owns_arg;
};

static inline struct coil_gen *gen_of(struct fiber *fiber)
{
    return container_of(fiber, struct coil_gen, fiber);
}

/* Whether a fiber runs a generator's body. */
static inline bool gen_is_on(const struct fiber *fiber)
{
    return fiber->kind == FIBER_GEN || fiber->kind == FIBER_GEN_CLOSING;
}

static inline int gen_argument(const struct coil_gen *gen)
{
    if (unlikely(!gen))
        return -EINVAL;
    return unlikely(err_is(gen)) ? err_code(gen) : 0;
}

static inline struct coil_gen *gen_outermost(const struct coil_gen *gen)
{
    while (gen->delegator)
        gen = gen->delegator;
    return (struct coil_gen *)(uintptr_t)gen;
}

/* A task was parked in the chain's leaf and abandoned, which took the leaf's stack. */
static inline bool gen_is_lost(const struct coil_gen *root)
{
    return root->state == COIL_GEN_RUNNING && root->leaf->fiber.state == FIBER_DEAD;
}

static inline void gen_check_thread(const struct coil_gen *gen)
{
    ASSERT_CONTRACT(gen->thread == os_thread_self(),
                    "a generator is resumed on another thread than its own");
}

/* The last reference to the head goes; the body has ended. */
void gen_unref(struct coil_gen *gen);

/* A delegation by calls is over. */
void gen_drop_delegate(struct coil_gen *gen);

/* Gives a created generator its stack: it stands before its body. -ENOMEM. */
int gen_start(struct coil_gen *gen);

/*
 * Makes a generator one that stands and is entered from outside, starting it or cutting its chain
 * if need be. -EBUSY: it runs. COIL_STOP: it has ended.
 */
int gen_settle(struct coil_gen *gen);

/* The body has ended. Who goes on, and with what. */
struct fiber *gen_end(struct coil_gen *gen, void **result);

/* A generator that is closed as a delegate yields: its delegator goes on instead of the closer. */
struct fiber *gen_leave_closing(struct coil_gen *gen);

/* Runs a generator that gen_settle has made ready, to its next yield or its end. */
static ALWAYS_INLINE int gen_resume(struct coil_gen *gen, void *value, void **out)
{
    struct fiber *self = fiber_current();
    struct coil_gen *leaf = gen->leaf;

    gen_check_thread(gen);
    gen->state = COIL_GEN_RUNNING;
    leaf->root = gen;
    leaf->fiber.parent = self;
    value = fiber_switch_from(self, &leaf->fiber, value);
    if (likely(gen->state == COIL_GEN_RUNNING)) {
        gen->state = COIL_GEN_SUSPENDED;
        if (out)
            *out = value;
        return 0;
    }
    if (err_is(value))
        return err_code(value);
    if (out)
        *out = value;
    return COIL_STOP;
}

#endif
