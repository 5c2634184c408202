// SPDX-License-Identifier: MIT
#include "loop/descriptor.h"

#include "ends.h"
#include "faults.h"
#include "kernel.h"
#include "loop/await.h"
#include "world.h"

enum { FD = 3, OTHER_FD = 4 };

/* Tasks on descriptors, which write down what they saw and when, in ms. */
struct user {
    struct record *log;
    const char *name;
    int fd;
};

static void note(const struct user *user, int rc)
{
    record(user->log, "%s=%d@%d", user->name, rc, (int)(world_now() / COIL_MS(1)));
}

static void *read_it(void *arg)
{
    struct user *user = arg;
    char buffer[8];
    note(user, world_op(OP_RECV, user->fd, buffer, sizeof(buffer)));
    return NULL;
}

static void *close_it(void *arg)
{
    struct user *user = arg;
    note(user, descriptor_close(user->fd));
    return NULL;
}

static void *close_it_and_wait(void *arg)
{
    struct user *user = arg;
    note(user, descriptor_close(user->fd));
    note(user, coil_yield_now());
    return NULL;
}

static void answer(struct world *w, int opcode, int fd, int result, coil_time delay,
                   coil_sim_cancel cancel)
{
    world_script(
        w->sim,
        (coil_sim_answer){
            .opcode = opcode, .fd = fd, .result = result, .delay = delay, .cancel = cancel});
}

static coil_task *start(struct world *w, coil_fn fn, struct user *user)
{
    return coil_create_task_with(w->loop, fn, user, NULL);
}

#define USER(user_name, user_fd)                                                                   \
    {                                                                                              \
        .log = &log, .name = user_name, .fd = user_fd                                              \
    }

TEST(descriptor, is_closed_at_once_when_nobody_waits_on_it)
{
    struct record log = {""};
    struct user closer = USER("close", FD);
    WORLD(w);
    answer(&w, OP_CLOSE, FD, 0, COIL_MS(5), 0);
    PASS(world_run(&w, close_it, &closer));
    CHECK_STR(log.text, "close=0@5");
    CHECK_EQ(world_counts(&w).submitted, 1);
}

TEST(descriptor, gives_the_code_of_the_close)
{
    struct record log = {""};
    struct user closer = USER("close", FD), bad = USER("bad", -1);
    WORLD(w);
    answer(&w, OP_CLOSE, FD, -EIO, 0, 0);
    PASS(world_run(&w, close_it, &closer));
    PASS(world_run(&w, close_it, &bad));
    CHECK_STR(log.text, "close=-5@0 bad=-9@0");
    FAILS(descriptor_close(FD), -COIL_ENOLOOP);
}

/* Contract 5: the waiters' operations end first, then the descriptor is closed. */
TEST(descriptor, is_cancelled_and_drained_and_then_closed)
{
    struct record log = {""};
    struct user slow = USER("slow", FD), quick = USER("quick", FD), closer = USER("close", FD);
    WORLD(w);
    answer(&w, OP_RECV, FD, -ECANCELED, COIL_MS(30), COIL_SIM_CANCEL_IGNORED);
    answer(&w, OP_RECV, FD, 1, COIL_MS(30), COIL_SIM_CANCEL_TAKES);
    answer(&w, OP_CLOSE, FD, 0, COIL_MS(5), 0);
    COIL_AUTO coil_task *a = start(&w, read_it, &slow), *b = start(&w, read_it, &quick);
    PASS(world_turn(&w));
    COIL_AUTO coil_task *c = start(&w, close_it, &closer);
    PASS(coil_run_until_complete(w.loop, c, NULL));
    CHECK_STR(log.text, "quick=-3003@0 slow=-3003@30 close=0@35");
    CHECK(coil_done(a) && coil_done(b));
}

