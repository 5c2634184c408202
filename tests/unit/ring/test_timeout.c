// SPDX-License-Identifier: MIT
#include "kernel.h"

#include "loop/await.h"

/* An operation that does nothing: it has the turn enter the kernel, with the deadline. */
static int enter(void)
{
    struct op op;

    op_init(&op, OP_NOP, -1, NULL);
    return await_op(&op);
}

static uint64_t submissions(void)
{
    return kernel_ring(coil_get_running_loop())->submissions;
}

static int nothing(void *unused)
{
    (void)unused;
    return 0;
}

enum { MANY = 1000 };

static void *arm_and_cancel(void *count)
{
    coil_loop *loop = coil_get_running_loop();
    uint64_t before = submissions();

    for (int i = 0; i < MANY; i++) {
        coil_handle handle = coil_call_later(loop, COIL_SEC(3600) + i, nothing, NULL);
        int rc = enter();
        coil_handle_cancel(loop, handle);
        if (rc < 0)
            return COIL_ERR(rc);
    }
    *(uint64_t *)count = submissions() - before;
    return NULL;
}

/* Each is the earliest at an enter. The first arms the one timeout; nothing is submitted for the
 * others. */
TEST(ring_timeout, a_thousand_timeouts_cost_the_kernel_one)
{
    uint64_t count = 0;
    KERNEL(loop);
    PASS(kernel_run(loop, arm_and_cancel, &count));
    CHECK_EQ(count, MANY + 1);
}

static void *sleeps(void *argument)
{
    struct record *log = argument;
    coil_loop *loop = coil_get_running_loop();
    coil_time start = coil_loop_time(loop);

    if (coil_sleep(COIL_MS(2)) == 0 && coil_loop_time(loop) - start >= COIL_MS(2))
        record(log, "slept");
    return NULL;
}

TEST(ring_timeout, a_sleep_does_not_end_early)
{
    KERNEL(loop);
    struct record log = {""};
    PASS(kernel_run(loop, sleeps, &log));
    CHECK_STR(log.text, "slept");
}

static int note(void *argument)
{
    record(argument, "callback");
    return 0;
}

static void *busy(void *argument)
{
    struct record *log = argument;

    /* Ends only when the deadline is noticed although there is always a task to run. */
    while (!strstr(log->text, "callback"))
        if (coil_yield_now() < 0)
            break;
    return NULL;
}

static void *far_and_near(void *argument)
{
    struct record *log = argument;
    coil_loop *loop = coil_get_running_loop();
    coil_handle far = coil_call_later(loop, COIL_SEC(3600), nothing, NULL);

    /* One turn with the far deadline alone: the timeout runs for it. */
    if (coil_handle_error(far) < 0 || enter() < 0)
        return NULL;
    uint64_t before = submissions();
    coil_handle near = coil_call_later(loop, COIL_SEC(1800), nothing, NULL);
    if (coil_handle_error(near) < 0 || enter() < 0)
        return NULL;
    record(log, "submitted=%d", (int)(submissions() - before));
    return NULL;
}

static int ends(void *future)
{
    return coil_set_result(future, NULL);
}

static void *near_and_far(void *argument)
{
    struct record *log = argument;
    COIL_AUTO coil_future *met = coil_create_future(NULL);
    coil_handle far = coil_call_later(coil_get_running_loop(), COIL_MS(5), ends, met);

    if (coil_handle_error(far) < 0 || enter() < 0)
        return NULL;
    int rc = coil_sleep(COIL_MS(1));
    if (rc == 0)
        rc = coil_await(met, NULL);
    if (rc == 0)
        record(log, "met");
    return rc < 0 ? COIL_ERR(rc) : NULL;
}

/* One more submission, beside the operation itself. */
TEST(ring_timeout, an_earlier_deadline_moves_it)
{
    KERNEL(loop);
    struct record log = {""};
    PASS(kernel_run(loop, far_and_near, &log));
    CHECK_STR(log.text, "submitted=2");
}

TEST(ring_timeout, a_later_deadline_is_met_after_an_earlier_one)
{
    KERNEL(loop);
    struct record log = {""};
    PASS(kernel_run(loop, near_and_far, &log));
    CHECK_STR(log.text, "met");
}

TEST(ring_timeout, a_busy_loop_notices_a_deadline)
{
    KERNEL(loop);
    struct record log = {""};
    coil_handle handle = coil_call_later(loop, COIL_MS(1), note, &log);
    if (coil_handle_error(handle) < 0)
        return;
    PASS(kernel_run(loop, busy, &log));
    CHECK_STR(log.text, "callback");
}
