// SPDX-License-Identifier: MIT
/* CPython's test_streams.py: the reader. Nothing is received before the first read, so where a case
 * has bytes that arrive before it, a read of nothing's worth has begun to receive. */
#include "wire.h"

enum { LIMIT = 3 };

static const coil_stream_options limited = {.size = sizeof(limited), .limit = LIMIT};

/* Runs a case's coroutine on the wire. */
static void run(struct wire *wire, coil_fn fn)
{
    PASS(kernel_run(wire->loop, fn, wire));
}

/* ---- read ----------------------------------------------------------------------------------- */

static void *reads_what_came_before(void *argument)
{
    struct wire *wire = argument;

    wire_say(wire, "before");
    wire_settle();
    WIRE_READ(wire->stream, 3, "bef");
    wire_say(wire, "more");
    wire_settle();
    WIRE_READ(wire->stream, 32, "oremore");
    return NULL;
}

TEST(StreamTests, test_feed_nonempty_data)
{
    WIRE(wire);
    run(&wire, reads_what_came_before);
}

static void *reads_nothing(void *argument)
{
    struct wire *wire = argument;

    wire_say(wire, "data");
    CHECK_EQ(coil_stream_read(wire->stream, NULL, 0), 0);
    WIRE_READ(wire->stream, 4, "data");
    return NULL;
}

TEST(StreamTests, test_read_zero)
{
    WIRE(wire);
    run(&wire, reads_nothing);
}

static void *says_later(void *argument)
{
    wire_settle();
    wire_say(argument, "hello");
    return NULL;
}

static void *reads_after_a_wait(void *argument)
{
    struct wire *wire = argument;
    COIL_AUTO coil_task *peer = coil_create_task(says_later, wire);

    WIRE_READ(wire->stream, 30, "hello");
    kernel_await(peer);
    return NULL;
}

TEST(StreamTests, test_read)
{
    WIRE(wire);
    run(&wire, reads_after_a_wait);
}

static void *reads_a_part(void *argument)
{
    struct wire *wire = argument;

    wire_say(wire, "line1\nline2");
    WIRE_READ(wire->stream, 5, "line1");
    WIRE_READ(wire->stream, 32, "\nline2");
    return NULL;
}

TEST(StreamTests, test_read_line_breaks)
{
    WIRE(wire);
    run(&wire, reads_a_part);
}

static void *reads_at_the_end(void *argument)
{
    struct wire *wire = argument;

    wire_end(wire);
    WIRE_READ(wire->stream, 32, "");
    return NULL;
}

TEST(StreamTests, test_read_eof)
{
    WIRE(wire);
    run(&wire, reads_at_the_end);
}

static void *says_two_pieces_and_ends(void *argument)
{
    wire_say(argument, "chunk1\n");
    wire_settle();
    wire_say(argument, "chunk2");
    wire_end(argument);
    return NULL;
}

static void *reads_all(void *argument)
{
    struct wire *wire = argument;
    COIL_AUTO coil_task *peer = coil_create_task(says_two_pieces_and_ends, wire);
    void *data = NULL;
    size_t length = 0;

    PASS(coil_stream_read_all(wire->stream, &data, &length));
    CHECK_EQ(length, 13);
    CHECK(length == 13 && memcmp(data, "chunk1\nchunk2", 13) == 0);
    coil_free(data);
    kernel_await(peer);
    return NULL;
}

TEST(StreamTests, test_read_until_eof)
{
    WIRE(wire);
    run(&wire, reads_all);
}

static void *reads_until_a_reset(void *argument)
{
    struct wire *wire = argument;
    char byte;

    wire_say(wire, "line\n");
    WIRE_READ(wire->stream, 2, "li");
    wire_reset(wire);
    wire_settle();
    FAILS(coil_stream_read(wire->stream, &byte, 1), -ECONNRESET);
    return NULL;
}

TEST(StreamTests, test_read_exception)
{
    WIRE(wire);
    run(&wire, reads_until_a_reset);
}

