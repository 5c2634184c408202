// SPDX-License-Identifier: MIT
#include "pair.h"

/* ---- read ----------------------------------------------------------------------------------- */

static void *reads(void *argument)
{
    coil_stream *stream = argument;
    char byte;

    CHECK_EQ(coil_stream_read(stream, NULL, 0), 0);
    FAILS(coil_stream_read(stream, NULL, 1), -EINVAL);
    CHECK_READ(stream, 2, "he");
    CHECK_READ(stream, 100, "llo");
    CHECK(!coil_stream_at_eof(stream));
    CHECK_EQ(coil_stream_read(stream, &byte, 1), 0);
    CHECK(coil_stream_at_eof(stream));
    CHECK_EQ(coil_stream_read(stream, &byte, 1), 0);
    return NULL;
}

TEST(reader, a_read_gives_what_is_there_and_leaves_the_rest)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    says(&w, "hello", COIL_MS(1), true);
    ends_with(&w, 0, COIL_MS(1));
    PASS(world_run(&w, reads, stream));
    CHECK_EQ(world_time(&w), COIL_MS(2));
}

static void *reads_once(void *argument)
{
    char buffer[8];
    ssize_t n = coil_stream_read(argument, buffer, sizeof(buffer));
    return COIL_ERR((int)(n < 0 ? n : 0));
}

static void *cancels_a_read(void *argument)
{
    COIL_AUTO coil_task *reader = coil_create_task(reads_once, argument);

    PASS(coil_sleep(COIL_MS(1)));
    FAILS(coil_stream_read(argument, NULL, 0), -EBUSY); /* one at a time */
    FAILS(coil_stream_consume(argument, 0), -EBUSY);
    CHECK(coil_cancel(reader));
    FAILS(coil_await(reader, NULL), -ECANCELED);
    PASS(coil_sleep(COIL_MS(5)));
    CHECK_READ(argument, 8, "kept");
    return NULL;
}

TEST(reader, a_cancelled_read_loses_nothing)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    says(&w, "kept", COIL_MS(3), true);
    ends_with(&w, 0, COIL_SEC(1));
    PASS(world_run(&w, cancels_a_read, stream));
    CHECK_EQ(world_time(&w), COIL_MS(6));
}

static void *reads_after_an_error(void *argument)
{
    const void *data;
    char byte;

    CHECK_READ(argument, 2, "li");
    PASS(coil_sleep(COIL_MS(5)));
    CHECK_EQ(coil_stream_error(argument), -ECONNRESET);
    FAILS(coil_stream_read(argument, &byte, 1), -ECONNRESET);
    FAILS(coil_stream_readline(argument, &byte, 1), -ECONNRESET);
    FAILS(coil_stream_readexactly(argument, &byte, 1, NULL), -ECONNRESET);
    FAILS(coil_stream_write(argument, &byte, 1), -ECONNRESET);
    FAILS(coil_stream_drain(argument), -ECONNRESET);
    FAILS(coil_stream_peek(argument, &data, 1), -ECONNRESET);
    if (CHECK_EQ(coil_stream_peek(argument, &data, 0), 2))
        CHECK(memcmp(data, "ne", 2) == 0);
    FAILS(coil_stream_wait_closed(argument), -ECONNRESET);
    return NULL;
}

TEST(reader, the_error_of_a_connection_stays)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    CHECK_EQ(coil_stream_error(stream), 0);
    says(&w, "line", COIL_MS(1), true);
    ends_with(&w, -ECONNRESET, COIL_MS(1));
    PASS(world_run(&w, reads_after_an_error, stream));
}

TEST(reader, an_error_ends_the_wait)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    ends_with(&w, -ECONNRESET, COIL_MS(1));
    FAILS(world_run(&w, reads_once, stream), -ECONNRESET);
}

/* ---- readexactly ---------------------------------------------------------------------------- */

