// SPDX-License-Identifier: MIT
/*
 * CPython's test_events.py: pipes and pseudo-terminals. Its transports of one direction are streams
 * here, which own their descriptors.
 */
#include "wire.h"

#include <coil/file.h>

struct scene {
    struct ends ends;
    coil_stream *reader, *writer; /* of one of the ends, or of both */
};

static void scene_free(struct scene *scene)
{
    coil_stream_unref(scene->reader);
    coil_stream_unref(scene->writer);
    ends_free(&scene->ends);
}

#define SCENE __attribute__((cleanup(scene_free))) struct scene

static coil_stream *stream_of(coil_loop *loop, int *fd)
{
    const coil_stream_options options = {.size = sizeof(options), .loop = loop};
    coil_stream *stream = coil_is_err(loop) ? (coil_stream *)loop : coil_stream_new(*fd, &options);

    if (PASS(coil_err(stream)))
        *fd = -1;
    return stream;
}

/* What is no stream sends, or gets, a text. */
static void says(int fd, const char *text)
{
    CHECK_EQ(coil_write(fd, text, strlen(text)), strlen(text));
}

static void hears(int fd, const char *text)
{
    char got[16] = "";
    ssize_t n = 1;

    for (size_t at = 0; at < strlen(text) && CHECK(n > 0); at += (size_t)n)
        n = coil_read(fd, got + at, strlen(text) - at);
    CHECK_STR(got, text);
}

static void ends_well(coil_stream *stream)
{
    PASS(coil_stream_close(stream));
    PASS(coil_stream_wait_closed(stream));
}

/* ---- pipes ---------------------------------------------------------------------------------- */

static void *says_the_rest(void *argument)
{
    struct scene *scene = argument;

    says(scene->ends.fd[1], "2345");
    PASS(coil_sleep(COIL_MS(1)));
    ends_close(&scene->ends, 1);
    return NULL;
}

static void *reads_a_pipe(void *argument)
{
    struct scene *scene = argument;

    says(scene->ends.fd[1], "1");
    WIRE_READ(scene->reader, 16, "1");
    COIL_AUTO coil_task *rest = coil_create_task(says_the_rest, scene);
    WIRE_READ(scene->reader, 16, "2345");
    CHECK(!coil_stream_at_eof(scene->reader));
    WIRE_READ(scene->reader, 16, "");
    CHECK(coil_stream_at_eof(scene->reader));
    PASS(coil_await(rest, NULL));
    ends_well(scene->reader);
    return NULL;
}

TEST(EventLoopTestsMixin, test_read_pipe)
{
    SCENE scene = {.ends = ends_pipe(0)};
    KERNEL(loop);
    scene.reader = stream_of(loop, &scene.ends.fd[0]);
    PASS(kernel_run(loop, reads_a_pipe, &scene));
}

static void *reads_on(void *argument)
{
    char byte;
    ssize_t n = coil_stream_read(argument, &byte, 1);
    return COIL_ERR(n < 0 ? (int)n : 0);
}

/* The streams stay open, one with a receive and one with a poll in flight. */
static void *talks_to_itself(void *argument)
{
    const struct scene *scene = argument;
    COIL_AUTO coil_task *reader = coil_create_task(reads_on, scene->reader);

    PASS(coil_stream_send(scene->writer, "1", 1));
    PASS(coil_await(reader, NULL));
    COIL_AUTO coil_task *waits = coil_create_task(reads_on, scene->reader);
    PASS(coil_sleep(COIL_MS(1)));
    CHECK(coil_cancel(waits));
    FAILS(coil_await(waits, NULL), -ECANCELED);
    CHECK(!coil_stream_is_closing(scene->reader) && !coil_stream_is_closing(scene->writer));
    return NULL;
}

static void check_orphan(coil_stream *stream)
{
    CHECK(coil_stream_is_closing(stream));
    FAILS(coil_stream_descriptor(stream), -COIL_ECLOSED);
    FAILS(coil_stream_close(stream), -COIL_ECLOSED);
    FAILS(coil_stream_abort(stream), -COIL_ECLOSED);
}

/* What a stream has is its own and ends with it; the copies, which the program has kept, stay. */
TEST(EventLoopTestsMixin, test_unclosed_pipe_transport)
{
    ENDS ends = ends_pipe(0);
    SCENE scene = {
        .ends = {{fcntl(ends.fd[0], F_DUPFD_CLOEXEC, 0), fcntl(ends.fd[1], F_DUPFD_CLOEXEC, 0)}}};
    char got[4] = "";
    {
        KERNEL(loop);
        scene.reader = stream_of(loop, &scene.ends.fd[0]);
        scene.writer = stream_of(loop, &scene.ends.fd[1]);
        PASS(kernel_run(loop, talks_to_itself, &scene));
    }
    check_orphan(scene.reader);
    check_orphan(scene.writer);
    CHECK_EQ(write(ends.fd[1], "2", 1), 1);
    CHECK_EQ(read(ends.fd[0], got, sizeof(got)), 1);
    CHECK_STR(got, "2");
    ends_close(&ends, 1); /* the last one */
    CHECK_EQ(read(ends.fd[0], got, sizeof(got)), 0);
}

