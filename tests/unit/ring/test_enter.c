// SPDX-License-Identifier: MIT
#include "faults.h"
#include "kernel.h"

#include <stdlib.h>
#include <unistd.h>

static void nothing(struct op *op, const struct completion *completion)
{
    (void)op;
    (void)completion;
}

static void take_all(struct engine *engine)
{
    struct completion completions[16];

    while (engine_reap(engine, completions, 16) > 0) {
    }
}

TEST(ring_enter, calls_nobody_when_there_is_nothing_to_say)
{
    struct engine *engine;
    struct op op;

    if (!PASS(ring_new(&engine)))
        return;
    op_init(&op, OP_NOP, -1, nothing);
    PASS(engine_submit(engine, &op));
    while (op.state != OP_IDLE) {
        PASS(engine_enter(engine, INT64_MAX, true));
        take_all(engine);
    }
    uint64_t before = ring_of(engine)->enters;
    for (int i = 0; i < 10; i++)
        PASS(engine_enter(engine, INT64_MAX, false));
    CHECK(check_walking() || ring_of(engine)->enters == before);
    engine_detach(engine);
}

static void *yields(void *argument)
{
    (void)argument;
    for (int i = 0; i < 1000; i++)
        if (coil_yield_now() < 0)
            break;
    return NULL;
}

TEST(ring_enter, a_busy_loop_calls_nobody)
{
    KERNEL(loop);
    PASS(kernel_run(loop, yields, NULL));
    if (!err_is(loop) && kernel_ring(loop)->flags & IORING_SETUP_TASKRUN_FLAG)
        CHECK(check_walking() || kernel_ring(loop)->enters <= 2);
}

TEST(ring_enter, is_quiet_until_there_is_something_to_say)
{
    struct engine *engine;
    struct op op;

    if (!PASS(ring_new(&engine)))
        return;
    PASS(engine_enter(engine, INT64_MAX, false)); /* the read of the wake */
    if (ring_of(engine)->flags & IORING_SETUP_TASKRUN_FLAG)
        CHECK(check_walking() || engine_quiet(engine));
    op_init(&op, OP_NOP, -1, nothing);
    PASS(engine_submit(engine, &op));
    CHECK(check_walking() || !engine_quiet(engine));
    while (op.state != OP_IDLE) {
        PASS(engine_enter(engine, INT64_MAX, true));
        take_all(engine);
    }
    engine_detach(engine);
}

static void *sleeps(void *argument)
{
    int rc = coil_sleep(COIL_MS(1));
    return rc < 0 ? COIL_ERR(rc) : argument;
}

/* The first entry is the wake's, the second the deadline's: the loop must not sleep without. */
TEST(ring_enter, does_not_wait_for_what_it_could_not_ask_for)
{
    if (check_walking())
        return;
    for (size_t k = 1; k <= 2; k++) {
        KERNEL(loop);
        faults_fail(k, "ring_sqe");
        PASS(kernel_run(loop, sleeps, NULL));
        CHECK(faults_met() >= 2);
        faults_end();
    }
}

/* Nor does it spin: it waits a moment before it asks again. */
TEST(ring_enter, waits_a_moment_where_it_cannot_ask)
{
    enum { ENTERS = 10 };
    KERNEL(loop);
    if (err_is(loop) || check_walking())
        return;
    faults_fail_all("ring_sqe");
    const int64_t before = engine_now(loop->engine);
    for (int i = 0; i < ENTERS; i++)
        PASS(engine_enter(loop->engine, INT64_MAX, true));
    CHECK(engine_now(loop->engine) - before >= ENTERS * COIL_MS(1));
    faults_end();
}

TEST(ring_enter, works_with_whatever_the_kernel_lacks)
{
    static const uint32_t masks[] = {
        UINT32_C(1) << FEATURE_DEFER_TASKRUN,
        UINT32_C(1) << FEATURE_SINGLE_ISSUER,
        UINT32_C(1) << FEATURE_COOP_TASKRUN,
        UINT32_C(1) << FEATURE_RING_FD,
        UINT32_C(1) << FEATURE_NO_IOWAIT,
        UINT32_C(1) << FEATURE_SUBMIT_ALL,
        UINT32_MAX,
    };

    for (size_t i = 0; i < array_length(masks); i++) {
        uint32_t before = features_mask(masks[i]);
        {
            KERNEL(loop);
            PASS(kernel_run(loop, sleeps, NULL));
            PASS(kernel_run(loop, yields, NULL));
            if (!err_is(loop) && masks[i] == UINT32_MAX) {
                CHECK_EQ(kernel_ring(loop)->enter_flags, 0);
                CHECK_EQ(kernel_ring(loop)->flags & IORING_SETUP_COOP_TASKRUN, 0);
            }
        }
        features_mask(before);
    }
}
