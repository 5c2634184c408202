// SPDX-License-Identifier: MIT
#include "kernel.h"

static int nothing(void *unused)
{
    (void)unused;
    return 0;
}

static void *arm_and_cancel(void *argument)
{
    coil_loop *loop = coil_get_running_loop();

    (void)argument;
    for (int i = 0; i < 1000; i++) {
        coil_handle handle = coil_call_later(loop, COIL_SEC(3600) + i, nothing, NULL);
        CHECK(coil_yield_now() == 0);
        coil_handle_cancel(loop, handle);
    }
    return NULL;
}

/* The first arms the one timeout, and the read of the wake rides along: no other submission. */
TEST(ring_timeout, a_thousand_timeouts_cost_the_kernel_one)
{
    KERNEL(loop);
    PASS(kernel_run(loop, arm_and_cancel, NULL));
    if (!err_is(loop))
        CHECK(kernel_ring(loop)->submissions <= 2);
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

static void *far_and_near(void *argument)
{
    struct record *log = argument;
    const coil_coro sleepers[] = {{sleeps, log}, {sleeps, log}};
    coil_handle far = coil_call_later(coil_get_running_loop(), COIL_MS(20), note, log);

    /* One turn with the far deadline alone: the timeout runs for it. */
    if (coil_handle_error(far) < 0 || coil_yield_now() < 0 || coil_yield_now() < 0)
        return NULL;
    COIL_AUTO coil_future *near = coil_gather(sleepers, 2, 0);
    int rc = coil_await(near, NULL);
    if (rc == 0)
        rc = coil_sleep(COIL_MS(30));
    return rc < 0 ? COIL_ERR(rc) : NULL;
}

/* A deadline that is earlier than the one that runs moves it; the later one is met all the same. */
TEST(ring_timeout, an_earlier_deadline_moves_it)
{
    KERNEL(loop);
    struct record log = {""};
    PASS(kernel_run(loop, far_and_near, &log));
    CHECK_STR(log.text, "slept slept callback");
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