static void *reads_exactly(void *argument)
{
    coil_stream *stream = argument;
    char got[8] = {0};
    size_t n = 1;

    CHECK_EQ(coil_stream_readexactly(stream, got, 0, &n), 0);
    CHECK_EQ(n, 0);
    FAILS(coil_stream_readexactly(stream, got, SIZE_MAX, NULL), -EINVAL);
    CHECK_EQ(coil_stream_readexactly(stream, got, 4, &n), 4);
    CHECK_STR(got, "abcd");
    CHECK_EQ(n, 4);
    FAILS(coil_stream_readexactly(stream, got, 4, &n), -ENODATA);
    CHECK_EQ(n, 2);
    CHECK(memcmp(got, "ef", 2) == 0);
    CHECK(coil_stream_at_eof(stream));
    return NULL;
}

TEST(reader, readexactly_waits_for_all_of_it)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    says(&w, "abc", COIL_MS(1), true);
    says(&w, "def", COIL_MS(1), true);
    ends_with(&w, 0, COIL_MS(1));
    PASS(world_run(&w, reads_exactly, stream));
}

/* ---- read_all ------------------------------------------------------------------------------- */

static void *reads_all(void *argument)
{
    void *data;
    size_t length;

    FAILS(coil_stream_read_all(argument, NULL, &length), -EINVAL);
    if (PASS(coil_stream_read_all(argument, &data, &length))) {
        CHECK_EQ(length, 6);
        CHECK(data && memcmp(data, "abcdef", 6) == 0);
        coil_free(data);
    }
    PASS(coil_stream_read_all(argument, &data, &length));
    CHECK_PTR(data, NULL);
    CHECK_EQ(length, 0);
    coil_free(data); /* the walk: the first call failed */
    return NULL;
}

TEST(reader, read_all_reads_to_the_end)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    says(&w, "abc", COIL_MS(1), true);
    says(&w, "def", COIL_MS(1), true);
    ends_with(&w, 0, COIL_MS(1));
    PASS(world_run(&w, reads_all, stream));
}

/* ---- peek and consume ----------------------------------------------------------------------- */

static void *peeks(void *argument)
{
    coil_stream *stream = argument;
    const void *data = NULL;

    CHECK_EQ(coil_stream_peek(stream, &data, 0), 0);
    CHECK_EQ(coil_stream_peek(stream, &data, 1), 3);
    const char *memory = data;
    CHECK_EQ(coil_stream_peek(stream, &data, 3), 3);
    CHECK_PTR(data, memory);
    FAILS(coil_stream_consume(stream, 4), -EINVAL);
    PASS(coil_stream_consume(stream, 1));
    if (CHECK_EQ(coil_stream_peek(stream, &data, 4), 5))
        CHECK(memcmp(data, "bcdef", 5) == 0);
    CHECK_EQ(coil_stream_peek(stream, &data, 100), 5); /* the end */
    PASS(coil_stream_consume(stream, 5));
    CHECK_EQ(coil_stream_peek(stream, &data, 1), 0);
    FAILS(coil_stream_peek(stream, NULL, 1), -EINVAL);
    return NULL;
}

TEST(reader, peek_shows_what_consume_takes)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    says(&w, "abc", COIL_MS(1), true);
    says(&w, "def", COIL_MS(1), true);
    ends_with(&w, 0, COIL_MS(1));
    PASS(world_run(&w, peeks, stream));
}

/* ---- much at once --------------------------------------------------------------------------- */

enum { MUCH = 16 * 1024 };

static void *reads_much(void *argument)
{
    static char buffer[MUCH];

    CHECK_EQ(coil_stream_read(argument, buffer, MUCH), MUCH);
    CHECK_EQ(buffer[MUCH - 1], 'x');
    CHECK_EQ(coil_stream_read(argument, buffer, MUCH), 0);
    CHECK(coil_stream_at_eof(argument));
    return NULL;
}

