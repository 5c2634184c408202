// SPDX-License-Identifier: MIT
#include "faults.h"
#include "pair.h"

struct scene {
    coil_stream *stream;
    struct record *log;
};

static void *reads_on(void *argument)
{
    char byte;
    ssize_t n = coil_stream_read(argument, &byte, 1);
    return COIL_ERR((int)(n < 0 ? n : 0));
}

static void *waits_closed(void *argument)
{
    return COIL_ERR(coil_stream_wait_closed(argument));
}

static void *closes(void *argument)
{
    coil_stream *stream = argument;
    COIL_AUTO coil_task *reader = coil_create_task(reads_on, stream);
    COIL_AUTO coil_task *waiter = coil_create_task(waits_closed, stream);
    char byte;

    PASS(coil_sleep(COIL_MS(1)));
    CHECK(!coil_stream_is_closing(stream));
    CHECK_EQ(coil_stream_descriptor(stream), FD);
    PASS(coil_stream_write(stream, "last", 4));
    PASS(coil_stream_close(stream));
    PASS(coil_stream_close(stream));
    CHECK(coil_stream_is_closing(stream));
    FAILS(coil_stream_write(stream, "more", 4), -COIL_ECLOSED);
    FAILS(coil_stream_write_eof(stream), -COIL_ECLOSED);
    FAILS(coil_await(reader, NULL), -COIL_ECLOSED);
    PASS(coil_stream_drain(stream)); /* it is not too much */
    PASS(coil_await(waiter, NULL));
    CHECK_TIME(world_now(), COIL_MS(3)); /* sent, and closed */
    PASS(coil_stream_wait_closed(stream));
    FAILS(coil_stream_drain(stream), -COIL_ECLOSED);
    FAILS(coil_stream_descriptor(stream), -COIL_ECLOSED);
    CHECK_EQ(coil_stream_read(stream, &byte, 1), 0);
    CHECK(coil_stream_at_eof(stream));
    return NULL;
}

TEST(close, sends_what_was_written_and_ends_those_who_wait)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    world_answer(&w, OP_SEND, 4, COIL_MS(2));
    PASS(world_run(&w, closes, stream));
}

static void *closes_with_unread_data(void *argument)
{
    CHECK_READ(argument, 1, "u");
    PASS(coil_stream_close(argument));
    PASS(coil_stream_wait_closed(argument));
    CHECK_READ(argument, 8, "nread");
    CHECK_READ(argument, 8, "");
    return NULL;
}

TEST(close, leaves_what_was_received)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    says(&w, "unread", COIL_MS(1), true);
    ends_with(&w, 0, COIL_SEC(1));
    PASS(world_run(&w, closes_with_unread_data, stream));
    CHECK_EQ(world_counts(&w).lent, 0);
}

static void *closes_while_data_comes(void *argument)
{
    COIL_AUTO coil_task *reader = coil_create_task(reads_on, argument);

    PASS(coil_sleep(COIL_MS(1)));
    PASS(coil_stream_close(argument));
    FAILS(coil_await(reader, NULL), -COIL_ECLOSED);
    PASS(coil_stream_wait_closed(argument));
    return NULL;
}

/* A receive that was cancelled may still bring a buffer: it is nobody's, and goes back. */
TEST(close, gives_back_what_comes_too_late)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    world_script(w.sim, (coil_sim_answer){.opcode = OP_RECV,
                                          .fd = FD,
                                          .result = 4,
                                          .data = "late",
                                          .delay = COIL_SEC(1),
                                          .cancel = COIL_SIM_CANCEL_LOSES});
    PASS(world_run(&w, closes_while_data_comes, stream));
    CHECK_EQ(world_counts(&w).lent, 0);
}

static void *aborts(void *argument)
{
    coil_stream *stream = argument;

    PASS(coil_stream_write(stream, "never", 5));
    PASS(coil_sleep(COIL_MS(1)));
    PASS(coil_stream_abort(stream));
    CHECK_EQ(coil_stream_write_buffer_size(stream), 0);
    PASS(coil_stream_wait_closed(stream));
    CHECK_TIME(world_now(), COIL_MS(1));
    return NULL;
}

TEST(close, an_abort_drops_what_was_not_sent)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    PASS(world_run(&w, aborts, stream));
}

/* ---- the last reference --------------------------------------------------------------------- */

static void *writes_and_forgets(void *argument)
{
    coil_stream **stream = argument;

    PASS(coil_stream_write(*stream, "sent", 4));
    coil_stream_unref(*stream);
    *stream = NULL;
    PASS(coil_sleep(COIL_MS(5)));
    return NULL;
}

TEST(close, the_last_reference_closes_and_says_so)
{
    struct record log = {{0}};
    coil_set_warning_sink(record_warning, &log);
    {
        WORLD(w);
        coil_stream *stream = stream_of(&w, NULL);
        world_answer(&w, OP_SEND, 4, COIL_MS(1));
        PASS(world_run(&w, writes_and_forgets, &stream));
        if (!coil_is_err(w.sim))
            CHECK_EQ(world_counts(&w).submitted, 2); /* the send, and the close */
        coil_stream_unref(stream);                   /* the walk: nobody has forgotten it */
    }
    coil_set_warning_sink(NULL, NULL);
    CHECK_STR(log.text, "a stream was released that was not closed");
}

