// SPDX-License-Identifier: MIT
/* CPython's test_streams.py: the writer, the end of streams, and which loop they belong to. */
#include "ear.h"
#include "wire.h"

static void run(struct wire *wire, coil_fn fn)
{
    PASS(kernel_run(wire->loop, fn, wire));
}

/* ---- a pipe --------------------------------------------------------------------------------- */

static void *reads_a_pipe_to_its_end(void *argument)
{
    coil_stream *stream = argument;
    void *data = NULL;
    size_t length = 0;

    PASS(coil_stream_read_all(stream, &data, &length));
    CHECK(length == 4 && memcmp(data, "data", 4) == 0);
    coil_free(data);
    PASS(coil_stream_close(stream));
    PASS(coil_stream_wait_closed(stream));
    return NULL;
}

TEST(StreamTests, test_read_all_from_pipe_reader)
{
    ENDS ends = ends_pipe(0);
    KERNEL(loop);
    coil_stream_options options = {.size = sizeof(options), .loop = loop, .limit = 1};
    coil_stream *stream =
        coil_is_err(loop) ? COIL_ERR(-ENOMEM) : coil_stream_new(ends.fd[0], &options);

    if (PASS(coil_err(stream)))
        ends.fd[0] = -1;
    pid_t child = fork();
    if (child == 0)
        _exit(write(ends.fd[1], "data", 4) != 4);
    ends_close(&ends, 1);
    PASS(kernel_run(loop, reads_a_pipe_to_its_end, stream));
    CHECK_EQ(waitpid(child, NULL, 0), child);
    coil_stream_unref(stream);
}

/* ---- whose loop ----------------------------------------------------------------------------- */

TEST(StreamTests, test_streamreader_constructor_without_loop)
{
    ENDS ends = ends_sockets(SOCK_STREAM);

    FAILS(coil_err(coil_stream_new(ends.fd[0], NULL)), -COIL_ENOLOOP);
}

static void *makes_a_stream(void *argument)
{
    struct ends *ends = argument;
    coil_stream *stream = coil_stream_new(ends->fd[0], NULL);

    if (!PASS(coil_err(stream)))
        return NULL;
    ends->fd[0] = -1;
    CHECK_EQ(send(ends->fd[1], "x", 1, 0), 1);
    WIRE_READ(stream, 1, "x");
    PASS(coil_stream_close(stream));
    coil_stream_unref(stream);
    return NULL;
}

TEST(StreamTests, test_streamreader_constructor_use_running_loop)
{
    ENDS ends = ends_sockets(SOCK_STREAM);
    KERNEL(loop);

    PASS(kernel_run(loop, makes_a_stream, &ends));
}

static void *reads_x(void *argument)
{
    WIRE_READ(argument, 1, "x");
    return NULL;
}

TEST(StreamTests, test_streamreader_constructor_use_global_loop)
{
    ENDS ends = ends_sockets(SOCK_STREAM);
    KERNEL(loop);

    if (coil_is_err(loop))
        return;
    PASS(coil_set_event_loop(loop));
    coil_stream *stream = coil_stream_new(ends.fd[0], NULL);
    if (PASS(coil_err(stream)))
        ends.fd[0] = -1;
    CHECK_EQ(send(ends.fd[1], "x", 1, 0), 1);
    PASS(kernel_run(loop, reads_x, stream));
    PASS(coil_set_event_loop(NULL));
    (void)coil_stream_abort(stream);
    coil_stream_unref(stream);
}

/* ---- drain ---------------------------------------------------------------------------------- */

enum { MUCH = 8 << 20 };

static char much[MUCH];

static void *drains(void *argument)
{
    struct wire *wire = argument;

    wire->rc += coil_stream_drain(wire->stream) == 0;
    return NULL;
}

static void *takes_all(void *argument)
{
    struct wire *wire = argument;
    static char buffer[1 << 16];

    for (size_t left = MUCH; left;) {
        ssize_t n = coil_recv(wire->peer, buffer, sizeof(buffer), 0);
        if (!PASS(n) || n == 0)
            break;
        left -= (size_t)n;
    }
    return NULL;
}

static void *drains_in_several_tasks(void *argument)
{
    struct wire *wire = argument;
    coil_task *tasks[10];

    PASS(coil_stream_write(wire->stream, much, MUCH));
    for (int i = 0; i < 10; i++)
        tasks[i] = coil_create_task(drains, wire);
    wire_settle();
    CHECK_EQ(wire->rc, 0);
    COIL_AUTO coil_task *peer = coil_create_task(takes_all, wire);
    for (int i = 0; i < 10; i++) {
        kernel_await(tasks[i]);
        coil_unref(tasks[i]);
    }
    CHECK_EQ(wire->rc, 10);
    kernel_await(peer);
    return NULL;
}

