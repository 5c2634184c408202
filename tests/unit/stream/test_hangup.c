// SPDX-License-Identifier: MIT
#include "pair.h"

#include <coil/file.h>
#include <poll.h>
#include <stdlib.h>

enum { WRITES_PIPE = STREAM_FILE | STREAM_PIPE | STREAM_NO_READS };

/* The next poll hears this. */
static void hears(struct world *w, int result, coil_time delay)
{
    world_answer(w, OP_POLL, result, delay);
}

static void *waits_for_the_end(void *argument)
{
    coil_stream *stream = argument;
    int rc = coil_stream_wait_closed(stream);

    CHECK(coil_stream_is_closing(stream));
    FAILS(coil_stream_error(stream), rc);
    FAILS(coil_stream_write(stream, "late", 4), rc);
    FAILS(coil_stream_send(stream, "late", 4), rc);
    FAILS(coil_stream_drain(stream), rc);
    return COIL_ERR(rc);
}

TEST(hangup, is_heard_while_nothing_is_written)
{
    WORLD(w);
    STREAM *stream = stream_of_kind(&w, WRITES_PIPE);
    hears(&w, POLLERR, COIL_MS(5));
    FAILS(world_run(&w, waits_for_the_end, stream), -EPIPE);
    CHECK_EQ(world_time(&w), COIL_MS(5));
    CHECK_EQ(world_counts(&w).submitted, 2); /* the poll, and the close */
}

TEST(hangup, is_listened_for_again_when_that_failed)
{
    WORLD(w);
    STREAM *stream = stream_of_kind(&w, WRITES_PIPE);
    hears(&w, -ENOMEM, COIL_MS(1));
    hears(&w, -EINTR, COIL_MS(1));
    hears(&w, POLLERR, COIL_MS(1));
    FAILS(world_run(&w, waits_for_the_end, stream), -EPIPE);
    CHECK_EQ(world_time(&w), COIL_MS(4)); /* memory has a moment */
}

static void *waits_for_room(void *argument)
{
    static const char much[100000];

    PASS(coil_stream_write(argument, much, sizeof(much)));
    return COIL_ERR(coil_stream_drain(argument));
}

TEST(hangup, ends_the_wait_for_room)
{
    WORLD(w);
    STREAM *stream = stream_of_kind(&w, WRITES_PIPE);
    hears(&w, POLLERR, COIL_MS(2)); /* the write has no answer */
    FAILS(world_run(&w, waits_for_room, stream), -EPIPE);
    CHECK_EQ(world_time(&w), COIL_MS(2));
    CHECK_EQ(coil_stream_write_buffer_size(stream), 0);
}

static void *closes(void *argument)
{
    PASS(coil_stream_write(argument, "last", 4));
    PASS(coil_sleep(COIL_MS(1)));
    PASS(coil_stream_close(argument));
    return COIL_ERR(coil_stream_wait_closed(argument));
}

/* What is not sent then would not be sent anyhow; what was sent, was sent. */
TEST(hangup, is_nothing_to_a_stream_that_closes)
{
    WORLD(w);
    STREAM *stream = stream_of_kind(&w, WRITES_PIPE);
    world_script(w.sim, (coil_sim_answer){.opcode = OP_POLL,
                                          .fd = FD,
                                          .result = POLLERR,
                                          .delay = COIL_SEC(1),
                                          .cancel = COIL_SIM_CANCEL_LOSES});
    world_answer(&w, OP_WRITE, 4, COIL_MS(3));
    PASS(world_run(&w, closes, stream));
    CHECK_EQ(world_time(&w), COIL_MS(3));
}

static void *closes_the_descriptor(void *argument)
{
    PASS(coil_sleep(COIL_MS(1)));
    PASS(coil_close_fd(FD));
    return COIL_ERR(coil_stream_wait_closed(argument));
}

TEST(hangup, who_closes_the_descriptor_is_noticed)
{
    WORLD(w);
    STREAM *stream = stream_of_kind(&w, WRITES_PIPE);
    world_answer(&w, OP_CLOSE, -EBADF, 0);
    FAILS(world_run(&w, closes_the_descriptor, stream), -COIL_ECLOSED);
}

/* It has heard the loop's end, not the pipe's. */
TEST(hangup, is_not_what_the_end_of_the_loop_is)
{
    WORLD(w);
    coil_stream *stream = stream_of_kind(&w, WRITES_PIPE);

    PASS(world_turn(&w));
    PASS(world_turn(&w));
    CHECK(check_walking() || world_counts(&w).in_flight == 1);
    PASS(coil_close(w.loop));
    CHECK(coil_is_err(stream) || stream->error == 0);
    FAILS(coil_stream_error(stream), -COIL_ECLOSED);
    coil_stream_unref(stream);
}

TEST(hangup, is_not_listened_for_where_it_cannot_be_heard)
{
    static const int kinds[] = {STREAM_FILE, STREAM_FILE | STREAM_NO_READS,
                                STREAM_FILE | STREAM_PIPE,
                                STREAM_FILE | STREAM_PIPE | STREAM_NO_WRITES};

    for (size_t i = 0; i < array_length(kinds); i++) {
        WORLD(w);
        STREAM *stream = stream_of_kind(&w, kinds[i]);
        PASS(world_turn(&w));
        PASS(world_turn(&w));
        CHECK_EQ(world_counts(&w).submitted, 0);
        CHECK(!coil_stream_is_closing(stream));
    }
}

/* ---- through the kernel --------------------------------------------------------------------- */

struct pair {
    coil_stream *stream;
    struct ends *ends;
};

static void *idles(void *argument)
{
    struct pair *pair = argument;

    PASS(coil_stream_send(pair->stream, "read", 4));
    PASS(coil_sleep(COIL_MS(1)));
    ends_close(pair->ends, 0);
    return COIL_ERR(coil_stream_wait_closed(pair->stream));
}

TEST(hangup, of_the_kernels_is_heard_while_nothing_is_written)
{
    if (!kernel_has_rings())
        return;
    ENDS ends = ends_pipe(0);
    KERNEL(loop);
    STREAM *stream = stream_of_end(loop, &ends, 1);
    struct pair pair = {stream, &ends};
    FAILS(kernel_run(loop, idles, &pair), -EPIPE);
}

static void *writes_too_much(void *argument)
{
    enum { MUCH = 1 << 20 };
    struct pair *pair = argument;
    void *much = calloc(1, MUCH);

    int rc = much ? coil_stream_write(pair->stream, much, MUCH) : -ENOMEM;
    free(much);
    PASS(coil_sleep(COIL_MS(1))); /* the write waits for room */
    ends_close(pair->ends, 0);
    return COIL_ERR(rc < 0 ? rc : coil_stream_drain(pair->stream));
}

TEST(hangup, of_the_kernels_ends_a_write)
{
    if (!kernel_has_rings())
        return;
    ENDS ends = ends_pipe(0);
    KERNEL(loop);
    STREAM *stream = stream_of_end(loop, &ends, 1);
    struct pair pair = {stream, &ends};
    FAILS(kernel_run(loop, writes_too_much, &pair), -EPIPE);
}
