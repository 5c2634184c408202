// SPDX-License-Identifier: MIT
#include "family.h"

#include <coil/stream.h>

#include <stdlib.h>

enum { MUCH = 1 << 20 }; /* more than a pipe and a stream hold */

/* One call after the other, until one fails: the child would wait for what does not come. */
static int say_and_hear(coil_process *process)
{
    coil_stream *in = coil_process_stdin(process), *out = coil_process_stdout(process);
    coil_stream *err = coil_process_stderr(process);
    char line[16] = "";
    ssize_t rc = 0;

    CHECK(coil_is_err(in) || coil_process_stdin(process) == in);
    for (int i = 0; i < 3 && rc >= 0; i++) {
        rc = coil_stream_send(in, "hello\n", 6);
        if (rc == 0)
            rc = coil_stream_readline(out, line, sizeof(line));
        CHECK_EQ(rc, 6);
    }
    CHECK_STR(line, "hello\n");
    if (rc >= 0)
        rc = coil_stream_write_eof(in);
    if (rc >= 0)
        rc = coil_stream_readline(out, line, sizeof(line));
    CHECK_EQ(rc, 0);
    if (rc >= 0)
        rc = coil_stream_readline(err, line, sizeof(line));
    CHECK_EQ(rc, 4);
    return rc < 0 ? (int)rc : 0;
}

static void *talk(void *argument)
{
    coil_process *process =
        family_shell("cat; echo bye >&2", COIL_STDIO_PIPE, COIL_STDIO_PIPE, COIL_STDIO_PIPE);

    if (say_and_hear(process) == 0)
        CHECK_EQ(family_wait(process), 0);
    coil_process_unref(process);
    return argument;
}

TEST(process, talks_by_streams)
{
    FAMILY(family);
    PASS(family_run(&family, talk, NULL));
}

static void *ask(void *argument)
{
    coil_process *process = family_shell("cat", COIL_STDIO_PIPE, COIL_STDIO_NULL, 0);
    coil_stream *in = coil_process_stdin(process);

    if (!coil_is_err(in)) {
        FAILS(coil_process_descriptor(process, COIL_STDIN), -EBADF);
        FAILS(coil_process_detach(process, COIL_STDIN), -EBADF);
        FAILS(coil_err(coil_process_stdout(process)), -EBADF);
        FAILS(coil_err(coil_process_stderr(process)), -EBADF);
        FAILS(coil_process_communicate(process, NULL, 0, NULL, NULL, NULL, NULL), -EBUSY);
    }
    coil_process_unref(process);
    return argument;
}

TEST(process, has_one_way_to_its_pipes_at_a_time)
{
    FAMILY(family);
    PASS(family_run(&family, ask, NULL));
    FAILS(coil_err(coil_process_stdin(NULL)), -EINVAL);
    FAILS(coil_err(coil_process_stdout(COIL_ERR(-EIO))), -EIO);
}

/* Held longer than its process it is of no use any more. */
static void *outlive_it(void *argument)
{
    coil_process *process = family_shell("cat", COIL_STDIO_PIPE, COIL_STDIO_PIPE, 0);
    coil_stream *out = coil_stream_ref(coil_process_stdout(process));

    coil_process_unref(process);
    CHECK(coil_stream_is_closing(out));
    (void)!coil_stream_wait_closed(out);
    coil_stream_unref(out);
    return argument;
}

TEST(process, ends_its_streams_with_the_last_reference)
{
    FAMILY(family);
    PASS(family_run(&family, outlive_it, NULL));
}

static void *write_to_nobody(void *argument)
{
    coil_process *process = family_shell("exec <&-; exit 0", COIL_STDIO_PIPE, 0, 0);
    coil_stream *in = coil_process_stdin(process);
    void *text = calloc(1, MUCH);

    if (text) {
        int rc = coil_stream_send(in, text, MUCH);
        CHECK(rc == -EPIPE || rc == -ECONNRESET || check_walking());
    }
    CHECK_EQ(family_wait(process), 0);
    coil_process_unref(process);
    free(text);
    return argument;
}

TEST(process, that_does_not_read_is_an_error_of_the_stream)
{
    FAMILY(family);
    PASS(family_run(&family, write_to_nobody, NULL));
}

static void *read_a_long_line(void *argument)
{
    const coil_process_options options = {
        .size = sizeof(options), .out = COIL_STDIO_PIPE, .limit = 100};
    coil_process *process = coil_process_shell("printf '%0101d\n%0100d\n' 0 0", &options);
    coil_stream *out = coil_process_stdout(process);
    char line[200];

    if (!coil_is_err(out)) {
        FAILS(coil_stream_readline(out, line, sizeof(line)), -EMSGSIZE);
        CHECK_EQ(coil_stream_readline(out, line, sizeof(line)), 101);
    }
    coil_process_unref(process);
    return argument;
}

TEST(process, has_streams_of_its_limit)
{
    FAMILY(family);
    PASS(family_run(&family, read_a_long_line, NULL));
}

static void *read_slowly(void *argument)
{
    const coil_process_options options = {
        .size = sizeof(options), .out = COIL_STDIO_PIPE, .limit = 1000};
    coil_process *process = coil_process_shell("head -c 1048576 /dev/zero", &options);
    coil_stream *out = coil_process_stdout(process);
    char some[5000];
    size_t length = 0;
    ssize_t n;

    while ((n = coil_stream_read(out, some, sizeof(some))) > 0) {
        if (!length) /* it cannot end: nobody keeps a MiB for it */
            FAILS(coil_process_returncode(process, NULL), -COIL_EINVALSTATE);
        length += (size_t)n;
        if (coil_yield_now() < 0)
            break;
    }
    CHECK_EQ(n, 0);
    CHECK(length == MUCH || check_walking());
    if (n == 0)
        CHECK_EQ(family_wait(process), 0);
    coil_process_unref(process);
    return argument;
}

TEST(process, whose_reader_is_slow_loses_nothing)
{
    FAMILY(family);
    PASS(family_run(&family, read_slowly, NULL));
}
