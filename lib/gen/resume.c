// SPDX-License-Identifier: MIT
/* Both ends of a resume: next, send and throw outside, the body and its yield inside. */
#include "gen/gen.h"

#include "ctx/jump.h"
#include "fiber/stacks.h"

/* ---- a body's beginning and end ------------------------------------------------------------- */

static void body(void *value)
{
    struct coil_gen *gen = gen_of(fiber_begun());

    (void)value;
    void *result = gen->fn(gen->arg);
    ASSERT(coil__fiber_current == &gen->fiber);
    struct fiber *next = gen_end(gen, &result);
    fiber_leave(next, result);
}

int gen_start(struct coil_gen *gen)
{
    struct stack *stack = thread_stack_take(gen->stack_class);

    if (!stack)
        return -ENOMEM;
    fiber_prepare(&gen->fiber, stack, stack_reserve(stack, 0), body);
    gen->fiber.kind = FIBER_GEN;
    gen->thread = os_thread_self();
    gen->state = COIL_GEN_SUSPENDED;
    return 0;
}

/* ---- outside -------------------------------------------------------------------------------- */

static NOINLINE int get_ready(struct coil_gen *gen, const void *value, void **out)
{
    int rc = gen_argument(gen);

    if (rc < 0)
        return rc;
    if (err_is(value) || (value && gen->state == COIL_GEN_CREATED))
        return -EINVAL;
    if (out)
        *out = NULL;
    return gen_settle(gen);
}

/* The usual case: suspended, entered from outside, and a plain value. */
static inline bool is_ready(const struct coil_gen *gen, const void *value)
{
    return likely(gen != NULL) && !err_is(gen) && likely(gen->state == COIL_GEN_SUSPENDED) &&
           !err_is(value);
}

RETURNS_BY_JUMP int coil_gen_send(coil_gen *gen, void *value, void **out)
{
    if (unlikely(!is_ready(gen, value))) {
        int rc = get_ready(gen, value, out);
        if (rc != 0)
            return rc;
    }
    return gen_resume(gen, value, out);
}

RETURNS_BY_JUMP int coil_gen_next(coil_gen *gen, void **out)
{
    if (unlikely(!is_ready(gen, NULL))) {
        int rc = get_ready(gen, NULL, out);
        if (rc != 0)
            return rc;
    }
    return gen_resume(gen, NULL, out);
}

int coil_gen_throw(coil_gen *gen, int code, void **out)
{
    int rc = gen_argument(gen);

    if (rc < 0)
        return rc;
    if (code >= 0 || code < -COIL_ERROR_MAX)
        return -EINVAL;
    if (out)
        *out = NULL;
    if (gen->state == COIL_GEN_CREATED) {
        gen->state = COIL_GEN_CLOSED;
        gen->error = code;
        return code;
    }
    rc = gen_settle(gen);
    if (rc != 0)
        return rc < 0 ? rc : code;
    /* This code closes those that it delegates to; it gets it itself when they have ended. */
    if (code == -COIL_EGENEXIT && gen->leaf != gen)
        gen->leaf->fiber.kind = FIBER_GEN_CLOSING;
    return gen_resume(gen, COIL_ERR(code), out);
}

int coil_gen_foreach(coil_gen *gen, int (*fn)(void *value, void *userdata), void *userdata)
{
    void *value = NULL;
    int rc;

    if (!fn)
        return -EINVAL;
    while ((rc = coil_gen_next(gen, &value)) == 0) {
        rc = fn(value, userdata);
        if (rc != 0)
            return rc;
    }
    return rc == COIL_STOP ? 0 : rc;
}

/* ---- inside --------------------------------------------------------------------------------- */

static NOINLINE int yield_slowly(struct fiber *self, void *value, void **sent)
{
    if (err_is(value))
        return -EINVAL;
    if (!gen_is_on(self))
        return -COIL_ENOGEN;
    /* It is being closed. */
    struct coil_gen *gen = gen_of(self);
    struct fiber *next = self->parent;
    self->kind = FIBER_GEN;
    if (gen->delegator) {
        next = gen_leave_closing(gen);
        value = COIL_ERR(-COIL_EIGNORED);
    }
    value = fiber_switch_from(self, next, value);
    if (err_is(value))
        return err_code(value);
    if (sent)
        *sent = value;
    return 0;
}

RETURNS_BY_JUMP int coil_yield(void *value, void **sent)
{
    struct fiber *self = fiber_current();

    if (unlikely(self->kind != FIBER_GEN) || err_is(value))
        return yield_slowly(self, value, sent);
    value = fiber_switch_from(self, self->parent, value);
    if (err_is(value))
        return err_code(value);
    if (sent)
        *sent = value;
    return 0;
}
