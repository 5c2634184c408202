// SPDX-License-Identifier: MIT
#include "loop/watch.h"

#include "ends.h"
#include "faults.h"
#include "kernel.h"
#include "world.h"

#include <poll.h>

enum { FD = 3, OTHER_FD = FD + WATCH_BUCKETS }; /* in one bucket */

/* A callback that writes down when it was called, in ms. */
struct called {
    struct record *log;
    const char *name;
    coil_loop *loop;
    int stop_after; /* calls; 0: never */
    int removes;    /* a descriptor, whose reader it removes */
    int code;
};

static int note(void *argument)
{
    struct called *called = argument;
    record(called->log, "%s@%d", called->name, (int)(world_now() / COIL_MS(1)));
    if (called->removes)
        record(called->log, "%d", coil_remove_reader(called->loop, called->removes));
    if (called->stop_after && --called->stop_after == 0)
        coil_stop(called->loop);
    return called->code;
}

static void ready(struct world *w, int fd, int result, coil_time delay)
{
    world_script(w->sim,
                 (coil_sim_answer){.opcode = OP_POLL, .fd = fd, .result = result, .delay = delay});
}

/* Ends of itself when nothing can come any more. */
static void run(struct world *w)
{
    FAILS(coil_run_forever(w->loop), -COIL_EDEADLOCK);
}

#define CALLED(called_name)                                                                        \
    {                                                                                              \
        .log = &log, .name = called_name                                                           \
    }

TEST(watch, calls_each_time_the_descriptor_is_ready)
{
    struct record log = {""};
    struct called reader = CALLED("r");
    WORLD(w);
    for (int i = 0; i < 3; i++)
        ready(&w, FD, POLLIN, COIL_MS(10));
    PASS(coil_add_reader(w.loop, FD, note, &reader));
    run(&w);
    CHECK_STR(log.text, "r@10 r@20 r@30"); /* polled again after each call */
    CHECK_EQ(world_counts(&w).submitted, 4);
    CHECK(coil_remove_reader(w.loop, FD));
    CHECK(!coil_remove_reader(w.loop, FD));
}

TEST(watch, polls_for_reading_and_for_writing)
{
    struct record log = {""};
    struct called reader = CALLED("r"), writer = CALLED("w");
    WORLD(w);
    PASS(coil_add_reader(w.loop, FD, note, &reader));
    PASS(coil_add_writer(w.loop, FD, note, &writer));
    run(&w);
    if (coil_is_err(w.loop) || !CHECK_EQ(w.loop->engine->in_flight_count, 2))
        return;
    struct list_node *first = list_first(&w.loop->engine->in_flight);
    CHECK_EQ(list_entry(first, struct op, in_flight)->mask, POLLIN);
    CHECK_EQ(list_entry(first->next, struct op, in_flight)->mask, POLLOUT);
    CHECK(coil_remove_reader(w.loop, FD));
    CHECK(!coil_remove_reader(w.loop, FD));
    CHECK(coil_remove_writer(w.loop, FD));
    run(&w);
    CHECK_EQ(w.loop->engine->in_flight_count, 0);
    CHECK_STR(log.text, "");
}

TEST(watch, tells_descriptors_apart)
{
    struct record log = {""};
    struct called one = CALLED("one"), other = CALLED("other");
    WORLD(w);
    ready(&w, OTHER_FD, POLLIN, COIL_MS(10));
    ready(&w, FD, POLLIN, COIL_MS(20));
    PASS(coil_add_reader(w.loop, FD, note, &one));
    PASS(coil_add_reader(w.loop, OTHER_FD, note, &other));
    run(&w);
    CHECK_STR(log.text, "other@10 one@20");
    CHECK(coil_remove_reader(w.loop, FD));
    CHECK(coil_remove_reader(w.loop, OTHER_FD));
}

TEST(watch, is_replaced)
{
    struct record log = {""};
    struct called old = CALLED("old"), new = CALLED("new");
    WORLD(w);
    ready(&w, FD, POLLIN, COIL_MS(10));
    PASS(coil_add_reader(w.loop, FD, note, &old));
    PASS(world_turn(&w)); /* it polls */
    PASS(coil_add_reader(w.loop, FD, note, &new));
    run(&w);
    CHECK_STR(log.text, "new@10");
    CHECK_EQ(world_counts(&w).submitted, 2); /* one poll at a time */
}