TEST(StreamTests, test_multiple_drain)
{
    WIRE(wire);
    run(&wire, drains_in_several_tasks);
}

static void *writes_to_one_who_went(void *argument)
{
    struct wire *wire = argument;
    int rc = 0;

    wire_reset(wire);
    for (int i = 0; i < 1000 && rc == 0; i++) {
        rc = coil_stream_write(wire->stream, "foo", 3);
        if (rc == 0)
            rc = coil_stream_drain(wire->stream);
        PASS(coil_yield_now());
    }
    CHECK(rc == -EPIPE || rc == -ECONNRESET);
    return NULL;
}

TEST(StreamTests, test_drain_raises)
{
    WIRE(wire);
    run(&wire, writes_to_one_who_went);
}

/* ---- the end -------------------------------------------------------------------------------- */

static void closes_well(const struct wire *wire)
{
    CHECK(!coil_stream_is_closing(wire->stream));
    PASS(coil_stream_close(wire->stream));
    CHECK(coil_stream_is_closing(wire->stream));
    CHECK(coil_stream_descriptor(wire->stream) >= 0);
    PASS(coil_stream_wait_closed(wire->stream));
    FAILS(coil_stream_descriptor(wire->stream), -COIL_ECLOSED);
}

static void *closes(void *argument)
{
    struct wire *wire = argument;

    wire_say(wire, "hello\nunread");
    WIRE_LINE(wire->stream, "hello\n");
    closes_well(wire);
    return NULL;
}

static void *reads_all_and_closes(void *argument)
{
    struct wire *wire = argument;

    wire_say(wire, "hello\n");
    wire_end(wire);
    WIRE_LINE(wire->stream, "hello\n");
    WIRE_READ(wire->stream, 8, "");
    closes_well(wire);
    return NULL;
}

TEST(StreamTests, test_wait_closed_on_close)
{
    WIRE(wire);
    run(&wire, reads_all_and_closes);
}

TEST(StreamTests, test_wait_closed_on_close_with_unread_data)
{
    WIRE(wire);
    run(&wire, closes);
}

static void *uses_the_whole_writer(void *argument)
{
    struct wire *wire = argument;
    char got[16] = {0};

    PASS(coil_stream_write(wire->stream, "request\n", 8));
    PASS(coil_stream_drain(wire->stream));
    CHECK_EQ(coil_recv(wire->peer, got, 8, MSG_WAITALL), 8);
    CHECK_STR(got, "request\n");
    wire_say(wire, "answer\n");
    wire_end(wire);
    WIRE_LINE(wire->stream, "answer\n");
    WIRE_READ(wire->stream, 8, "");
    PASS(coil_stream_close(wire->stream));
    PASS(coil_stream_wait_closed(wire->stream));
    return NULL;
}

TEST(StreamTests, test_async_writer_api)
{
    WIRE(wire);
    EAR(ear, wire);

    run(&wire, uses_the_whole_writer);
    CHECK_STR(ear.log.text, "");
}

/* asyncio's "Connection lost" is -COIL_ECLOSED: it was this side that closed. */
static void *writes_after_the_close(void *argument)
{
    struct wire *wire = argument;

    PASS(coil_stream_close(wire->stream));
    FAILS(coil_stream_write(wire->stream, "data", 4), -COIL_ECLOSED);
    PASS(coil_stream_wait_closed(wire->stream));
    FAILS(coil_stream_write(wire->stream, "data", 4), -COIL_ECLOSED);
    FAILS(coil_stream_drain(wire->stream), -COIL_ECLOSED);
    return NULL;
}

TEST(StreamTests, test_async_writer_api_exception_after_close)
{
    WIRE(wire);
    EAR(ear, wire);

    run(&wire, writes_after_the_close);
    CHECK_STR(ear.log.text, "");
}

static void *reads_after_the_close(void *argument)
{
    struct wire *wire = argument;

    PASS(coil_stream_close(wire->stream));
    PASS(coil_stream_wait_closed(wire->stream));
    WIRE_READ(wire->stream, 8, "");
    CHECK(coil_stream_at_eof(wire->stream));
    return NULL;
}

TEST(StreamTests, test_eof_feed_when_closing_writer)
{
    WIRE(wire);
    run(&wire, reads_after_the_close);
}

static void *forgets_to_close(void *argument)
{
    struct wire *wire = argument;
    char byte;

    coil_stream_unref(wire->stream);
    wire->stream = COIL_ERR(-COIL_ECLOSED);
    CHECK_EQ(coil_recv(wire->peer, &byte, 1, 0), 0); /* it was closed all the same */
    return NULL;
}

TEST(StreamTests, test_unclosed_resource_warnings)
{
    WIRE(wire);
    EAR(ear, wire);

    run(&wire, forgets_to_close);
    CHECK(check_walking() ||
          CHECK_STR(ear.log.text, "[a stream was released that was not closed 0]"));
}
