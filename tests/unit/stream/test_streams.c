// SPDX-License-Identifier: MIT
#include "stream/streams.h"

#include "pair.h"

static void *reads_three(void *argument)
{
    CHECK_READ(argument, 8, "one");
    return NULL;
}

TEST(streams, the_group_of_buffers_is_made_for_the_first_that_reads)
{
    WORLD(w);
    struct streams *streams = streams_of(w.loop);
    if (!PASS(coil_err(streams)))
        return;
    CHECK_PTR(streams_of(w.loop), streams);
    STREAM *stream = stream_of(&w, NULL);
    CHECK_PTR(streams->lent, NULL);
    says(&w, "one", 0, true);
    ends_with(&w, 0, COIL_SEC(1));
    PASS(world_run(&w, reads_three, stream));
    CHECK(streams->lent != NULL);
    CHECK_EQ(streams->lent_count, 0);
    CHECK_EQ(world_counts(&w).lent, 0);
}

TEST(streams, end_with_their_loop)
{
    coil_stream *stream = COIL_ERR(-ENOMEM);
    {
        WORLD(w);
        stream = stream_of(&w, NULL);
        PASS(coil_stream_write(stream, "x", 1));
        PASS(coil_close(w.loop));
        FAILS(coil_stream_write(stream, "x", 1), -COIL_ECLOSED);
        FAILS(coil_stream_close(stream), -COIL_ECLOSED);
        FAILS(coil_stream_abort(stream), -COIL_ECLOSED);
        FAILS(coil_stream_error(stream), -COIL_ECLOSED);
        FAILS(coil_stream_descriptor(stream), -COIL_ECLOSED);
        CHECK(coil_stream_is_closing(stream));
        CHECK(!coil_stream_at_eof(stream));
        CHECK_EQ(coil_stream_write_buffer_size(stream), 0);
    }
    coil_stream_unref(stream);
}

/* What was written just before the end of a run goes out as far as the kernel takes it. */
TEST(streams, send_what_was_written_before_their_loop_goes)
{
    if (!kernel_has_rings())
        return;
    ENDS ends = ends_sockets(SOCK_STREAM);
    char got[8] = {0};
    {
        KERNEL(loop);
        coil_stream_options options = {.size = sizeof(options), .loop = loop};
        coil_stream *stream = coil_stream_new(ends.fd[0], &options);
        if (!PASS(coil_err(stream)))
            return;
        ends.fd[0] = -1;
        PASS(coil_stream_write(stream, "bye", 3));
        PASS(coil_stream_close(stream));
        coil_stream_unref(stream);
    }
    CHECK_EQ(recv(ends.fd[1], got, sizeof(got), MSG_DONTWAIT), 3);
    CHECK_STR(got, "bye");
    CHECK_EQ(recv(ends.fd[1], got, sizeof(got), MSG_DONTWAIT), 0);
}

/* A peer that takes nothing does not keep a loop from closing. */
TEST(streams, do_not_wait_for_a_peer_when_their_loop_goes)
{
    if (!kernel_has_rings())
        return;
    ENDS ends = ends_sockets(SOCK_STREAM);
    static char much[4 * 1024 * 1024];
    KERNEL(loop);
    coil_stream_options options = {.size = sizeof(options), .loop = loop};
    coil_stream *stream = coil_stream_new(ends.fd[0], &options);
    if (!PASS(coil_err(stream)))
        return;
    ends.fd[0] = -1;
    PASS(coil_stream_write(stream, much, sizeof(much)));
    PASS(coil_stream_close(stream));
    coil_stream_unref(stream);
}
