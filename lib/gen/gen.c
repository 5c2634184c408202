// SPDX-License-Identifier: MIT
/* Making, closing and freeing a generator, and what can be seen of it. */
#include "gen/gen.h"

#include "base/alloc.h"
#include "base/warn.h"
#include "fiber/stacks.h"

#include <stdio.h>
#include <string.h>

/* ---- making ------------------------------------------------------------------------------- */

static int apply_options(struct coil_gen *gen, const coil_gen_options *options)
{
    if (options->stack_size)
        gen->stack_class = (uint8_t)stack_class(options->stack_size);
    if (options->name) {
        size_t size = strlen(options->name) + 1;
        gen->name = coil__alloc(size);
        if (!gen->name)
            return -ENOMEM;
        memcpy(gen->name, options->name, size);
    }
    if (options->copy_arg) {
        void *copy = coil__alloc(options->copy_arg);
        if (!copy)
            return -ENOMEM;
        memcpy(copy, gen->arg, options->copy_arg);
        gen->arg = copy;
        gen->owns_arg = true;
    }
    return 0;
}

static bool options_valid(const coil_gen_options *options, const void *arg)
{
    return options->size == sizeof(*options) && stack_class(options->stack_size) >= 0 &&
           (arg || !options->copy_arg);
}

coil_gen *coil_gen_new_with(coil_fn fn, void *arg, const coil_gen_options *options)
{
    if (!fn || (options && !options_valid(options, arg)))
        return COIL_ERR(-EINVAL);
    struct coil_gen *gen = coil__alloc(sizeof(*gen));
    if (!gen)
        return COIL_ERR(-ENOMEM);
    *gen = (struct coil_gen){.fn = fn, .arg = arg, .leaf = gen, .refs = 1};
    gen->stack_class = (uint8_t)stack_class(STACK_SIZE_DEFAULT);
    int rc = options ? apply_options(gen, options) : 0;
    if (rc < 0) {
        gen_unref(gen);
        return COIL_ERR(rc);
    }
    return gen;
}

coil_gen *coil_gen_new(coil_fn fn, void *arg)
{
    return coil_gen_new_with(fn, arg, NULL);
}

coil_gen *coil_gen_primed(coil_fn fn, void *arg)
{
    struct coil_gen *gen = coil_gen_new(fn, arg);
    int rc = coil_gen_next(gen, NULL);

    if (rc == 0)
        return gen;
    if (!err_is(gen))
        (void)coil_gen_free(gen);
    return COIL_ERR(rc == COIL_STOP ? -ENODATA : rc);
}

/* ---- ending ------------------------------------------------------------------------------- */

void gen_unref(struct coil_gen *gen)
{
    ASSERT(gen->refs > 0);
    if (--gen->refs)
        return;
    coil__free(gen->name);
    if (gen->owns_arg)
        coil__free(gen->arg);
    coil__free(gen);
}

void gen_drop_delegate(struct coil_gen *gen)
{
    struct coil_gen *delegate = gen->delegate;

    gen->delegate = NULL;
    if (delegate)
        gen_unref(delegate);
}

int coil_gen_close(coil_gen *gen, void **result)
{
    int rc = gen_argument(gen);

    if (rc < 0)
        return rc;
    if (result)
        *result = NULL;
    if (gen->state == COIL_GEN_CREATED)
        gen->state = COIL_GEN_CLOSED;
    if (gen->state == COIL_GEN_CLOSED)
        return 0;
    rc = gen_settle(gen);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    gen->fiber.kind = gen->leaf->fiber.kind = FIBER_GEN_CLOSING;
    rc = gen_resume(gen, COIL_ERR(-COIL_EGENEXIT), result);
    if (rc == 0) {
        if (result) /* it was a value that it has yielded */
            *result = NULL;
        return -COIL_EIGNORED;
    }
    return rc == COIL_STOP || rc == -COIL_EGENEXIT ? 0 : rc;
}

/* Its body would not end. What is on its stack is lost, a delegation by calls among it. */
static void abandon(struct coil_gen *gen)
{
    ASSERT(gen->leaf == gen);
    gen->state = COIL_GEN_CLOSED;
    gen_drop_delegate(gen);
    fiber_abandon(&gen->fiber);
}

int coil_gen_free(coil_gen *gen)
{
    if (gen_argument(gen) < 0)
        return 0;
    int rc = coil_gen_close(gen, NULL);
    if (rc == -EBUSY && gen->state != COIL_GEN_CLOSED)
        return rc;
    if (rc < 0)
        coil__warn("generator %s, freed: %s", gen->name ? gen->name : "without a name",
                   coil_strerror(rc));
    if (gen->state != COIL_GEN_CLOSED)
        abandon(gen);
    gen_unref(gen);
    return rc;
}

/* ---- looking ------------------------------------------------------------------------------ */

int coil_gen_state(const coil_gen *gen)
{
    int rc = gen_argument(gen);

    if (rc < 0)
        return rc;
    const struct coil_gen *root = gen_outermost(gen);
    if (gen_is_lost(root))
        return root->leaf == gen ? COIL_GEN_CLOSED : COIL_GEN_SUSPENDED;
    return gen->state == GEN_DELEGATED ? root->state : gen->state;
}

int coil_gen_error(const coil_gen *gen)
{
    int rc = gen_argument(gen);
    return rc < 0 ? rc : gen->error;
}

coil_gen *coil_gen_yieldfrom(const coil_gen *gen)
{
    int rc = gen_argument(gen);
    return rc < 0 ? COIL_ERR(rc) : gen->delegate;
}

int coil_gen_describe(const coil_gen *gen, char *buffer, size_t size)
{
    int rc = gen_argument(gen);

    if (rc < 0)
        return rc;
    if (!buffer || !size)
        return -EINVAL;
    return snprintf(buffer, size, "<generator object%s%s at %p>", gen->name ? " " : "",
                    gen->name ? gen->name : "", (const void *)gen);
}
