// SPDX-License-Identifier: MIT
#include "io/retry.h"

#include "loop/loop.h"
#include "world.h"

#include <poll.h>

enum { FD = 3 };

struct caller {
    unsigned events;
    int rc;
    coil_time at;
    int then; /* what the next wait gives */
};

static void *receive(void *argument)
{
    struct caller *caller = argument;
    struct op op;
    char buffer[8];

    op_init(&op, OP_RECV, FD, NULL);
    op.address = buffer;
    op.length = sizeof(buffer);
    caller->rc = io_await(&op, caller->events);
    caller->at = world_now();
    caller->then = coil_yield_now();
    return NULL;
}

TEST(retry, waits_until_the_descriptor_is_ready)
{
    struct caller caller = {.events = POLLIN};
    WORLD(w);
    world_answer(&w, OP_RECV, -EAGAIN, COIL_MS(1));
    world_answer(&w, OP_POLL, POLLIN, COIL_MS(20));
    world_answer(&w, OP_RECV, -EAGAIN, COIL_MS(1)); /* somebody else was faster */
    world_answer(&w, OP_POLL, POLLIN | POLLHUP, COIL_MS(20));
    world_answer(&w, OP_RECV, 8, COIL_MS(1));
    PASS(world_run(&w, receive, &caller));
    CHECK_EQ(caller.rc, 8);
    CHECK_EQ(caller.at, COIL_MS(43));
    CHECK_EQ(world_counts(&w).submitted, 5);
}

static int look_at_the_poll(void *loop)
{
    const struct list_node *node = list_first(&((coil_loop *)loop)->engine->in_flight);
    if (!CHECK(node != NULL))
        return 0;
    const struct op *op = list_entry(node, struct op, in_flight);
    CHECK_EQ(op->opcode, OP_POLL);
    CHECK_EQ(op->fd, FD);
    CHECK_EQ(op->mask, POLLOUT);
    return 0;
}

TEST(retry, waits_for_the_events_of_the_operation)
{
    struct caller caller = {.events = POLLOUT};
    WORLD(w);
    world_answer(&w, OP_RECV, -EAGAIN, 0);
    world_answer(&w, OP_POLL, POLLOUT, COIL_MS(20));
    world_answer(&w, OP_RECV, 8, 0);
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(10), look_at_the_poll, w.loop)));
    PASS(world_run(&w, receive, &caller));
    CHECK_EQ(caller.rc, 8);
}

TEST(retry, gives_what_the_poll_says_when_it_fails)
{
    struct caller caller = {.events = POLLIN};
    WORLD(w);
    world_answer(&w, OP_RECV, -EAGAIN, 0);
    world_answer(&w, OP_POLL, -EBADF, 0);
    PASS(world_run(&w, receive, &caller));
    FAILS(caller.rc, -EBADF);
}

TEST(retry, leaves_it_where_nothing_is_to_be_waited_for)
{
    struct caller caller = {.events = 0};
    WORLD(w);
    world_answer(&w, OP_RECV, -EAGAIN, 0);
    PASS(world_run(&w, receive, &caller));
    FAILS(caller.rc, -EAGAIN);
    CHECK_EQ(world_counts(&w).submitted, 1);
}

TEST(retry, goes_on_when_it_was_interrupted)
{
    struct caller caller = {.events = POLLIN};
    WORLD(w);
    world_answer(&w, OP_RECV, -EINTR, 0);
    world_answer(&w, OP_RECV, -EAGAIN, 0);
    world_answer(&w, OP_POLL, -EINTR, 0);
    world_answer(&w, OP_POLL, POLLIN, 0);
    world_answer(&w, OP_RECV, 3, 0);
    PASS(world_run(&w, receive, &caller));
    CHECK_EQ(caller.rc, 3);
}

static int run_cancelled(struct world *w, struct caller *caller)
{
    COIL_AUTO coil_task *task = coil_create_task_with(w->loop, receive, caller, NULL);
    PASS(coil_handle_error(coil_call_later(w->loop, COIL_MS(10), world_cancel, task)));
    return coil_run_until_complete(w->loop, task, NULL);
}

TEST(retry, is_cancelled_while_it_waits_for_readiness)
{
    struct caller caller = {.events = POLLIN};
    WORLD(w);
    world_answer(&w, OP_RECV, -EAGAIN, 0);
    PASS(run_cancelled(&w, &caller));
    FAILS(caller.rc, -ECANCELED);
    CHECK_EQ(caller.at, COIL_MS(10));
    PASS(caller.then);
}

