// SPDX-License-Identifier: MIT
/*
 * Fibers that a program makes. A coil_fiber is a struct fiber; one that was made here is a struct
 * made, on the heap, which its children hold. The others are roots: a thread's, a task's, a
 * generator's. A root gets its family's number with the first fiber that it makes; numbers are
 * never used twice, so a fiber that outlives its root is in no family that could still run.
 */
#include "base/alloc.h"
#include "base/err.h"
#include "base/warn.h"
#include "fiber/fiber.h"
#include "fiber/stacks.h"
#include "os/os.h"

#include <coil/fiber.h>

#include <errno.h>
#include <stdatomic.h>

struct made {
    struct fiber fiber;
    coil_fn fn;
    void *arg;
    struct made *parent; /* held; NULL: a root, which may be gone before its children are */
    uintptr_t thread;
    uint32_t refs; /* the program's, and one of each child */
    bool exiting;  /* it is being freed, and cannot switch any more */
};

static struct fiber *fiber_of(const coil_fiber *handle)
{
    return (struct fiber *)(uintptr_t)handle;
}

static coil_fiber *handle_of(struct fiber *fiber)
{
    return (coil_fiber *)fiber;
}

static struct made *made_of(struct fiber *fiber)
{
    return fiber->kind == FIBER_MADE ? container_of(fiber, struct made, fiber) : NULL;
}

static void unref(struct made *made)
{
    while (made && --made->refs == 0) {
        struct made *parent = made->parent;
        coil__free(made);
        made = parent;
    }
}

static uint64_t family_of(struct fiber *fiber)
{
    static atomic_uint_least64_t last;

    if (!fiber->family)
        fiber->family = atomic_fetch_add(&last, 1) + 1;
    return fiber->family;
}

/* ---- making --------------------------------------------------------------------------------- */

coil_fiber *coil_fiber_new(coil_fn fn, void *arg)
{
    struct fiber *self = fiber_current();

    if (!fn)
        return COIL_ERR(-EINVAL);
    struct made *made = coil__alloc_zeroed(sizeof(*made));
    if (!made)
        return COIL_ERR(-ENOMEM);
    made->fiber.parent = self;
    made->fiber.kind = FIBER_MADE;
    made->fiber.family = family_of(self);
    made->fn = fn;
    made->arg = arg;
    made->thread = os_thread_self();
    made->refs = 1;
    made->parent = made_of(self);
    if (made->parent)
        made->parent->refs++;
    return handle_of(&made->fiber);
}

static void *run(void *unused)
{
    const struct made *made = made_of(fiber_current());

    (void)unused;
    void *result = made->fn(made->arg);
    /* It was told to end and did. */
    return err_code(result) == -COIL_EGENEXIT ? NULL : result;
}

/* A fiber gets its stack when it is first switched to. */
static int start(struct made *made)
{
    struct fiber *fiber = &made->fiber, *parent = fiber->parent;
    struct stack *stack = thread_stack_take(stack_class(STACK_SIZE_DEFAULT));
    uint64_t family = fiber->family;

    if (!stack)
        return -ENOMEM;
    fiber_init(fiber, stack, stack_reserve(stack, 0), run);
    fiber->parent = parent;
    fiber->kind = FIBER_MADE;
    fiber->family = family;
    return 0;
}

/* ---- switching ------------------------------------------------------------------------------ */

/* Leaves the running fiber, which may be switched to until this returns. */
static int leave_to(struct fiber *self, struct fiber *to, void *value, void **got)
{
    self->standing = true;
    value = fiber_switch_from(self, to, value);
    self->standing = false;
    if (err_is(value))
        return err_code(value);
    if (got)
        *got = value;
    return 0;
}

static int check(struct fiber *self, const coil_fiber *to)
{
    if (!to)
        return -EINVAL;
    if (err_is(to))
        return err_code(to);
    if (made_of(self) && made_of(self)->exiting)
        return -COIL_EGENEXIT;
    return family_of(self) == fiber_of(to)->family ? 0 : -EXDEV;
}

static struct fiber *living(struct fiber *fiber)
{
    while (fiber->state == FIBER_DEAD)
        fiber = fiber->parent;
    return fiber;
}

/* `value` may carry a code. */
static int go_on_with(struct fiber *self, struct fiber *to, void *value, void **got)
{
    to = living(to);
    if (to == self) {
        if (!err_is(value) && got)
            *got = value;
        return err_code(value);
    }
    if (to->state == FIBER_NEW) {
        if (value)
            return -EINVAL;
        int rc = start(made_of(to));
        if (rc < 0)
            return rc;
    }
    ASSERT(to->standing || to->state == FIBER_NEW); /* else it would be another family's root */
    return leave_to(self, to, value, got);
}

int coil_fiber_switch(coil_fiber *to, void *value, void **got)
{
    struct fiber *self = fiber_current();
    int rc = check(self, to);

    if (rc < 0)
        return rc;
    return err_is(value) ? -EINVAL : go_on_with(self, fiber_of(to), value, got);
}

int coil_fiber_throw(coil_fiber *to, int code, void **got)
{
    struct fiber *self = fiber_current();
    int rc = check(self, to);

    if (rc < 0)
        return rc;
    if (code >= 0 || code < -COIL_ERROR_MAX)
        return -EINVAL;
    struct fiber *fiber = fiber_of(to);
    if (fiber->state == FIBER_NEW)
        fiber->state = FIBER_DEAD;
    return go_on_with(self, fiber, COIL_ERR(code), got);
}

/* ---- ending --------------------------------------------------------------------------------- */

/* Has it return to the one that frees it, which waits as for a call. */
static int end(struct fiber *self, struct made *made)
{
    made->exiting = true;
    made->fiber.parent = self;
    return err_code(fiber_switch_from(self, &made->fiber, COIL_ERR(-COIL_EGENEXIT)));
}

int coil_fiber_free(coil_fiber *handle)
{
    if (!handle || err_is(handle))
        return 0;
    struct made *made = made_of(fiber_of(handle));
    if (!made)
        return -EINVAL;
    ASSERT_CONTRACT(made->thread == os_thread_self(), "a fiber is freed on another thread");
    int rc = 0;
    if (made->fiber.state == FIBER_RUNNING || made->exiting)
        return -EBUSY;
    if (made->fiber.state == FIBER_SUSPENDED) {
        if (!made->fiber.standing)
            return -EBUSY;
        rc = end(fiber_current(), made);
        if (rc < 0)
            coil__warn("a fiber, freed: %s", coil_strerror(rc));
    }
    made->fiber.state = FIBER_DEAD;
    unref(made);
    return rc;
}

/* ---- looking -------------------------------------------------------------------------------- */

coil_fiber *coil_fiber_current(void)
{
    return handle_of(fiber_current());
}

coil_fiber *coil_fiber_parent(const coil_fiber *handle)
{
    if (!handle)
        return COIL_ERR(-EINVAL);
    if (err_is(handle))
        return COIL_ERR(err_code(handle));
    struct fiber *fiber = fiber_of(handle);
    if (family_of(fiber_current()) != fiber->family)
        return COIL_ERR(-EXDEV);
    return fiber->kind == FIBER_MADE ? handle_of(fiber->parent) : NULL;
}

bool coil_fiber_dead(const coil_fiber *handle)
{
    return !handle || err_is(handle) || fiber_of(handle)->state == FIBER_DEAD;
}
