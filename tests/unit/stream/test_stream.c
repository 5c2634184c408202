// SPDX-License-Identifier: MIT
#include "pair.h"

struct talk {
    coil_stream *stream;
    struct ends ends;
    coil_loop *loop;
    int rc;
};

/* ---- on both engines, the whole way --------------------------------------------------------- */

static void *echoes_a_line(void *argument)
{
    coil_stream *stream = argument;
    char line[64];
    ssize_t n = coil_stream_readline(stream, line, sizeof(line));

    if (PASS(n))
        PASS(coil_stream_write(stream, line, (size_t)n));
    PASS(coil_stream_drain(stream));
    PASS(coil_stream_close(stream));
    PASS(coil_stream_wait_closed(stream));
    return NULL;
}

TEST(stream, reads_and_writes_on_the_simulated_engine)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    says(&w, "hello\n", COIL_MS(2), false);
    world_answer(&w, OP_SEND, 6, COIL_MS(1));
    PASS(world_run(&w, echoes_a_line, stream));
    CHECK_EQ(world_time(&w), COIL_MS(3));
}

TEST(stream, reads_and_writes_through_the_kernel)
{
    if (!kernel_has_rings())
        return;
    ENDS ends = ends_sockets(SOCK_STREAM);
    char got[16] = {0};
    KERNEL(loop);
    coil_stream_options options = {.size = sizeof(options), .loop = loop};
    STREAM *stream = coil_stream_new(ends.fd[0], &options);

    if (!PASS(coil_err(stream)))
        return;
    ends.fd[0] = -1;
    CHECK_EQ(send(ends.fd[1], "hello\n", 6, 0), 6);
    PASS(kernel_run(loop, echoes_a_line, stream));
    CHECK_EQ(recv(ends.fd[1], got, sizeof(got), MSG_DONTWAIT), 6);
    CHECK_STR(got, "hello\n");
    CHECK_EQ(recv(ends.fd[1], got, sizeof(got), MSG_DONTWAIT), 0);
}

/* ---- making one ----------------------------------------------------------------------------- */

TEST(stream, refuses_bad_options)
{
    WORLD(w);
    coil_stream_options good = {.size = sizeof(good), .loop = w.loop}, bad = good;

    if (coil_is_err(w.loop))
        return;
    FAILS(coil_err(coil_stream_new(-1, &good)), -EBADF);
    FAILS(coil_err(coil_stream_new(FD, NULL)), -COIL_ENOLOOP);
    bad.size = 1;
    PASS(coil_set_event_loop(w.loop));
    FAILS(coil_err(coil_stream_new(FD, &bad)), -EINVAL);
    PASS(coil_set_event_loop(NULL));
    bad = good;
    bad.limit = (size_t)-1;
    FAILS(coil_err(coil_stream_new(FD, &bad)), -EINVAL);
    bad = good;
    bad.low_water = 2;
    bad.high_water = 1;
    FAILS(coil_err(coil_stream_new(FD, &bad)), -EINVAL);
    PASS(coil_close(w.loop));
    FAILS(coil_err(coil_stream_new(FD, &good)), -COIL_ECLOSED);
}

TEST(stream, refuses_what_is_no_descriptor)
{
    if (!kernel_has_rings())
        return;
    KERNEL(loop);
    coil_stream_options options = {.size = sizeof(options), .loop = loop};

    if (!coil_is_err(loop))
        FAILS(coil_err(coil_stream_new(1 << 20, &options)), -EBADF);
}

TEST(stream, is_counted)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    int own;

    if (!PASS(coil_err(stream)))
        return;
    CHECK_PTR(coil_stream_ref(stream), stream);
    coil_stream_unref(stream);
    CHECK(!coil_stream_is_closing(stream));
    CHECK_PTR(coil_stream_userdata(stream), NULL);
    PASS(coil_stream_set_userdata(stream, &own));
    CHECK_PTR(coil_stream_userdata(stream), &own);
    coil_stream_unref(NULL);
    coil_stream_unref(COIL_ERR(-ENOMEM));
    FAILS(coil_err(coil_stream_ref(NULL)), -EINVAL);
    FAILS(coil_err(coil_stream_ref(COIL_ERR(-EMFILE))), -EMFILE);
    FAILS(coil_stream_set_userdata(NULL, NULL), -EINVAL);
    CHECK_PTR(coil_stream_userdata(NULL), NULL);
}