/* The poll has its answer and the cancellation came: nothing was moved, so nothing is lost. */
TEST(retry, does_not_try_again_when_it_was_cancelled)
{
    struct caller caller = {.events = POLLIN};
    WORLD(w);
    world_answer(&w, OP_RECV, -EAGAIN, 0);
    world_script(w.sim, (coil_sim_answer){.opcode = OP_POLL,
                                          .fd = FD,
                                          .result = POLLIN,
                                          .delay = COIL_MS(20),
                                          .cancel = COIL_SIM_CANCEL_LOSES});
    PASS(run_cancelled(&w, &caller));
    FAILS(caller.rc, -ECANCELED);
    PASS(caller.then);
    CHECK_EQ(world_counts(&w).submitted, 2);
}

/* An operation on a thread of the kernel ends with -EINTR when a close cancels it. */
static void *close_it(void *argument)
{
    (void)argument;
    PASS(coil_sleep(COIL_MS(10)));
    PASS(coil_close_fd(FD));
    return NULL;
}

TEST(retry, tells_a_close_from_an_interruption)
{
    struct caller caller = {.events = POLLIN};
    WORLD(w);
    world_script(w.sim, (coil_sim_answer){.opcode = OP_RECV,
                                          .fd = FD,
                                          .result = -EINTR,
                                          .delay = COIL_MS(20),
                                          .cancel = COIL_SIM_CANCEL_LOSES});
    world_answer(&w, OP_CLOSE, 0, 0);
    COIL_AUTO coil_task *closer = coil_create_task_with(w.loop, close_it, NULL, NULL);
    PASS(world_run(&w, receive, &caller));
    PASS(coil_run_until_complete(w.loop, closer, NULL));
    FAILS(caller.rc, -COIL_ECLOSED);
}

/* ---- nothing, as a wait -------------------------------------------------------------------- */

static void *do_nothing(void *argument)
{
    struct caller *caller = argument;
    caller->rc = io_await_nothing(FD);
    caller->then = coil_yield_now();
    return NULL;
}

TEST(retry, waits_for_nothing_as_for_something)
{
    struct caller caller = {0}, cancelled = {0};
    WORLD(w);
    world_answer(&w, OP_NOP, 0, 0);
    PASS(world_run(&w, do_nothing, &caller));
    PASS(caller.rc);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, do_nothing, &cancelled, NULL);
    PASS(world_turn(&w));
    (void)coil_cancel(task);
    PASS(coil_run_until_complete(w.loop, task, NULL));
    FAILS(cancelled.rc, -ECANCELED);
    FAILS(io_await_nothing(FD), -COIL_ENOLOOP);
}

static void *ask_what_is_carried(void *carried)
{
    *(bool *)carried = io_carries(OP_LISTEN);
    return NULL;
}

TEST(retry, knows_what_the_engine_carries)
{
    bool carried = false;
    WORLD(w);
    if (coil_is_err(w.loop))
        return;
    PASS(world_run(&w, ask_what_is_carried, &carried));
    CHECK(carried);
    w.loop->engine->opcodes &= ~(UINT64_C(1) << OP_LISTEN);
    PASS(world_run(&w, ask_what_is_carried, &carried));
    CHECK(!carried);
    CHECK(io_carries(OP_LISTEN)); /* and the operation says that there is no loop */
}

/* ---- arguments ------------------------------------------------------------------------------ */

TEST(retry, refuses_bad_arguments)
{
    char byte = 0;
    FAILS(io_arguments(-1, &byte, 1), -EBADF);
    FAILS(io_arguments(INT32_MIN, NULL, 1), -EBADF);
    FAILS(io_arguments(0, NULL, 1), -EINVAL);
    CHECK_EQ(io_arguments(0, NULL, 0), 0);
    CHECK_EQ(io_arguments(0, &byte, SIZE_MAX), 0);
}

TEST(retry, keeps_lengths_within_what_the_kernel_moves)
{
    CHECK_EQ(io_length(0), 0);
    CHECK_EQ(io_length(IO_LENGTH_MAX - 1), IO_LENGTH_MAX - 1);
    CHECK_EQ(io_length(IO_LENGTH_MAX), 0x7ffff000);
    CHECK_EQ(io_length(IO_LENGTH_MAX + 1), 0x7ffff000);
    CHECK_EQ(io_length((size_t)UINT32_MAX + 2), 0x7ffff000);
    CHECK_EQ(io_length(SIZE_MAX), 0x7ffff000);
}