TEST(watch, is_not_called_after_it_was_removed)
{
    struct record log = {""};
    struct called reader = CALLED("r");
    WORLD(w);
    ready(&w, FD, POLLIN, COIL_MS(10));
    PASS(coil_add_reader(w.loop, FD, note, &reader));
    CHECK(coil_remove_reader(w.loop, FD)); /* before the first poll */
    run(&w);
    CHECK_EQ(world_counts(&w).submitted, 0);
    PASS(coil_add_reader(w.loop, FD, note, &reader));
    PASS(world_turn(&w));
    CHECK(coil_remove_reader(w.loop, FD)); /* during a poll */
    run(&w);
    CHECK_STR(log.text, "");
    CHECK_EQ(world_counts(&w).in_flight, 0);
}

/* Both are ready in the same turn; the kernel has said so, and it does not matter. */
TEST(watch, is_not_called_when_it_is_removed_between_the_poll_and_the_call)
{
    struct record log = {""};
    struct called one = CALLED("one"), other = CALLED("other");
    WORLD(w);
    one.loop = w.loop;
    one.removes = OTHER_FD;
    ready(&w, FD, POLLIN, COIL_MS(10));
    ready(&w, OTHER_FD, POLLIN, COIL_MS(10));
    PASS(coil_add_reader(w.loop, FD, note, &one));
    PASS(coil_add_reader(w.loop, OTHER_FD, note, &other));
    run(&w);
    CHECK_STR(log.text, "one@10 1");
    CHECK_EQ(world_counts(&w).in_flight, 1);
}

TEST(watch, may_remove_itself)
{
    struct record log = {""};
    struct called reader = CALLED("r");
    WORLD(w);
    reader.loop = w.loop;
    reader.removes = FD;
    ready(&w, FD, POLLIN, COIL_MS(10));
    PASS(coil_add_reader(w.loop, FD, note, &reader));
    run(&w);
    CHECK_STR(log.text, "r@10 1");
    CHECK_EQ(world_counts(&w).in_flight, 0);
}

static int remove_and_add(void *argument)
{
    struct called *called = argument;
    record(called->log, "again");
    CHECK(coil_remove_reader(called->loop, FD));
    PASS(coil_add_reader(called->loop, FD, note, called));
    return 0;
}

TEST(watch, may_remove_and_add_itself)
{
    struct record log = {""};
    struct called reader = CALLED("r");
    WORLD(w);
    reader.loop = w.loop;
    ready(&w, FD, POLLIN, COIL_MS(10));
    ready(&w, FD, POLLIN, COIL_MS(10));
    PASS(coil_add_reader(w.loop, FD, remove_and_add, &reader));
    run(&w);
    CHECK_STR(log.text, "again r@20");
    CHECK_EQ(world_counts(&w).in_flight, 1);
}

TEST(watch, polls_again_when_it_was_interrupted)
{
    struct record log = {""};
    struct called reader = CALLED("r");
    WORLD(w);
    ready(&w, FD, -EINTR, COIL_MS(5));
    ready(&w, FD, -ENOMEM, COIL_MS(5));
    ready(&w, FD, POLLIN, COIL_MS(10));
    PASS(coil_add_reader(w.loop, FD, note, &reader));
    run(&w);
    CHECK_STR(log.text, "r@22"); /* each time after a moment */
}

static int note_and_fail_next(void *argument)
{
    if (!check_walking())
        faults_fail(1, "alloc");
    return note(argument);
}

/* Short of memory for a poll it tries again, and does not call meanwhile. */
TEST(watch, polls_again_when_there_was_no_memory)
{
    struct record log = {""};
    struct called reader = CALLED("r");
    WORLD(w);
    ready(&w, FD, POLLIN, COIL_MS(10));
    ready(&w, FD, POLLIN, COIL_MS(10));
    PASS(coil_add_reader(w.loop, FD, note_and_fail_next, &reader));
    run(&w);
    CHECK_STR(log.text, "r@10 r@21");
    if (!check_walking())
        faults_end();
}