static void *reads_with_the_last_reference(void *argument)
{
    coil_stream **stream = argument;
    COIL_AUTO coil_task *reader = coil_create_task(reads_on, *stream);

    PASS(coil_yield_now());
    PASS(coil_stream_close(*stream));
    coil_stream_unref(*stream);
    *stream = NULL;
    FAILS(coil_await(reader, NULL), -COIL_ECLOSED);
    return NULL;
}

TEST(close, a_stream_outlives_the_calls_that_use_it)
{
    WORLD(w);
    coil_stream *stream = stream_of(&w, NULL);
    PASS(world_run(&w, reads_with_the_last_reference, &stream));
    coil_stream_unref(stream); /* the walk: the task never ran */
}

/* ---- others on the same descriptor ---------------------------------------------------------- */

static void *polls(void *unused)
{
    (void)unused;
    return COIL_ERR(coil_poll(FD, 1));
}

static void *closes_under_a_poll(void *argument)
{
    COIL_AUTO coil_task *other = coil_create_task(polls, NULL);

    PASS(coil_yield_now());
    PASS(coil_stream_close(argument));
    FAILS(coil_await(other, NULL), -COIL_ECLOSED);
    PASS(coil_stream_wait_closed(argument));
    return NULL;
}

TEST(close, ends_what_others_do_on_the_descriptor_first)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    PASS(world_run(&w, closes_under_a_poll, stream));
}

/* Somebody closes the descriptor under the stream: a mistake that is told, and no more. */
static void *closes_under_the_stream(void *argument)
{
    COIL_AUTO coil_task *reader = coil_create_task(reads_on, argument);

    PASS(coil_sleep(COIL_MS(1)));
    PASS(coil_close_fd(FD));
    FAILS(coil_await(reader, NULL), -COIL_ECLOSED);
    FAILS(coil_stream_wait_closed(argument), -COIL_ECLOSED);
    return NULL;
}

TEST(close, notices_who_closes_the_descriptor_under_it)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    world_answer(&w, OP_CLOSE, 0, 0);
    PASS(world_run(&w, closes_under_the_stream, stream));
}

/* ---- the loop's end ------------------------------------------------------------------------- */

static void *reads_for_ever(void *argument)
{
    char byte;

    while (coil_stream_read(argument, &byte, 1) < 0)
        ;
    return NULL;
}

static void *sends_in_the_end(void *argument)
{
    static const char much[32 * 1024];

    while (coil_yield_now() == 0)
        ;
    for (int i = 0; i < TASK_REFUSALS_MAX; i++)
        FAILS(coil_yield_now(), -ECANCELED);
    (void)coil_stream_send(argument, much, sizeof(much));
    CHECK(false); /* it goes on */
    return NULL;
}

static void check_abandoned(coil_fn never_ends)
{
    struct record warnings = {""};
    WORLD(w);
    coil_stream *stream = stream_of(&w, NULL);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, never_ends, stream, NULL);

    coil_set_warning_sink(record_warning, &warnings);
    if (PASS(coil_err(task)) && PASS(coil_err(stream)))
        PASS(world_turn(&w));
    CHECK(coil_close(w.loop) == 1 || check_walking());
    coil_set_warning_sink(NULL, NULL);
    FAILS(coil_stream_error(stream), -COIL_ECLOSED);
    coil_stream_unref(stream);
}

TEST(close, a_stream_outlives_a_reader_that_was_abandoned)
{
    check_abandoned(reads_for_ever);
}

TEST(close, a_stream_outlives_a_sender_that_was_abandoned)
{
    check_abandoned(sends_in_the_end);
}

/* Nor does a loop that closes wait for memory: there is none for its last operations. */
TEST(close, needs_no_memory_when_the_loop_goes)
{
    if (check_walking() || !kernel_has_rings())
        return; /* it is a walk of its own */
    ENDS ends = ends_sockets(SOCK_STREAM);
    KERNEL(loop);
    coil_stream_options options = {.size = sizeof(options), .loop = loop};
    coil_stream *stream = coil_stream_new(ends.fd[0], &options);
    char byte;

    ends.fd[0] = -1;
    PASS(coil_stream_write(stream, "x", 1));
    PASS(coil_stream_close(stream));
    faults_fail_all("ring_sqe");
    PASS(coil_close(loop));
    faults_end();
    coil_stream_unref(stream);
    CHECK_EQ(recv(ends.fd[1], &byte, 1, MSG_DONTWAIT), 0); /* closed, and nothing was sent */
}

/* ---- arguments ------------------------------------------------------------------------------ */

static void *waits_for_anothers(void *stream)
{
    FAILS(coil_stream_wait_closed(stream), -EXDEV);
    return NULL;
}

TEST(close, is_waited_for_in_tasks_of_its_loop)
{
    WORLD(there);
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);

    FAILS(coil_stream_wait_closed(NULL), -EINVAL);
    FAILS(coil_stream_wait_closed(COIL_ERR(-EMFILE)), -EMFILE);
    if (coil_is_err(stream))
        return;
    FAILS(coil_stream_wait_closed(stream), -COIL_ENOLOOP);
    PASS(world_run(&there, waits_for_anothers, stream));
}
