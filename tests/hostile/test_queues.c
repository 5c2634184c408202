// SPDX-License-Identifier: MIT
/* Submission and completion queues of four entries: nothing is lost, nothing waits for ever. */
#include "ends.h"
#include "random.h"
#include "small.h"

#include <stdlib.h>

/* ---- ten thousand tasks --------------------------------------------------------------------- */

static void *three_nops(void *argument)
{
    int *done = argument;

    for (int i = 0; i < 3; i++)
        *done += world_op(OP_NOP, -1, NULL, 0) == 0;
    return NULL;
}

static void *sleeps(void *argument)
{
    int *done = argument;

    *done += coil_sleep(COIL_MS(1)) == 0;
    return NULL;
}

static void *many(void *argument)
{
    int *done = argument;
    coil_coro *coroutines = calloc(MANY_TASKS, sizeof(*coroutines));

    if (!CHECK(coroutines))
        return NULL;
    for (int i = 0; i < MANY_TASKS; i++)
        coroutines[i] = (coil_coro){i % 4 ? three_nops : sleeps, done};
    COIL_AUTO coil_future *all = coil_gather(coroutines, MANY_TASKS, 0);
    PASS(coil_await(all, NULL));
    free(coroutines);
    return NULL;
}

TEST(queues, four_entries_carry_ten_thousand_tasks)
{
    SMALL_RINGS;
    KERNEL(loop);
    int done = 0;

    PASS(kernel_run(loop, many, &done));
    CHECK_EQ(done, MANY_TASKS / 4 * 3 * 3 + MANY_TASKS / 4);
    CHECK_EQ(*kernel_ring(loop)->uring.cq.koverflow, 0);
}

/* ---- the completion queue overflows --------------------------------------------------------- */

static void completed(struct op *op, const struct completion *completion)
{
    int *count = op->submitter;

    CHECK_EQ(completion->result, 0);
    (*count)++;
}

TEST(queues, an_overflowing_completion_queue_loses_nothing)
{
    SMALL_RINGS;
    struct engine *engine;
    struct op *ops = calloc(MANY_TASKS, sizeof(*ops));
    struct completion completions[7];
    bool overflowed = false;
    int count = 0;
    size_t n;

    if (!CHECK(ops) || !PASS(ring_new(&engine)))
        return;
    for (int i = 0; i < MANY_TASKS; i++) { /* and nobody looks at what comes */
        op_init(&ops[i], OP_NOP, -1, completed);
        ops[i].submitter = &count;
        PASS(engine_submit(engine, &ops[i]));
        overflowed |= *ring_of(engine)->uring.sq.kflags & IORING_SQ_CQ_OVERFLOW;
    }
    CHECK(overflowed);
    while (engine->in_flight_count) {
        PASS(engine_enter(engine, INT64_MAX, true));
        while ((n = engine_reap(engine, completions, 7)) > 0)
            for (size_t i = 0; i < n; i++)
                completions[i].op->complete(completions[i].op, &completions[i]);
    }
    CHECK_EQ(count, MANY_TASKS);
    CHECK_EQ(*ring_of(engine)->uring.cq.koverflow, 0);
    engine_detach(engine);
    free(ops);
}

/* ---- everything is cancelled ---------------------------------------------------------------- */

struct waiting {
    int fd;
    int ended;
};

static void *reads(void *argument)
{
    struct waiting *waiting = argument;
    char byte;

    int rc = world_op(OP_READ, waiting->fd, &byte, 1);

    waiting->ended += rc == -ECANCELED;
    return COIL_ERR(rc);
}

static void *cancels_all(void *argument)
{
    static coil_task *tasks[MANY_TASKS];

    for (int i = 0; i < MANY_TASKS; i++)
        tasks[i] = coil_create_task(reads, argument);
    PASS(coil_sleep(COIL_MS(1)));
    for (int i = 0; i < MANY_TASKS; i++)
        CHECK(coil_cancel(tasks[i]));
    for (int i = 0; i < MANY_TASKS; i++) {
        kernel_await(tasks[i]);
        coil_unref(tasks[i]);
    }
    return NULL;
}

TEST(queues, every_operation_in_flight_can_be_cancelled)
{
    SMALL_RINGS;
    ENDS ends = ends_pipe(0);
    struct waiting waiting = {ends.fd[0], 0};
    KERNEL(loop);

    PASS(kernel_run(loop, cancels_all, &waiting));
    CHECK_EQ(waiting.ended, MANY_TASKS);
}

static void *leaves_all(void *argument)
{
    for (int i = 0; i < MANY_TASKS; i++)
        PASS(coil_go(reads, argument));
    PASS(coil_yield_now());
    return NULL;
}

TEST(queues, a_loop_is_closed_with_everything_in_flight)
{
    SMALL_RINGS;
    ENDS ends = ends_pipe(0);
    struct waiting waiting = {ends.fd[0], 0};
    {
        KERNEL(loop);
        PASS(kernel_run(loop, leaves_all, &waiting));
    }
    CHECK_EQ(waiting.ended, MANY_TASKS);
}

/* ---- timeouts among full queues ------------------------------------------------------------- */

static void *reads_for_a_while(void *argument)
{
    struct waiting *waiting = argument;
    COIL_AUTO coil_task *reader = coil_create_task(reads, argument);

    waiting->ended += coil_wait_for(reader, COIL_MS(1), NULL) == -ETIMEDOUT;
    return NULL;
}

static void *many_for_a_while(void *argument)
{
    static coil_coro coroutines[MANY_TASKS / 10];

    for (int i = 0; i < MANY_TASKS / 10; i++)
        coroutines[i] = (coil_coro){reads_for_a_while, argument};
    COIL_AUTO coil_future *all = coil_gather(coroutines, MANY_TASKS / 10, 0);
    PASS(coil_await(all, NULL));
    return NULL;
}

TEST(queues, timeouts_come_through_full_queues)
{
    SMALL_RINGS;
    ENDS ends = ends_pipe(0);
    struct waiting waiting = {ends.fd[0], 0};
    KERNEL(loop);

    PASS(kernel_run(loop, many_for_a_while, &waiting));
    CHECK_EQ(waiting.ended, 2 * (MANY_TASKS / 10));
}