TEST(watch, does_not_spin_while_there_is_no_memory)
{
    struct record log = {""};
    struct called reader = CALLED("r");
    WORLD(w);
    for (int i = 0; i < 5; i++)
        ready(&w, FD, -ENOMEM, 0);
    ready(&w, FD, POLLIN, 0);
    PASS(coil_add_reader(w.loop, FD, note, &reader));
    run(&w);
    CHECK_STR(log.text, "r@5");
}

static void *closes_while_memory_is_short(void *argument)
{
    struct called *reader = argument;

    PASS(coil_add_reader(coil_get_running_loop(), FD, note, reader));
    PASS(coil_sleep(COIL_MS(0.5)));
    PASS(coil_close_fd(FD));
    return NULL;
}

/* Its number may be somebody else's when there is memory again. */
TEST(watch, that_waits_for_memory_sees_its_descriptor_close)
{
    struct record log = {""};
    struct called reader = CALLED("r");
    WORLD(w);
    ready(&w, FD, -ENOMEM, 0);
    world_answer(&w, OP_CLOSE, 0, 0);
    PASS(world_run(&w, closes_while_memory_is_short, &reader));
    run(&w);
    CHECK_EQ(world_counts(&w).submitted, 2); /* the poll, and the close */
    CHECK(!coil_remove_reader(w.loop, FD));
}

static void *closes_what_is_refused(void *argument)
{
    struct called *reader = argument;

    PASS(coil_add_reader(coil_get_running_loop(), FD, note, reader));
    PASS(coil_sleep(COIL_MS(1)));
    PASS(coil_close_fd(FD));
    PASS(coil_sleep(COIL_MS(5)));
    return NULL;
}

/* The kernel refuses its poll while the close waits for it. */
TEST(watch, that_comes_to_wait_for_memory_while_its_descriptor_closes_ends)
{
    struct record log = {""};
    struct called reader = CALLED("r");
    WORLD(w);
    world_script(w.sim, (coil_sim_answer){.opcode = OP_POLL,
                                          .fd = FD,
                                          .result = -ENOMEM,
                                          .delay = COIL_SEC(1),
                                          .cancel = COIL_SIM_CANCEL_LOSES});
    world_answer(&w, OP_CLOSE, 0, 0);
    PASS(world_run(&w, closes_what_is_refused, &reader));
    CHECK_EQ(world_counts(&w).submitted, 2); /* the poll, and the close */
}

TEST(watch, warns_of_what_goes_wrong)
{
    struct record log = {""}, warnings = {""};
    struct called reader = CALLED("r"), writer = CALLED("w");
    coil_set_warning_sink(record_warning, &warnings);
    {
        WORLD(w);
        reader.code = -EIO;
        ready(&w, FD, POLLIN, COIL_MS(10));
        ready(&w, FD, -EBADF, COIL_MS(10));
        ready(&w, OTHER_FD, -EBADF, COIL_MS(50));
        PASS(coil_add_reader(w.loop, FD, note, &reader));
        PASS(coil_add_writer(w.loop, OTHER_FD, note, &writer));
        run(&w);
        CHECK(!coil_remove_reader(w.loop, FD));
        CHECK(!coil_remove_writer(w.loop, OTHER_FD));
    }
    coil_set_warning_sink(NULL, NULL);
    CHECK_STR(log.text, "r@10");
    CHECK_STR(warnings.text, "a callback failed: Input/output error (-5) "
                             "the reader of descriptor 3 ended: Bad file descriptor (-9) "
                             "the writer of descriptor 67 ended: Bad file descriptor (-9)");
}