TEST(reader, much_comes_straight_into_the_callers_memory)
{
    static char data[MUCH];
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    memset(data, 'x', MUCH);
    world_script(w.sim,
                 (coil_sim_answer){.opcode = OP_RECV, .fd = FD, .result = MUCH, .data = data});
    ends_with(&w, 0, 0);
    PASS(world_run(&w, reads_much, stream));
    struct streams *streams = streams_of(w.loop);
    CHECK(coil_is_err(streams) || !streams->lent);
}

static char much[MUCH];

/* More was received than is good, and a read of all of it is followed by one of a task's own. */
static void *reads_much_at_once(void *argument)
{
    coil_stream *stream = argument;

    CHECK_READ(stream, 1, "a");
    PASS(coil_sleep(COIL_MS(2)));
    CHECK(stream->paused);
    CHECK_READ(stream, 8, "bcd"); /* a receive is to begin again, at the end of the turn */
    stream->bulk = true;
    CHECK_EQ(coil_stream_read(stream, much, sizeof(much)), 5);
    CHECK_EQ(stream->receive.state, OP_IDLE);
    CHECK(!memcmp(much, "first", 5));
    CHECK_READ(stream, 8, "second");
    return NULL;
}

TEST(reader, receives_in_one_way_at_a_time)
{
    const coil_stream_options options = {.size = sizeof(options), .limit = 1};
    if (check_walking())
        return; /* each receive has its own answer, unless a fault takes one away */
    WORLD(w);
    STREAM *stream = stream_of(&w, &options);
    says(&w, "ab", COIL_MS(1), true);
    says(&w, "cd", COIL_MS(1), true);
    ends_with(&w, 0, COIL_SEC(1));
    says(&w, "first", COIL_MS(2), false);
    says(&w, "second", COIL_MS(1), true);
    ends_with(&w, 0, COIL_SEC(1));
    PASS(world_run(&w, reads_much_at_once, stream));
}

/* What is in flight was there first. */
static void *reads_much_behind_a_receive(void *argument)
{
    coil_stream *stream = argument;

    CHECK_READ(stream, 2, "ab");
    stream->bulk = true;
    CHECK_EQ(stream->receive.state, OP_IN_FLIGHT);
    CHECK_EQ(coil_stream_read(stream, much, sizeof(much)), 2);
    CHECK(!memcmp(much, "cd", 2));
    return NULL;
}

TEST(reader, does_not_pass_a_receive_that_is_in_flight)
{
    if (check_walking())
        return; /* each receive has its own answer, unless a fault takes one away */
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    says(&w, "ab", COIL_MS(1), true);
    says(&w, "cd", COIL_MS(2), true);
    ends_with(&w, 0, COIL_SEC(1));
    says(&w, "later", COIL_MS(1), false);
    PASS(world_run(&w, reads_much_behind_a_receive, stream));
}

static void *reads_by_itself(void *argument)
{
    ssize_t n = coil_stream_read(argument, much, sizeof(much));
    return COIL_ERR((int)(n < 0 ? n : 0));
}

static void *closes_under_a_read(void *argument)
{
    coil_stream *stream = argument;
    COIL_AUTO coil_task *reader = coil_create_task(reads_by_itself, stream);

    PASS(coil_sleep(COIL_MS(1)));
    PASS(coil_stream_write(stream, "last", 4));
    PASS(coil_stream_close(stream));
    FAILS(coil_await(reader, NULL), -COIL_ECLOSED);
    CHECK_TIME(world_now(), COIL_MS(1));
    PASS(coil_stream_wait_closed(stream));
    CHECK_TIME(world_now(), COIL_MS(6)); /* it was sent */
    return NULL;
}

TEST(reader, a_close_ends_a_read_of_much)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    world_answer(&w, OP_SEND, 4, COIL_MS(5));
    PASS(world_run(&w, closes_under_a_read, stream));
}

/* ---- descriptors that are no sockets -------------------------------------------------------- */

