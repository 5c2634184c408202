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
    struct fiber *self = fiber_begun();

    value = self->entry(value);
    fiber_leave(heir(self), value);
}

void fiber_prepare(struct fiber *fiber, struct stack *stack, void *top, ctx_entry body)
{
    fiber->parent = fiber_current();
    fiber->stack = stack;
    fiber->entry = NULL;
    fiber->state = FIBER_NEW;
    fiber->kind = FIBER_PLAIN;
    fiber->standing = false;
    fiber->family = 0;
    ASSERT((char *)top > stack->low && (char *)top <= (char *)stack);
    ctx_init(&fiber->ctx, stack->low, (size_t)((char *)top - stack->low), body);
}

void fiber_init(struct fiber *fiber, struct stack *stack, void *top, fiber_fn entry)
{
    fiber_prepare(fiber, stack, top, begin);
    fiber->entry = entry;
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