TEST(StreamTests, test_invalid_limit)
{
    KERNEL(loop);
    coil_stream_options options = {.size = sizeof(options), .loop = loop, .limit = (size_t)-1};
    ENDS ends = ends_sockets(SOCK_STREAM);

    if (!coil_is_err(loop))
        FAILS(coil_err(coil_stream_new(ends.fd[0], &options)), -EINVAL);
}

static void *reads_over_the_limit(void *argument)
{
    struct wire *wire = argument;

    wire_say(wire, "chunk");
    WIRE_READ(wire->stream, 5, "chunk");
    return NULL;
}

TEST(StreamTests, test_read_limit)
{
    WIRE_WITH(wire, &limited);
    run(&wire, reads_over_the_limit);
}

/* ---- readline ------------------------------------------------------------------------------- */

static void *says_a_line_in_pieces(void *argument)
{
    wire_say(argument, "chunk2 ");
    wire_settle();
    wire_say(argument, "chunk3 ");
    wire_settle();
    wire_say(argument, "\n chunk4");
    return NULL;
}

static void *reads_a_line_in_pieces(void *argument)
{
    struct wire *wire = argument;

    wire_say(wire, "chunk1 ");
    COIL_AUTO coil_task *peer = coil_create_task(says_a_line_in_pieces, wire);
    WIRE_LINE(wire->stream, "chunk1 chunk2 chunk3 \n");
    WIRE_READ(wire->stream, 32, " chunk4");
    kernel_await(peer);
    return NULL;
}

TEST(StreamTests, test_readline)
{
    WIRE(wire);
    run(&wire, reads_a_line_in_pieces);
}

static void *drops_long_lines(void *argument)
{
    struct wire *wire = argument;
    char buffer[32];

    wire_say(wire, "line1\nli\n"); /* its newline was received: what follows stays */
    FAILS(coil_stream_readline(wire->stream, buffer, sizeof(buffer)), -EMSGSIZE);
    WIRE_LINE(wire->stream, "li\n");
    wire_say(wire, "line1line"); /* it was not: all of it goes */
    FAILS(coil_stream_readline(wire->stream, buffer, sizeof(buffer)), -EMSGSIZE);
    wire_end(wire);
    WIRE_READ(wire->stream, 32, "");
    return NULL;
}

TEST(StreamTests, test_readline_limit_with_existing_data)
{
    WIRE_WITH(wire, &limited);
    run(&wire, drops_long_lines);
}

static void *asks_for_the_end(void *argument)
{
    struct wire *wire = argument;

    CHECK(!coil_stream_at_eof(wire->stream));
    wire_say(wire, "some data\n");
    WIRE_READ(wire->stream, 4, "some");
    CHECK(!coil_stream_at_eof(wire->stream));
    wire_end(wire);
    wire_settle();
    CHECK(!coil_stream_at_eof(wire->stream));
    WIRE_LINE(wire->stream, " data\n");
    WIRE_READ(wire->stream, 1, "");
    CHECK(coil_stream_at_eof(wire->stream));
    return NULL;
}

TEST(StreamTests, test_at_eof)
{
    WIRE(wire);
    run(&wire, asks_for_the_end);
}

static void *says_a_long_line_in_pieces(void *argument)
{
    wire_say(argument, "ab");
    wire_settle();
    wire_say(argument, "cd");
    wire_settle();
    wire_say(argument, "123\nend\n");
    return NULL;
}

static void *reads_lines_of_the_limit(void *argument)
{
    struct wire *wire = argument;
    COIL_AUTO coil_task *peer = coil_create_task(says_a_long_line_in_pieces, wire);
    char buffer[32];

    FAILS(coil_stream_readline(wire->stream, buffer, sizeof(buffer)), -EMSGSIZE);
    WIRE_LINE(wire->stream, "123\n"); /* exactly the limit, without the newline */
    WIRE_LINE(wire->stream, "end\n");
    wire_say(wire, "1234\nabc\n");
    FAILS(coil_stream_readline(wire->stream, buffer, sizeof(buffer)), -EMSGSIZE);
    WIRE_LINE(wire->stream, "abc\n");
    kernel_await(peer);
    return NULL;
}

