// SPDX-License-Identifier: MIT
#include "fiber/fiber.h"

#include "base/assert.h"
#include "base/machine.h"

_Thread_local struct fiber *coil__fiber_current __attribute__((tls_model("initial-exec")));
_Thread_local struct fiber *coil__fiber_departed __attribute__((tls_model("initial-exec")));

static _Thread_local struct fiber thread_fiber;

struct fiber *fiber_adopt_thread(void)
{
    thread_fiber = (struct fiber){.state = FIBER_RUNNING};
    ctx_init_thread(&thread_fiber.ctx);
    coil__fiber_current = &thread_fiber;
    return &thread_fiber;
}

/* The nearest ancestor that can go on. */
static struct fiber *heir(const struct fiber *fiber)
{
    struct fiber *parent = fiber->parent;

    while (parent->state == FIBER_DEAD)
        parent = parent->parent;
    return parent;
}

static void begin(void *value)
{
    struct fiber *self = coil__fiber_current;

    ctx_begun(&self->ctx);
    if (coil__fiber_departed)
        fiber_collect();
    value = self->entry(value);
    fiber_leave(heir(self), value);
}

void fiber_init(struct fiber *fiber, struct stack *stack, void *top, fiber_fn entry)
{
    fiber->parent = fiber_current();
    fiber->stack = stack;
    fiber->entry = entry;
    fiber->state = FIBER_NEW;
    ASSERT((char *)top > stack->low && (char *)top <= (char *)stack);
    ctx_init(&fiber->ctx, stack->low, (size_t)((char *)top - stack->low), begin);
}

void fiber_discard(struct fiber *fiber)
{
    ASSERT(fiber->state == FIBER_NEW);
    fiber_abandon(fiber);
}

void fiber_abandon(struct fiber *fiber)
{
    struct stack *stack = fiber->stack;

    ASSERT(fiber->state == FIBER_NEW || fiber->state == FIBER_SUSPENDED);
    ASSERT(stack != NULL);
    fiber->state = FIBER_DEAD;
    ctx_fini(&fiber->ctx);
    stack_give(stack); /* the fiber itself may be gone now */
}

void fiber_collect(void)
{
    struct fiber *departed = coil__fiber_departed;
    struct stack *stack = departed->stack;

    coil__fiber_departed = NULL;
    ASSERT(departed->state == FIBER_DEAD);
    ctx_fini(&departed->ctx);
    stack_give(stack);
}

void *fiber_throw(struct fiber *to, int code)
{
    if (to->state != FIBER_NEW)
        return fiber_switch(to, coil_err_ptr(code));
    struct fiber *next = heir(to);
    fiber_discard(to);
    if (next == fiber_current())
        return coil_err_ptr(code);
    return fiber_switch(next, coil_err_ptr(code));
}

void fiber_leave(struct fiber *to, void *value)
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