TEST(watch, refuses_bad_arguments)
{
    struct record log = {""};
    struct called reader = CALLED("r");
    WORLD(w);
    FAILS(coil_add_reader(NULL, FD, note, &reader), -EINVAL);
    FAILS(coil_add_reader(COIL_ERR(-EMFILE), FD, note, &reader), -EMFILE);
    FAILS(coil_add_writer(w.loop, FD, NULL, &reader), -EINVAL);
    FAILS(coil_add_writer(w.loop, -1, note, &reader), -EBADF);
    CHECK(!coil_remove_reader(NULL, FD));
    CHECK(!coil_remove_reader(COIL_ERR(-EMFILE), FD));
    CHECK(!coil_remove_writer(w.loop, -1));
    CHECK(!coil_remove_writer(w.loop, FD));
    PASS(coil_close(w.loop));
    FAILS(coil_add_reader(w.loop, FD, note, &reader), -COIL_ECLOSED);
    CHECK(!coil_remove_reader(w.loop, FD));
}

/* ---- closing -------------------------------------------------------------------------------- */

TEST(watch, ends_with_the_loop_wherever_it_is)
{
    struct record log = {""};
    struct called reader = CALLED("r"), done = CALLED("d");
    WORLD(w);
    done.loop = w.loop;
    done.stop_after = 1;
    ready(&w, FD, POLLIN, COIL_MS(10));
    ready(&w, OTHER_FD, POLLIN, COIL_MS(10));
    PASS(coil_add_reader(w.loop, FD, note, &done));
    PASS(coil_add_reader(w.loop, OTHER_FD, note, &reader));
    PASS(coil_add_reader(w.loop, OTHER_FD + 1, note, &reader));
    PASS(coil_run_forever(w.loop));
    CHECK_STR(log.text, "d@10 r@10");
    PASS(coil_add_writer(w.loop, FD, note, &reader)); /* not polled for yet */
    PASS(coil_close(w.loop));                         /* two polls are in flight */
    CHECK_STR(log.text, "d@10 r@10");
    CHECK_EQ(world_time(&w), COIL_MS(10));
}

TEST(watch, is_not_called_when_the_loop_closes_between_the_poll_and_the_call)
{
    struct record log = {""};
    struct called reader = CALLED("r");
    WORLD(w);
    world_script(w.sim, (coil_sim_answer){.opcode = OP_POLL,
                                          .fd = FD,
                                          .result = POLLIN,
                                          .delay = COIL_MS(10),
                                          .cancel = COIL_SIM_CANCEL_LOSES});
    PASS(coil_add_reader(w.loop, FD, note, &reader));
    PASS(world_turn(&w));
    PASS(coil_close(w.loop));
    CHECK_STR(log.text, "");
}

static void *close_it(void *argument)
{
    struct called *called = argument;
    int rc = coil_close_fd(FD);
    record(called->log, "close=%d@%d", rc, (int)(world_now() / COIL_MS(1)));
    return NULL;
}

TEST(watch, ends_when_its_descriptor_is_closed)
{
    struct record log = {""};
    struct called reader = CALLED("r");
    WORLD(w);
    world_answer(&w, OP_CLOSE, 0, COIL_MS(5));
    PASS(coil_add_reader(w.loop, FD, note, &reader));
    PASS(coil_add_writer(w.loop, FD, note, &reader));
    PASS(coil_add_reader(w.loop, OTHER_FD, note, &reader));
    PASS(world_turn(&w));
    PASS(world_run(&w, close_it, &reader));
    CHECK_STR(log.text, "close=0@5");
    CHECK(!coil_remove_reader(w.loop, FD));
    CHECK(!coil_remove_writer(w.loop, FD));
    CHECK(coil_remove_reader(w.loop, OTHER_FD));
}

static void *add_while_it_closes(void *argument)
{
    struct called *called = argument;
    FAILS(coil_add_reader(coil_get_running_loop(), FD, note, called), -COIL_ECLOSED);
    PASS(coil_add_reader(coil_get_running_loop(), OTHER_FD, note, called));
    return NULL;
}

TEST(watch, is_refused_while_its_descriptor_is_being_closed)
{
    struct record log = {""};
    struct called reader = CALLED("r");
    WORLD(w);
    world_answer(&w, OP_CLOSE, 0, COIL_MS(5));
    COIL_AUTO coil_task *closer = coil_create_task_with(w.loop, close_it, &reader, NULL);
    COIL_AUTO coil_task *adder = coil_create_task_with(w.loop, add_while_it_closes, &reader, NULL);
    PASS(coil_run_until_complete(w.loop, closer, NULL));
    CHECK(coil_done(adder));
    CHECK_STR(log.text, "close=0@5");
}