static void *writes_into_a_pipe(void *argument)
{
    struct scene *scene = argument;

    PASS(coil_stream_write(scene->writer, "1", 1));
    hears(scene->ends.fd[0], "1");
    PASS(coil_stream_write(scene->writer, "23", 2));
    PASS(coil_stream_write(scene->writer, "45", 2));
    hears(scene->ends.fd[0], "2345");
    CHECK(!coil_stream_is_closing(scene->writer));
    ends_close(&scene->ends, 0);
    ends_well(scene->writer);
    return NULL;
}

TEST(EventLoopTestsMixin, test_write_pipe)
{
    SCENE scene = {.ends = ends_pipe(0)};
    KERNEL(loop);
    scene.writer = stream_of(loop, &scene.ends.fd[1]);
    PASS(kernel_run(loop, writes_into_a_pipe, &scene));
}

static void *loses_its_reader(void *argument)
{
    struct scene *scene = argument;

    PASS(coil_stream_write(scene->writer, "1", 1));
    hears(scene->ends.fd[0], "1");
    ends_close(&scene->ends, 0);
    FAILS(coil_stream_wait_closed(scene->writer), -EPIPE);
    CHECK(coil_stream_is_closing(scene->writer));
    FAILS(coil_stream_write(scene->writer, "2", 1), -EPIPE);
    FAILS(coil_stream_drain(scene->writer), -EPIPE);
    return NULL;
}

TEST(EventLoopTestsMixin, test_write_pipe_disconnect_on_close)
{
    SCENE scene = {.ends = ends_pipe(0)};
    KERNEL(loop);
    scene.writer = stream_of(loop, &scene.ends.fd[1]);
    PASS(kernel_run(loop, loses_its_reader, &scene));
}

/* ---- pseudo-terminals ----------------------------------------------------------------------- */

static void *reads_a_terminal(void *argument)
{
    struct scene *scene = argument;

    says(scene->ends.fd[1], "1");
    WIRE_READ(scene->reader, 16, "1");
    says(scene->ends.fd[1], "2345");
    WIRE_READ(scene->reader, 16, "2345");
    ends_close(&scene->ends, 1);
    WIRE_READ(scene->reader, 16, "");
    CHECK(coil_stream_at_eof(scene->reader));
    PASS(coil_stream_error(scene->reader));
    ends_well(scene->reader);
    return NULL;
}

static void read_terminal(int flags)
{
    SCENE scene = {.ends = ends_terminal()};
    CHECK_EQ(fcntl(scene.ends.fd[0], F_SETFL, flags), 0);
    KERNEL(loop);
    scene.reader = stream_of(loop, &scene.ends.fd[0]);
    PASS(kernel_run(loop, reads_a_terminal, &scene));
}

TEST(EventLoopTestsMixin, test_read_pty_output)
{
    read_terminal(0);
    read_terminal(O_NONBLOCK);
}

static void *writes_to_a_terminal(void *argument)
{
    struct scene *scene = argument;

    PASS(coil_stream_write(scene->writer, "1", 1));
    hears(scene->ends.fd[0], "1");
    PASS(coil_stream_write(scene->writer, "2345", 4));
    hears(scene->ends.fd[0], "2345");
    CHECK(!coil_stream_is_closing(scene->writer));
    ends_close(&scene->ends, 0);
    ends_well(scene->writer);
    return NULL;
}

TEST(EventLoopTestsMixin, test_write_pty)
{
    SCENE scene = {.ends = ends_terminal()};
    KERNEL(loop);
    scene.writer = stream_of(loop, &scene.ends.fd[1]);
    PASS(kernel_run(loop, writes_to_a_terminal, &scene));
}

static void *talks_both_ways(void *argument)
{
    struct scene *scene = argument;
    const int master = scene->ends.fd[0];
    COIL_AUTO coil_task *early = coil_create_task(reads_on, scene->reader);

    PASS(coil_stream_write(scene->writer, "1", 1)); /* beside a read that waits */
    hears(master, "1");
    CHECK(!coil_done(early));
    says(master, "a");
    PASS(coil_await(early, NULL));
    PASS(coil_stream_write(scene->writer, "2345", 4));
    says(master, "bcde");
    hears(master, "2345");
    WIRE_READ(scene->reader, 16, "bcde");
    ends_close(&scene->ends, 0);
    ends_well(scene->reader);
    ends_well(scene->writer);
    return NULL;
}

TEST(EventLoopTestsMixin, test_bidirectional_pty)
{
    SCENE scene = {.ends = ends_terminal()};
    int copy = fcntl(scene.ends.fd[1], F_DUPFD_CLOEXEC, 0);
    KERNEL(loop);
    scene.reader = stream_of(loop, &scene.ends.fd[1]);
    scene.writer = stream_of(loop, &copy);
    PASS(kernel_run(loop, talks_both_ways, &scene));
}
