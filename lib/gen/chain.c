// SPDX-License-Identifier: MIT
/* How a chain of delegation ends, at its leaf or by a cut. It begins in gen/delegate.c. */
#include "gen/gen.h"

/* The delegate of `outer`, a leaf that runs, is its delegate no more: `outer` is the leaf. */
static void step_out(struct coil_gen *gen, struct coil_gen *outer)
{
    struct coil_gen *root = gen->root;

    gen->delegator = NULL;
    outer->delegate = NULL;
    outer->root = root;
    outer->fiber.parent = gen->fiber.parent;
    root->leaf = outer;
}

struct fiber *gen_end(struct coil_gen *gen, void **result)
{
    struct coil_gen *outer = gen->delegator;

    ASSERT(!gen->delegate);
    gen->state = COIL_GEN_CLOSED;
    gen->error = err_code(*result);
    if (gen->error == -COIL_EGENEXIT && gen->fiber.kind == FIBER_GEN_CLOSING)
        gen->error = 0; /* as it should */
    if (!outer)
        return gen->fiber.parent;
    step_out(gen, outer);
    if (gen->fiber.kind == FIBER_GEN_CLOSING) {
        /* Whatever it returned: now its delegator is closed. An error is raised there instead. */
        if (!err_is(*result))
            *result = COIL_ERR(-COIL_EGENEXIT);
        if (outer->delegator)
            outer->fiber.kind = FIBER_GEN_CLOSING;
    }
    return &outer->fiber;
}

struct fiber *gen_leave_closing(struct coil_gen *gen)
{
    struct coil_gen *outer = gen->delegator;

    step_out(gen, outer);
    gen->leaf = gen;
    gen->state = COIL_GEN_SUSPENDED;
    if (outer->delegator)
        outer->fiber.kind = FIBER_GEN_CLOSING;
    return &outer->fiber;
}

/*
 * Cuts the chain outside of `inner`: two chains that both stand. The delegator keeps its delegate,
 * with a reference, and finds out when it is next resumed.
 */
static void cut(struct coil_gen *inner, struct coil_gen *root)
{
    struct coil_gen *outer = inner->delegator;

    ASSERT(root->state == COIL_GEN_SUSPENDED && inner->state == GEN_DELEGATED);
    inner->leaf = root->leaf;
    inner->state = COIL_GEN_SUSPENDED;
    inner->delegator = NULL;
    inner->refs++;
    root->leaf = outer;
}

/* The leaf has ended where it was; those who delegated to it stand. */
static void lose_leaf(struct coil_gen *root)
{
    struct coil_gen *leaf = root->leaf;

    if (leaf != root) {
        root->state = COIL_GEN_SUSPENDED;
        cut(leaf, root);
    }
    leaf->state = COIL_GEN_CLOSED;
    gen_drop_delegate(leaf);
}

int gen_settle(struct coil_gen *gen)
{
    struct coil_gen *root = gen_outermost(gen);

    if (gen_is_lost(root))
        lose_leaf(root);
    switch (gen->state) {
    case COIL_GEN_CREATED:
        return gen_start(gen);
    case COIL_GEN_CLOSED:
        return COIL_STOP;
    case GEN_DELEGATED:
        if (root->state == COIL_GEN_RUNNING)
            return -EBUSY;
        cut(gen, root);
        return 0;
    default:
        return gen->state == COIL_GEN_RUNNING ? -EBUSY : 0;
    }
}
