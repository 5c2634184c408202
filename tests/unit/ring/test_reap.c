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

static void put(struct io_uring_cqe *completion, uint64_t user_data, int result)
{
    completion->user_data = user_data;
    completion->res = result;
    completion->flags = 0;
}

/* A cancellation has a completion of its own, before or after its target's; what it says changes
 * nothing, and the target's result is the target's. */
TEST(ring_reap, a_cancellation_may_say_what_it_likes_whenever_it_likes)
{
    static const int targets[] = {0, 7, -ECANCELED, -EINTR}, cancels[] = {0, -ENOENT, -EALREADY};
    struct engine *engine;
    if (PASS(ring_new(&engine)) == false)
        return;
    struct ring *ring = ring_of(engine);
    _Alignas(struct io_uring_cqe) char memory[2 * sizeof(struct io_uring_cqe)];
    struct io_uring_cqe *both = (struct io_uring_cqe *)(void *)memory;
    for (size_t i = 0; i < 2 * array_length(targets) * array_length(cancels); i++) {
        struct completion completions[4];
        struct seen seen = {.count = 0};
        op_init(&seen.ops[0], OP_NOP, -1, completed);
        if (!PASS(engine_submit(engine, &seen.ops[0])))
            continue;
        engine_cancel(engine, &seen.ops[0]);
        ring->uring.sq.sqe_tail = ring->uring.sq.sqe_head; /* the kernel's part is played here */
        put(&both[i % 2], (uintptr_t)&seen.ops[0] | RING_OP, targets[i / 2 % 4]);
        put(&both[1 - i % 2], RING_IGNORED, cancels[i / 8]);
        ring->stash = both;
        ring->stash_first = 0;
        ring->stash_count = 2;
        if (CHECK_EQ(engine_reap(engine, completions, 4), 1)) {
            CHECK_PTR(completions[0].op, &seen.ops[0]);
            CHECK_EQ(completions[0].result, targets[i / 2 % 4]);
        }
        CHECK_EQ(seen.ops[0].state, OP_IDLE);
        ring->stash = NULL;
        ring->cancels_owed = 0; /* the walk: it had no room */
    }
    engine_detach(engine);
}