static void *reads_what_only_writes(void *argument)
{
    coil_stream *stream = argument;
    const void *data;
    void *all;
    size_t n;

    FAILS(coil_stream_read(stream, much, 1), -EBADF);
    FAILS(coil_stream_read(stream, much, MUCH), -EBADF);
    FAILS(coil_stream_readline(stream, much, MUCH), -EBADF);
    FAILS(coil_stream_read_all(stream, &all, &n), -EBADF);
    FAILS(coil_stream_peek(stream, &data, 1), -EBADF);
    CHECK_EQ(coil_stream_peek(stream, &data, 0), 0);
    PASS(coil_stream_error(stream));
    return COIL_ERR(coil_stream_send(stream, "fine", 4));
}

TEST(reader, of_what_is_only_written_is_refused_and_harms_nothing)
{
    WORLD(w);
    STREAM *stream = stream_of_kind(&w, STREAM_FILE | STREAM_NO_READS);
    world_answer(&w, OP_WRITE, 4, 0);
    PASS(world_run(&w, reads_what_only_writes, stream));
}

static void *reads_to_the_hangup(void *argument)
{
    CHECK_READ(argument, 8, "output");
    CHECK_EQ(coil_stream_read(argument, much, MUCH), 0);
    CHECK(coil_stream_at_eof(argument));
    PASS(coil_stream_send(argument, "input", 5)); /* somebody may open the other side again */
    return NULL;
}

/* Into the stream's memory and, asked for much, into the reader's. */
TEST(reader, of_a_pseudo_terminal_gets_its_hangup_as_the_end)
{
    const coil_sim_answer output = {.opcode = OP_READ, .fd = FD, .result = 6, .data = "output"};
    const coil_sim_answer hangup = {.opcode = OP_READ, .fd = FD, .result = -EIO};

    for (int bulk = 0; bulk < 2; bulk++) {
        WORLD(w);
        STREAM *stream = stream_of_kind(&w, STREAM_FILE | STREAM_MASTER);
        if (coil_is_err(stream))
            continue;
        stream->bulk = bulk;
        world_script(w.sim, output);
        world_script(w.sim, hangup);
        world_answer(&w, OP_WRITE, 5, 0);
        PASS(world_run(&w, reads_to_the_hangup, stream));
    }
}

static void *reads_what_fails(void *argument)
{
    return COIL_ERR((int)coil_stream_read(argument, much, MUCH));
}

TEST(reader, of_another_file_gets_such_an_error_as_it_is)
{
    WORLD(w);
    STREAM *stream = stream_of_kind(&w, STREAM_FILE);
    world_answer(&w, OP_READ, -EIO, 0);
    FAILS(world_run(&w, reads_what_fails, stream), -EIO);
    FAILS(coil_stream_error(stream), -EIO);
}

/* ---- who may ask ---------------------------------------------------------------------------- */

TEST(reader, refuses_bad_arguments)
{
    const void *data;
    size_t n;
    void *all;
    char byte;

    FAILS(coil_stream_read(NULL, &byte, 1), -EINVAL);
    FAILS(coil_stream_read(COIL_ERR(-EMFILE), &byte, 1), -EMFILE);
    FAILS(coil_stream_readexactly(NULL, &byte, 1, &n), -EINVAL);
    FAILS(coil_stream_readline(NULL, &byte, 1), -EINVAL);
    FAILS(coil_stream_readuntil(NULL, "x", 1, &byte, 1, &n), -EINVAL);
    FAILS(coil_stream_read_all(NULL, &all, &n), -EINVAL);
    FAILS(coil_stream_peek(NULL, &data, 1), -EINVAL);
    FAILS(coil_stream_consume(NULL, 1), -EINVAL);
    CHECK(!coil_stream_at_eof(NULL));
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    if (PASS(coil_err(stream)))
        FAILS(coil_stream_read(stream, &byte, 1), -COIL_ENOLOOP);
}