TEST(descriptor, sends_the_close_only_when_nothing_is_in_flight_on_it)
{
    struct record log = {""};
    struct user slow = USER("slow", FD), closer = USER("close", FD);
    WORLD(w);
    answer(&w, OP_RECV, FD, -ECANCELED, COIL_MS(30), COIL_SIM_CANCEL_IGNORED);
    answer(&w, OP_CLOSE, FD, 0, 0, 0);
    COIL_AUTO coil_task *a = start(&w, read_it, &slow), *c = start(&w, close_it, &closer);
    for (int i = 0; i < 5; i++)
        PASS(world_turn(&w));
    CHECK_EQ(world_counts(&w).submitted, 1); /* the slow one alone */
    PASS(coil_run_until_complete(w.loop, c, NULL));
    CHECK_EQ(world_counts(&w).submitted, 2);
    CHECK(coil_done(a));
}

TEST(descriptor, gives_a_waiter_the_result_that_came_first)
{
    struct record log = {""};
    struct user reader = USER("read", FD), closer = USER("close", FD);
    WORLD(w);
    answer(&w, OP_RECV, FD, 7, COIL_MS(30), COIL_SIM_CANCEL_LOSES);
    answer(&w, OP_CLOSE, FD, 0, 0, 0);
    COIL_AUTO coil_task *a = start(&w, read_it, &reader), *c = start(&w, close_it, &closer);
    PASS(coil_run_until_complete(w.loop, c, NULL));
    CHECK_STR(log.text, "read=7@0 close=0@0");
    CHECK(coil_done(a));
}

TEST(descriptor, leaves_others_alone)
{
    struct record log = {""};
    struct user other = USER("other", OTHER_FD), closer = USER("close", FD);
    WORLD(w);
    answer(&w, OP_RECV, OTHER_FD, 7, COIL_MS(30), COIL_SIM_CANCEL_TAKES);
    answer(&w, OP_CLOSE, FD, 0, 0, 0);
    COIL_AUTO coil_task *a = start(&w, read_it, &other), *c = start(&w, close_it, &closer);
    PASS(coil_run_until_complete(w.loop, c, NULL));
    PASS(coil_run_until_complete(w.loop, a, NULL));
    CHECK_STR(log.text, "close=0@0 other=7@30");
}

static void *read_a_slot(void *arg)
{
    struct user *user = arg;
    struct op op;
    op_init(&op, OP_RECV, user->fd, NULL);
    op.flags = OP_SLOT;
    note(user, await_op(&op));
    return NULL;
}

TEST(descriptor, is_not_the_slot_of_the_same_number)
{
    struct record log = {""};
    struct user slot = USER("slot", FD), closer = USER("close", FD);
    WORLD(w);
    answer(&w, OP_RECV, FD, 7, COIL_MS(30), COIL_SIM_CANCEL_TAKES);
    answer(&w, OP_CLOSE, FD, 0, 0, 0);
    COIL_AUTO coil_task *a = start(&w, read_a_slot, &slot), *c = start(&w, close_it, &closer);
    PASS(coil_run_until_complete(w.loop, c, NULL));
    PASS(coil_run_until_complete(w.loop, a, NULL));
    CHECK_STR(log.text, "close=0@0 slot=7@30");
}

TEST(descriptor, waits_for_its_own_operations_and_not_for_a_slot_of_the_same_number)
{
    struct record log = {""};
    struct user slot = USER("slot", FD), slow = USER("slow", FD), closer = USER("close", FD);
    WORLD(w);
    answer(&w, OP_RECV, FD, 7, COIL_MS(10), COIL_SIM_CANCEL_TAKES);
    answer(&w, OP_RECV, FD, -ECANCELED, COIL_MS(30), COIL_SIM_CANCEL_IGNORED);
    answer(&w, OP_CLOSE, FD, 0, 0, 0);
    COIL_AUTO coil_task *a = start(&w, read_a_slot, &slot), *b = start(&w, read_it, &slow),
                        *c = start(&w, close_it, &closer);
    PASS(coil_run_until_complete(w.loop, c, NULL));
    CHECK_STR(log.text, "slot=7@10 slow=-3003@30 close=0@30");
    CHECK(coil_done(a) && coil_done(b));
}

/* ---- a closer that is cancelled ------------------------------------------------------------- */

