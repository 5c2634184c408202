// SPDX-License-Identifier: MIT
/*
 * Fibers: a stack that can be switched to, with an owner and a parent. They know no task and no
 * loop; what greenlet offers Python, this offers the layers above.
 *
 * A switch carries a value. A throw carries a negative code, which the switch that it ends returns
 * as an error-encoded pointer. When a fiber's entry returns, the fiber is dead and its parent goes
 * on with the result; a dead parent passes on to its own. A fiber that was never switched to and is
 * thrown into dies without running.
 *
 * Whoever runs next gives a dead fiber's stack back: nobody frees the stack that he stands on.
 */
#ifndef FIBER_FIBER_H
#define FIBER_FIBER_H

#include "base/assert.h"
#include "ctx/stack.h"
#include "ctx/switch.h"

#include <stdbool.h>
#include <stdint.h>

typedef void *(*fiber_fn)(void *value); /* gets the first switch's value */

/* Whose body runs on it. */
enum fiber_kind {
    FIBER_PLAIN,
    FIBER_GEN,         /* a generator's */
    FIBER_GEN_CLOSING, /* a generator's that is being closed */
    FIBER_MADE         /* one that a program made */
};

enum fiber_state { FIBER_NEW, FIBER_RUNNING, FIBER_SUSPENDED, FIBER_DEAD };

struct fiber {
    struct ctx ctx;
    struct fiber *parent;
    struct stack *stack; /* NULL: the thread's own */
    fiber_fn entry;
    uint8_t state;   /* enum fiber_state */
    uint8_t kind;    /* enum fiber_kind */
    bool standing;   /* at a coil_fiber_switch: nobody waits for it as for a call */
    uint64_t family; /* of those that programs make; 0: none yet */
};

extern _Thread_local struct fiber *coil__fiber_current __attribute__((tls_model("initial-exec")));
extern _Thread_local struct fiber *coil__fiber_departed __attribute__((tls_model("initial-exec")));

NOINLINE struct fiber *fiber_adopt_thread(void);

/* The fiber that runs. A thread's own stack is a fiber from the first call on. */
static inline struct fiber *fiber_current(void)
{
    struct fiber *current = coil__fiber_current;
    return likely(current != NULL) ? current : fiber_adopt_thread();
}

/*
 * Prepares a fiber whose frames begin below `top` on `stack`; the stack is the fiber's from now on.
 * `fiber` may itself lie on the stack above `top`; then it ends with it. Its parent is the fiber
 * that runs; a parent that lies on its own stack must not die before its children.
 */
void fiber_init(struct fiber *fiber, struct stack *stack, void *top, fiber_fn entry);

/*
 * The same for a body that does what a fiber's begin and end need itself: its first act is
 * fiber_begun and its last fiber_leave. So no call stands between the switch and the body, and the
 * CPU's return predictions stay in step.
 */
void fiber_prepare(struct fiber *fiber, struct stack *stack, void *top, ctx_entry body);

/* Dies without having run: gives the stack back. Only for FIBER_NEW. */
void fiber_discard(struct fiber *fiber);

/* As fiber_discard for a fiber that stands: what is on its stack is lost. For closing only. */
void fiber_abandon(struct fiber *fiber);

NOINLINE void fiber_collect(void);

static inline struct fiber *fiber_begun(void)
{
    struct fiber *self = coil__fiber_current;

    ctx_begun(&self->ctx);
    if (unlikely(coil__fiber_departed != NULL))
        fiber_collect();
    return self;
}

/* fiber_switch for a caller that knows who runs. */
static ALWAYS_INLINE void *fiber_switch_from(struct fiber *from, struct fiber *to, void *value)
{
    ASSERT(to->state == FIBER_NEW || to->state == FIBER_SUSPENDED);
    from->state = FIBER_SUSPENDED;
    to->state = FIBER_RUNNING;
    coil__fiber_current = to;
    value = ctx_switch(&from->ctx, &to->ctx, value);
    if (unlikely(coil__fiber_departed != NULL))
        fiber_collect();
    return value;
}

/* Continues `to`, and returns what somebody later continues this fiber with. */
static inline void *fiber_switch(struct fiber *to, void *value)
{
    return fiber_switch_from(fiber_current(), to, value);
}

/* As fiber_switch, and the switch that it ends returns COIL_ERR(code). */
void *fiber_throw(struct fiber *to, int code);

/* The running fiber dies and `to` goes on with `value`. */
_Noreturn static ALWAYS_INLINE void fiber_leave(struct fiber *to, void *value)
{
    struct fiber *self = coil__fiber_current;

    ASSERT(self->stack != NULL && coil__fiber_departed == NULL);
    ASSERT(to->state == FIBER_NEW || to->state == FIBER_SUSPENDED);
    self->state = FIBER_DEAD;
    coil__fiber_departed = self;
    to->state = FIBER_RUNNING;
    coil__fiber_current = to;
    ctx_leave(&self->ctx, &to->ctx, value);
}

#endif
