// SPDX-License-Identifier: MIT
#include "kernel.h"

enum { NOPS = 40 };

struct seen {
    int order[NOPS];
    int count;
    struct op ops[NOPS];
};

static void completed(struct op *op, const struct completion *completion)
{
    struct seen *seen = op->submitter;

    (void)completion;
    if (seen->count < NOPS)
        seen->order[seen->count] = (int)(op - seen->ops);
    seen->count++;
}

static size_t take(struct engine *engine, size_t most)
{
    struct completion completions[NOPS];
    size_t n = engine_reap(engine, completions, most);

    for (size_t i = 0; i < n; i++)
        completions[i].op->complete(completions[i].op, &completions[i]);
    return n;
}

/* Without a loop: the contract of engine.h alone. */
TEST(ring_reap, completions_come_as_a_list_in_their_order)
{
    struct engine *engine;
    if (PASS(ring_new(&engine)) == false)
        return;
    struct seen seen = {.count = 0};
    for (int i = 0; i < NOPS; i++) {
        op_init(&seen.ops[i], OP_NOP, -1, completed);
        seen.ops[i].submitter = &seen;
        PASS(engine_submit(engine, &seen.ops[i]));
    }
    while (engine->in_flight_count) {
        PASS(engine_enter(engine, INT64_MAX, true));
        while (take(engine, 7)) {
        }
    }
    CHECK_EQ(seen.count, NOPS);
    for (int i = 0; i < NOPS; i++)
        CHECK_EQ(seen.order[i], i);
    engine_detach(engine);
}

/* What a full completion queue is emptied into comes first, and nothing is lost. */
TEST(ring_reap, what_was_stashed_comes_first)
{
    struct engine *engine;
    if (PASS(ring_new(&engine)) == false)
        return;
    struct seen seen = {.count = 0};
    for (int i = 0; i < NOPS; i++) {
        op_init(&seen.ops[i], OP_NOP, -1, completed);
        seen.ops[i].submitter = &seen;
        PASS(engine_submit(engine, &seen.ops[i]));
        if (i % 10 == 9) {
            PASS(engine_enter(engine, INT64_MAX, false));
            (void)ring_stash(ring_of(engine));
        }
    }
    while (engine->in_flight_count) {
        PASS(engine_enter(engine, INT64_MAX, true));
        while (take(engine, NOPS)) {
        }
    }
    CHECK_EQ(seen.count, NOPS);
    for (int i = 0; i < NOPS; i++)
        CHECK_EQ(seen.order[i], i);
    engine_detach(engine);
}