TEST(descriptor, is_closed_by_a_closer_that_is_cancelled_while_it_drains)
{
    struct record log = {""};
    struct user slow = USER("slow", FD), closer = USER("close", FD);
    WORLD(w);
    answer(&w, OP_RECV, FD, -ECANCELED, COIL_MS(30), COIL_SIM_CANCEL_IGNORED);
    answer(&w, OP_CLOSE, FD, 0, COIL_MS(5), 0);
    COIL_AUTO coil_task *a = start(&w, read_it, &slow), *c = start(&w, close_it_and_wait, &closer);
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(10), world_cancel, c)));
    PASS(coil_run_until_complete(w.loop, c, NULL));
    CHECK_STR(log.text, "slow=-3003@30 close=0@35 close=-125@35");
    CHECK(coil_done(a));
}

TEST(descriptor, is_closed_by_a_closer_that_is_cancelled_while_it_closes)
{
    struct record log = {""};
    struct user closer = USER("close", FD);
    WORLD(w);
    answer(&w, OP_CLOSE, FD, 0, COIL_MS(20), 0);
    COIL_AUTO coil_task *c = start(&w, close_it_and_wait, &closer);
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(10), world_cancel, c)));
    PASS(coil_run_until_complete(w.loop, c, NULL));
    CHECK_STR(log.text, "close=0@20 close=-125@20");
}

TEST(descriptor, is_closed_by_a_closer_that_was_cancelled_before)
{
    struct record log = {""};
    struct user closer = USER("close", FD);
    WORLD(w);
    answer(&w, OP_CLOSE, FD, 0, 0, 0);
    COIL_AUTO coil_task *c = start(&w, close_it_and_wait, &closer);
    PASS(world_turn(&w));
    CHECK(coil_cancel(c) || check_walking());
    PASS(coil_run_until_complete(w.loop, c, NULL));
    CHECK_STR(log.text, "close=0@0 close=-125@0");
}

/* ---- several ------------------------------------------------------------------------------- */

TEST(descriptor, lets_two_closers_come_to_an_end)
{
    struct record log = {""};
    struct user slow = USER("slow", FD), one = USER("one", FD), two = USER("two", FD);
    WORLD(w);
    answer(&w, OP_RECV, FD, -ECANCELED, COIL_MS(30), COIL_SIM_CANCEL_IGNORED);
    answer(&w, OP_CLOSE, FD, 0, 0, 0);
    answer(&w, OP_CLOSE, FD, -EBADF, 0, 0);
    COIL_AUTO coil_task *a = start(&w, read_it, &slow), *b = start(&w, close_it, &one),
                        *c = start(&w, close_it, &two);
    PASS(coil_run_until_complete(w.loop, c, NULL));
    CHECK_STR(log.text, "slow=-3003@30 one=0@30 two=-9@30");
    CHECK(coil_done(a) && coil_done(b));
}

TEST(descriptor, does_not_cancel_a_close_that_is_under_way)
{
    struct record log = {""};
    struct user one = USER("one", FD), two = USER("two", FD);
    WORLD(w);
    answer(&w, OP_CLOSE, FD, 0, COIL_MS(20), COIL_SIM_CANCEL_TAKES);
    answer(&w, OP_CLOSE, FD, -EBADF, COIL_MS(5), 0);
    COIL_AUTO coil_task *a = start(&w, close_it, &one);
    PASS(world_turn(&w));
    COIL_AUTO coil_task *b = start(&w, close_it, &two);
    PASS(coil_run_until_complete(w.loop, b, NULL));
    CHECK_STR(log.text, "one=0@20 two=-9@25");
    CHECK(coil_done(a));
}

/* Contract 5 again: a waiter that tries again must not wait on a number that is given away. */
static void *read_again(void *arg)
{
    struct user *user = arg;
    note(user, world_op(OP_RECV, user->fd, NULL, 0));
    note(user, world_op(OP_RECV, user->fd, NULL, 0));
    return NULL;
}

