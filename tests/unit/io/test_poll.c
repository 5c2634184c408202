// SPDX-License-Identifier: MIT
#include <coil/poll.h>

#include "ends.h"
#include "kernel.h"
#include "world.h"

#include <poll.h>

struct waiter_for {
    int fd;
    unsigned events;
    int rc;
};

static void *wait_for_events(void *argument)
{
    struct waiter_for *waiter = argument;
    waiter->rc = coil_poll(waiter->fd, waiter->events);
    return COIL_ERR(waiter->rc < 0 ? waiter->rc : -EIO); /* the poll's code, or some other */
}

static int run_poll(struct world *w, struct waiter_for *waiter)
{
    (void)world_run(w, wait_for_events, waiter);
    return waiter->rc;
}

TEST(poll, gives_what_came)
{
    struct waiter_for waiter = {.fd = 3, .events = POLLIN | POLLOUT};
    WORLD(w);
    world_answer(&w, OP_POLL, POLLIN | POLLHUP, COIL_MS(5));
    CHECK_EQ(run_poll(&w, &waiter), POLLIN | POLLHUP);
    CHECK_EQ(world_time(&w), COIL_MS(5));
}

TEST(poll, refuses_bad_arguments_and_submits_nothing)
{
    struct waiter_for no_fd = {.fd = -1, .events = POLLIN}, high = {.fd = 3, .events = 1u << 31},
                      above = {.fd = 3, .events = 0x10000};
    WORLD(w);
    FAILS(run_poll(&w, &no_fd), -EBADF);
    FAILS(run_poll(&w, &high), -EINVAL);
    FAILS(run_poll(&w, &above), -EINVAL);
    CHECK_EQ(world_counts(&w).submitted, 0);
    FAILS(coil_poll(3, POLLIN), -COIL_ENOLOOP);
}

TEST(poll, is_limited_by_a_timeout)
{
    struct waiter_for waiter = {.fd = 3, .events = POLLIN};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, wait_for_events, &waiter, NULL);
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(10), world_cancel, task)));
    FAILS(coil_run_until_complete(w.loop, task, NULL), -ECANCELED);
    FAILS(waiter.rc, -ECANCELED);
    CHECK_EQ(world_time(&w), COIL_MS(10));
}

/* ---- in the kernel -------------------------------------------------------------------------- */

static int poll_now(coil_loop *loop, int fd, unsigned events)
{
    struct waiter_for waiter = {.fd = fd, .events = events};
    (void)kernel_run(loop, wait_for_events, &waiter);
    return waiter.rc;
}

TEST(poll, sees_what_is_ready)
{
    ENDS ends = ends_pipe(0);
    KERNEL(loop);
    CHECK_EQ(poll_now(loop, ends.fd[1], POLLIN | POLLOUT), POLLOUT);
    CHECK_EQ(write(ends.fd[1], "x", 1), 1);
    CHECK_EQ(poll_now(loop, ends.fd[0], POLLIN), POLLIN);
    ends_empty(&ends);
    ends_close(&ends, 1);
    CHECK_EQ(poll_now(loop, ends.fd[0], 0), POLLHUP);
    FAILS(poll_now(loop, 1 << 20, POLLIN), -EBADF);
}

static int write_a_byte(void *ends)
{
    return write(((struct ends *)ends)->fd[1], "x", 1) == 1 ? 0 : -EIO;
}

TEST(poll, waits_until_it_is_ready)
{
    ENDS ends = ends_pipe(0);
    struct waiter_for waiter = {.fd = ends.fd[0], .events = POLLIN};
    KERNEL(loop);
    COIL_AUTO coil_task *task = coil_create_task_with(loop, wait_for_events, &waiter, NULL);
    coil_stop(loop);
    PASS(err_is(loop) ? err_code(loop) : coil_run_forever(loop));
    CHECK(!coil_done(task));
    if (coil_handle_error(coil_call_soon(loop, write_a_byte, &ends)) < 0)
        return;
    FAILS(coil_run_until_complete(loop, task, NULL), -EIO);
    CHECK_EQ(waiter.rc, POLLIN);
}

static void *close_it(void *argument)
{
    int *fd = argument;
    int rc = coil_close_fd(*fd);
    if (rc == 0)
        *fd = -1;
    return rc < 0 ? COIL_ERR(rc) : NULL;
}

TEST(poll, ends_when_the_descriptor_is_closed)
{
    ENDS ends = ends_pipe(0);
    struct waiter_for waiter = {.fd = ends.fd[0], .events = POLLIN};
    KERNEL(loop);
    COIL_AUTO coil_task *task = coil_create_task_with(loop, wait_for_events, &waiter, NULL);
    if (kernel_run(loop, close_it, &ends.fd[0]) < 0)
        return;
    FAILS(coil_run_until_complete(loop, task, NULL), -COIL_ECLOSED);
    FAILS(waiter.rc, -COIL_ECLOSED);
}