TEST(StreamTests, test_readline_limit)
{
    WIRE_WITH(wire, &limited);
    run(&wire, reads_lines_of_the_limit);
}

static int note_turn(void *turned)
{
    *(bool *)turned = true;
    return 0;
}

static void *reads_a_line_at_once(void *argument)
{
    struct wire *wire = argument;
    bool turned = false;

    wire_say(wire, "line1\nline2\nline3\n");
    WIRE_LINE(wire->stream, "line1\n");
    coil_call_soon(wire->loop, note_turn, &turned);
    WIRE_LINE(wire->stream, "line2\n");
    CHECK(!turned);
    WIRE_READ(wire->stream, 32, "line3\n");
    CHECK(!turned);
    PASS(coil_yield_now());
    return NULL;
}

TEST(StreamTests, test_readline_nolimit_nowait)
{
    WIRE(wire);
    run(&wire, reads_a_line_at_once);
}

static void *reads_half_a_line(void *argument)
{
    struct wire *wire = argument;

    wire_say(wire, "some data");
    wire_end(wire);
    WIRE_LINE(wire->stream, "some data");
    return NULL;
}

TEST(StreamTests, test_readline_eof)
{
    WIRE(wire);
    run(&wire, reads_half_a_line);
}

static void *reads_no_line(void *argument)
{
    struct wire *wire = argument;

    wire_end(wire);
    WIRE_LINE(wire->stream, "");
    return NULL;
}

TEST(StreamTests, test_readline_empty_eof)
{
    WIRE(wire);
    run(&wire, reads_no_line);
}

static void *mixes_lines_and_bytes(void *argument)
{
    struct wire *wire = argument;

    wire_say(wire, "line1\nline2\nline3\n");
    WIRE_LINE(wire->stream, "line1\n");
    WIRE_READ(wire->stream, 7, "line2\nl");
    WIRE_LINE(wire->stream, "ine3\n");
    return NULL;
}

TEST(StreamTests, test_readline_read_byte_count)
{
    WIRE(wire);
    run(&wire, mixes_lines_and_bytes);
}

static void *reads_a_line_until_a_reset(void *argument)
{
    struct wire *wire = argument;
    char buffer[8];

    wire_say(wire, "line\nhalf");
    WIRE_LINE(wire->stream, "line\n");
    wire_reset(wire);
    FAILS(coil_stream_readline(wire->stream, buffer, sizeof(buffer)), -ECONNRESET);
    FAILS(coil_stream_readline(wire->stream, buffer, sizeof(buffer)), -ECONNRESET);
    return NULL;
}

TEST(StreamTests, test_readline_exception)
{
    WIRE(wire);
    run(&wire, reads_a_line_until_a_reset);
}

/* ---- readexactly ---------------------------------------------------------------------------- */

static void *reads_exactly_nothing(void *argument)
{
    struct wire *wire = argument;
    char buffer[8];

    wire_say(wire, "data");
    CHECK_EQ(coil_stream_readexactly(wire->stream, NULL, 0, NULL), 0);
    FAILS(coil_stream_readexactly(wire->stream, buffer, (size_t)-1, NULL), -EINVAL);
    WIRE_READ(wire->stream, 8, "data");
    return NULL;
}

TEST(StreamTests, test_readexactly_zero_or_less)
{
    WIRE(wire);
    run(&wire, reads_exactly_nothing);
}

static void *says_thrice(void *argument)
{
    for (int i = 0; i < 3; i++) {
        wire_say(argument, "chunk");
        wire_settle();
    }
    return NULL;
}

