// SPDX-License-Identifier: MIT
/*
 * coil_yield_from. A generator that stands by itself joins the chain, and what follows costs no
 * more than without it. Everything else is driven by calls, from the delegator's own fiber: arrays,
 * programs' tables, and a generator that somebody else has taken out of the chain.
 */
#include "gen/gen.h"

#include "gen/iter.h"

/* ---- by calls ------------------------------------------------------------------------------- */

/* Hands on what the delegator was resumed with. */
static int pass_on(coil_iter iter, void *value, void **out)
{
    const coil_iter_table *table = iter.table;
    int code = err_code(value);

    if (code == 0 && !value)
        return table->next(iter.self, out);
    if (code == 0)
        return table->send ? table->send(iter.self, value, out) : -EOPNOTSUPP;
    if (code == -COIL_EGENEXIT) {
        int rc = table->close ? table->close(iter.self) : 0;
        return rc < 0 ? rc : code;
    }
    return table->throw_into ? table->throw_into(iter.self, code, out) : code;
}

static int delegate_by_calls(coil_iter iter, void *value, void **result)
{
    for (;;) {
        void *got = NULL;
        int rc = pass_on(iter, value, &got);
        if (rc == COIL_STOP && result)
            *result = got;
        if (rc != 0)
            return rc < 0 ? rc : 0;
        rc = coil_yield(got, &value);
        if (rc == -EINVAL && err_is(got))
            return rc; /* it was not handed over */
        if (rc < 0)
            value = COIL_ERR(rc);
    }
}

/* The delegate is a generator, which another delegator or caller may have taken over or free. */
static int delegate_to_gen_by_calls(struct coil_gen *self, struct coil_gen *inner, void *value,
                                    void **result)
{
    int rc = delegate_by_calls(coil_iter_gen(inner), value, result);

    gen_drop_delegate(self);
    return rc;
}

/* ---- in the chain --------------------------------------------------------------------------- */

static int delegate_to_gen(struct coil_gen *self, struct coil_gen *inner, void **result)
{
    int rc = gen_settle(inner);

    if (rc != 0)
        return rc < 0 ? rc : 0;
    gen_check_thread(inner);
    self->delegate = inner;
    if (self->fiber.kind == FIBER_GEN_CLOSING) {
        /* A yield of the inner one is one of `self`, which ignores that it is closed. */
        inner->refs++;
        return delegate_to_gen_by_calls(self, inner, NULL, result);
    }
    struct coil_gen *root = self->root, *leaf = inner->leaf;
    inner->delegator = self;
    inner->state = GEN_DELEGATED;
    root->leaf = leaf;
    leaf->root = root;
    leaf->fiber.parent = self->fiber.parent;
    void *value = fiber_switch_from(&self->fiber, &leaf->fiber, NULL);
    if (self->delegate) /* it was cut off */
        return delegate_to_gen_by_calls(self, inner, value, result);
    if (err_is(value))
        return err_code(value);
    if (result)
        *result = value;
    return 0;
}

int coil_yield_from(coil_iter iter, void **result)
{
    struct fiber *self = fiber_current();

    if (!gen_is_on(self))
        return -COIL_ENOGEN;
    int rc = iter_argument(iter);
    if (rc < 0)
        return rc;
    if (result)
        *result = NULL;
    if (iter_is_gen(iter))
        return delegate_to_gen(gen_of(self), iter.self, result);
    return delegate_by_calls(iter, NULL, result);
}