/* The closer runs before the first poll, or before the call: nothing is in flight to be drained. */
TEST(watch, does_not_outlive_a_close_that_begins_before_it_polls)
{
    struct record log = {""};
    struct called reader = CALLED("r");
    WORLD(w);
    world_answer(&w, OP_CLOSE, 0, COIL_MS(5));
    COIL_AUTO coil_task *closer = coil_create_task_with(w.loop, close_it, &reader, NULL);
    PASS(coil_add_reader(w.loop, FD, note, &reader));
    PASS(coil_run_until_complete(w.loop, closer, NULL));
    CHECK_STR(log.text, "close=0@5");
    CHECK_EQ(world_counts(&w).submitted, 1);
    CHECK(!coil_remove_reader(w.loop, FD));
}

/* ---- in the kernel -------------------------------------------------------------------------- */

struct taker {
    coil_loop *loop;
    int fd;
    int calls;
};

static int take_a_byte(void *argument)
{
    struct taker *taker = argument;
    char byte;

    taker->calls++;
    if (read(taker->fd, &byte, 1) == 1)
        return 0;
    CHECK(coil_remove_reader(taker->loop, taker->fd));
    coil_stop(taker->loop);
    return 0;
}

TEST(watch, is_called_until_everything_was_read_and_at_the_end)
{
    if (!kernel_has_rings())
        return;
    ENDS ends = ends_pipe(0);
    struct taker taker = {.fd = ends.fd[0]};
    KERNEL(loop);
    taker.loop = loop;
    if (coil_add_reader(loop, taker.fd, take_a_byte, &taker) < 0)
        return;
    CHECK_EQ(write(ends.fd[1], "abc", 3), 3);
    ends_close(&ends, 1);
    PASS(coil_run_forever(loop));
    CHECK_EQ(taker.calls, 4); /* three bytes and the end */
}

static int stop_writing(void *argument)
{
    struct taker *taker = argument;
    taker->calls++;
    CHECK(coil_remove_writer(taker->loop, taker->fd));
    coil_stop(taker->loop);
    return 0;
}

static int make_room(void *ends)
{
    ends_empty(ends);
    return 0;
}

TEST(watch, is_called_when_there_is_room)
{
    if (!kernel_has_rings())
        return;
    ENDS ends = ends_sockets(SOCK_STREAM);
    struct taker taker = {.fd = ends.fd[1]};
    ends_fill(&ends);
    KERNEL(loop);
    taker.loop = loop;
    if (coil_add_writer(loop, taker.fd, stop_writing, &taker) < 0)
        return;
    for (int i = 0; i < 3; i++) {
        coil_stop(loop);
        PASS(coil_run_forever(loop));
    }
    CHECK_EQ(taker.calls, 0);
    if (coil_handle_error(coil_call_soon(loop, make_room, &ends)) < 0)
        return;
    PASS(coil_run_forever(loop));
    CHECK_EQ(taker.calls, 1);
}

enum { MANY = 600 }; /* more than the submission queue holds, before anybody runs the loop */

static int count(void *argument)
{
    struct taker *taker = argument;
    if (++taker->calls == MANY)
        coil_stop(taker->loop);
    return 0;
}

TEST(watch, may_be_one_of_many_and_is_closed_with_the_loop)
{
    if (!kernel_has_rings())
        return;
    ENDS ends = ends_pipe(0);
    struct taker taker = {.calls = 0};
    int fds[MANY], added = 0;
    for (int i = 0; i < MANY; i++)
        fds[i] = dup(ends.fd[0]);
    {
        KERNEL(loop);
        taker.loop = loop;
        for (int i = 0; i < MANY; i++)
            added += coil_add_reader(loop, fds[i], count, &taker) == 0;
        CHECK_EQ(write(ends.fd[1], "x", 1), 1);
        if (CHECK_EQ(added, MANY))
            PASS(coil_run_forever(loop));
        CHECK(taker.calls >= MANY);
    }
    for (int i = 0; i < MANY; i++)
        close(fds[i]);
}