static void *reads_exactly(void *argument)
{
    struct wire *wire = argument;
    COIL_AUTO coil_task *peer = coil_create_task(says_thrice, wire);
    char buffer[13] = {0};

    CHECK_EQ(coil_stream_readexactly(wire->stream, buffer, 12, NULL), 12);
    CHECK_STR(buffer, "chunkchunkch");
    WIRE_READ(wire->stream, 8, "unk");
    kernel_await(peer);
    return NULL;
}

TEST(StreamTests, test_readexactly)
{
    WIRE(wire);
    run(&wire, reads_exactly);
}

TEST(StreamTests, test_readexactly_limit)
{
    WIRE_WITH(wire, &limited);
    run(&wire, reads_exactly);
}

static void *reads_exactly_to_the_end(void *argument)
{
    struct wire *wire = argument;
    char buffer[8] = {0};
    size_t got = 0;

    wire_say(wire, "part");
    wire_end(wire);
    FAILS(coil_stream_readexactly(wire->stream, buffer, 7, &got), -ENODATA);
    CHECK_EQ(got, 4);
    CHECK_STR(buffer, "part");
    CHECK(coil_stream_at_eof(wire->stream));
    return NULL;
}

TEST(StreamTests, test_readexactly_eof)
{
    WIRE(wire);
    run(&wire, reads_exactly_to_the_end);
}

static void *reads_exactly_until_a_reset(void *argument)
{
    struct wire *wire = argument;
    char buffer[4];

    wire_say(wire, "li");
    CHECK_EQ(coil_stream_readexactly(wire->stream, buffer, 2, NULL), 2);
    wire_reset(wire);
    FAILS(coil_stream_readexactly(wire->stream, buffer, 2, NULL), -ECONNRESET);
    FAILS(coil_stream_readexactly(wire->stream, buffer, 2, NULL), -ECONNRESET);
    return NULL;
}

TEST(StreamTests, test_readexactly_exception)
{
    WIRE(wire);
    run(&wire, reads_exactly_until_a_reset);
}

/* ---- the error ------------------------------------------------------------------------------ */

static void *asks_for_the_error(void *argument)
{
    struct wire *wire = argument;
    char byte;

    CHECK_EQ(coil_stream_error(wire->stream), 0);
    wire_reset(wire);
    FAILS(coil_stream_read(wire->stream, &byte, 1), -ECONNRESET);
    CHECK_EQ(coil_stream_error(wire->stream), -ECONNRESET);
    return NULL;
}

TEST(StreamTests, test_exception)
{
    WIRE(wire);
    run(&wire, asks_for_the_error);
}

static void *resets_later(void *argument)
{
    wire_settle();
    wire_reset(argument);
    return NULL;
}

static void *waits_for_the_error(void *argument)
{
    struct wire *wire = argument;
    COIL_AUTO coil_task *peer = coil_create_task(resets_later, wire);
    char buffer[8];

    FAILS(coil_stream_readline(wire->stream, buffer, sizeof(buffer)), -ECONNRESET);
    kernel_await(peer);
    return NULL;
}

TEST(StreamTests, test_exception_waiter)
{
    WIRE(wire);
    run(&wire, waits_for_the_error);
}

static void *reads_a_line(void *argument)
{
    struct wire *wire = argument;
    char buffer[8];

    wire->rc = (int)coil_stream_readline(wire->stream, buffer, sizeof(buffer));
    return NULL;
}

static void *is_cancelled_before_the_error(void *argument)
{
    struct wire *wire = argument;
    COIL_AUTO coil_task *reader = coil_create_task(reads_a_line, wire);
    char buffer[8];

    PASS(coil_yield_now());
    coil_cancel(reader);
    kernel_await(reader);
    CHECK_EQ(wire->rc, -ECANCELED);
    wire_reset(wire);
    wire_settle();
    CHECK_EQ(wire->rc, -ECANCELED);
    FAILS(coil_stream_readline(wire->stream, buffer, sizeof(buffer)), -ECONNRESET);
    return NULL;
}

TEST(StreamTests, test_exception_cancel)
{
    WIRE(wire);
    run(&wire, is_cancelled_before_the_error);
}