TEST(descriptor, takes_no_new_operation_while_it_is_being_closed)
{
    struct record log = {""};
    struct user again = USER("again", FD), slow = USER("slow", FD), closer = USER("close", FD),
                late = USER("late", FD);
    WORLD(w);
    answer(&w, OP_RECV, FD, 1, COIL_MS(90), COIL_SIM_CANCEL_TAKES);
    answer(&w, OP_RECV, FD, -ECANCELED, COIL_MS(30), COIL_SIM_CANCEL_IGNORED);
    answer(&w, OP_RECV, FD, 1, COIL_MS(90), COIL_SIM_CANCEL_TAKES);
    answer(&w, OP_RECV, FD, 1, COIL_MS(90), COIL_SIM_CANCEL_TAKES);
    answer(&w, OP_CLOSE, FD, 0, COIL_MS(5), 0);
    COIL_AUTO coil_task *a = start(&w, read_again, &again), *b = start(&w, read_it, &slow);
    PASS(world_turn(&w));
    COIL_AUTO coil_task *c = start(&w, close_it, &closer), *d = start(&w, read_it, &late);
    PASS(coil_run_until_complete(w.loop, c, NULL));
    CHECK_STR(log.text, "late=-3003@0 again=-3003@0 again=-3003@0 slow=-3003@30 close=0@35");
    CHECK(coil_done(a) && coil_done(b) && coil_done(d));
}

TEST(descriptor, may_be_used_again_after_its_close)
{
    struct record log = {""};
    struct user closer = USER("close", FD), reader = USER("read", FD);
    WORLD(w);
    answer(&w, OP_CLOSE, FD, 0, 0, 0);
    answer(&w, OP_RECV, FD, 1, 0, 0);
    PASS(world_run(&w, close_it, &closer));
    PASS(world_run(&w, read_it, &reader)); /* the number of another one by now */
    CHECK_STR(log.text, "close=0@0 read=1@0");
}

TEST(descriptor, is_drained_and_closed_when_the_loop_closes_meanwhile)
{
    struct record log = {""};
    struct user slow = USER("slow", FD), closer = USER("close", FD);
    WORLD(w);
    answer(&w, OP_RECV, FD, -ECANCELED, COIL_MS(30), COIL_SIM_CANCEL_IGNORED);
    answer(&w, OP_CLOSE, FD, 0, COIL_MS(5), COIL_SIM_CANCEL_TAKES);
    COIL_AUTO coil_task *a = start(&w, read_it, &slow), *c = start(&w, close_it_and_wait, &closer);
    PASS(world_turn(&w));
    PASS(coil_close(w.loop));
    CHECK_STR(log.text, "slow=-125@30 close=0@35 close=-125@35");
    CHECK(coil_done(a) && coil_done(c));
}

static void *discard_it(void *fd)
{
    errno = 77;
    faults_fail_all("ring_sqe");
    FAILS(descriptor_close(*(int *)fd), -ENOMEM);
    CHECK(fcntl(*(int *)fd, F_GETFD) >= 0);
    PASS(descriptor_discard(*(int *)fd));
    faults_end();
    CHECK_EQ(errno, 77);
    return NULL;
}

TEST(descriptor, is_discarded_also_without_memory)
{
    if (check_walking() || !kernel_has_rings())
        return; /* it is a walk of its own */
    ENDS ends = ends_pipe(0);
    KERNEL(loop);
    PASS(kernel_run(loop, discard_it, &ends.fd[0]));
    CHECK(fcntl(ends.fd[0], F_GETFD) < 0);
    ends.fd[0] = -1;
}

static void *discard_a_number(void *fd)
{
    PASS(descriptor_discard(*(int *)fd));
    return NULL;
}

/* Descriptors of the simulated engine are numbers, which may be somebody else's. */
TEST(descriptor, is_not_the_kernels_on_the_simulated_engine)
{
    if (check_walking() || !world_is_virtual())
        return;
    ENDS ends = ends_pipe(0);
    WORLD(w);
    world_answer(&w, OP_CLOSE, -ENOMEM, 0);
    PASS(world_run(&w, discard_a_number, &ends.fd[0]));
    CHECK(fcntl(ends.fd[0], F_GETFD) >= 0);
}
