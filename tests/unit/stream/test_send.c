// SPDX-License-Identifier: MIT
#include "faults.h"
#include "pair.h"

static void *writes_thrice(void *argument)
{
    const coil_stream *stream = argument;

    if (coil_is_err(stream))
        return NULL;
    PASS(coil_stream_write(argument, "a", 1));
    PASS(coil_stream_write(argument, "b", 1));
    PASS(coil_yield_now());
    CHECK_EQ(stream->send.length, 2);
    PASS(coil_stream_write(argument, "c", 1));
    CHECK_EQ(coil_stream_write_buffer_size(argument), 3);
    PASS(coil_sleep(COIL_MS(5)));
    CHECK_EQ(coil_stream_write_buffer_size(argument), 0);
    return NULL;
}

TEST(send, what_is_written_in_a_turn_goes_out_at_once)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    world_answer(&w, OP_SEND, 2, COIL_MS(1));
    world_answer(&w, OP_SEND, 1, COIL_MS(1));
    PASS(world_run(&w, writes_thrice, stream));
    CHECK_EQ(world_counts(&w).submitted, 2);
}

static void *writes_once(void *argument)
{
    PASS(coil_stream_write(argument, "abcd", 4));
    PASS(coil_stream_set_write_buffer_limits(argument, 0, 0));
    return COIL_ERR(coil_stream_drain(argument));
}

TEST(send, a_short_one_is_followed_by_the_rest)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    world_answer(&w, OP_SEND, 1, COIL_MS(1));
    world_answer(&w, OP_SEND, -EINTR, COIL_MS(1));
    world_answer(&w, OP_SEND, 3, COIL_MS(1));
    PASS(world_run(&w, writes_once, stream));
    CHECK_EQ(world_time(&w), COIL_MS(3));
}

TEST(send, waits_for_a_descriptor_that_does_not_wait)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    world_answer(&w, OP_SEND, -EAGAIN, COIL_MS(1));
    world_answer(&w, OP_POLL, 4, COIL_MS(1));
    world_answer(&w, OP_SEND, 4, COIL_MS(1));
    PASS(world_run(&w, writes_once, stream));
    CHECK_EQ(world_time(&w), COIL_MS(3));
}

TEST(send, that_fails_loses_the_connection)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    world_answer(&w, OP_SEND, -EPIPE, COIL_MS(1));
    FAILS(world_run(&w, writes_once, stream), -EPIPE);
    CHECK_EQ(coil_stream_error(stream), -EPIPE);
    CHECK(coil_stream_is_closing(stream));
}

/* A socket of the kernel's that lacks memory says -ENOMEM or, of Unix, -ENOBUFS. Nothing was moved:
 * it is tried again, and not at once. */
static void waits_for_the_kernels_memory(int result)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    for (int i = 0; i < 3; i++)
        world_answer(&w, OP_SEND, result, 0);
    world_answer(&w, OP_SEND, 4, COIL_MS(1));
    PASS(world_run(&w, writes_once, stream));
    CHECK_TIME(world_time(&w), COIL_MS(4));
    CHECK_EQ(coil_stream_error(stream), 0);
}

TEST(send, waits_for_the_kernels_memory)
{
    waits_for_the_kernels_memory(-ENOMEM);
    waits_for_the_kernels_memory(-ENOBUFS);
}

static void *writes_eof(void *argument)
{
    CHECK(coil_stream_can_write_eof(argument));
    PASS(coil_stream_write(argument, "last", 4));
    PASS(coil_stream_write_eof(argument));
    PASS(coil_stream_write_eof(argument));
    FAILS(coil_stream_write(argument, "more", 4), -EPIPE);
    PASS(coil_sleep(COIL_MS(5)));
    CHECK_READ(argument, 8, "answer");
    return NULL;
}

TEST(send, the_end_of_writing_follows_what_was_written)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    world_answer(&w, OP_SEND, 4, COIL_MS(1));
    world_answer(&w, OP_SHUTDOWN, 0, COIL_MS(1));
    says(&w, "answer", COIL_MS(1), false);
    PASS(world_run(&w, writes_eof, stream));
}

static void *writes_only_eof(void *argument)
{
    coil_stream *stream = argument;

    PASS(coil_stream_write_eof(stream));
    PASS(coil_sleep(COIL_MS(1.5)));
    CHECK(coil_is_err(stream) || !stream->shut);
    PASS(coil_sleep(COIL_MS(1)));
    CHECK(coil_is_err(stream) || stream->shut);
    return NULL;
}

TEST(send, the_end_of_writing_waits_for_the_kernels_memory)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    world_answer(&w, OP_SHUTDOWN, -ENOMEM, 0);
    world_answer(&w, OP_SHUTDOWN, -ENOMEM, 0);
    world_answer(&w, OP_SHUTDOWN, 0, 0);
    PASS(world_run(&w, writes_only_eof, stream));
}

static void *writes_into_a_pipe(void *argument)
{
    PASS(coil_stream_write(argument, "through", 7));
    PASS(coil_stream_write_eof(argument)); /* it has one direction */
    PASS(coil_stream_wait_closed(argument));
    return NULL;
}

TEST(send, writes_into_a_pipe)
{
    if (!kernel_has_rings())
        return;
    ENDS ends = ends_pipe(O_NONBLOCK);
    char got[16] = {0};
    KERNEL(loop);
    coil_stream_options options = {.size = sizeof(options), .loop = loop};
    STREAM *stream = coil_stream_new(ends.fd[1], &options);
    if (!PASS(coil_err(stream)))
        return;
    ends.fd[1] = -1;
    PASS(kernel_run(loop, writes_into_a_pipe, stream));
    CHECK_EQ(read(ends.fd[0], got, sizeof(got)), 7);
    CHECK_STR(got, "through");
    CHECK_EQ(read(ends.fd[0], got, sizeof(got)), 0);
}

/* ---- without memory ------------------------------------------------------------------------- */

static int ends_faults(void *argument)
{
    (void)argument;
    faults_end();
    return 0;
}

static void *gets_memory_later(void *argument)
{
    coil_stream *stream = argument;

    PASS(coil_stream_write(stream, "x", 1));
    PASS(coil_handle_error(
        coil_call_later(coil_get_running_loop(), COIL_MS(10), ends_faults, NULL)));
    faults_fail_all("alloc"); /* the simulated engine wants some for each operation */
    PASS(coil_stream_set_write_buffer_limits(stream, 0, 0));
    PASS(coil_stream_drain(stream));
    CHECK_TIME(world_now(), COIL_MS(11));
    return NULL;
}

/* It tries again, and the loop does not spin meanwhile: time goes on. */
TEST(send, waits_for_memory)
{
    if (check_walking() || !world_is_virtual())
        return; /* it is a walk of its own */
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    world_answer(&w, OP_SEND, 1, COIL_MS(1));
    PASS(world_run(&w, gets_memory_later, stream));
    CHECK(world_counts(&w).enters < 50);
}
