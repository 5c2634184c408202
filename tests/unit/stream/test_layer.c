// SPDX-License-Identifier: MIT
#include <coil/layer.h>

#include "pair.h"

/* A layer that turns letters to the next one on the way in, and back on the way out. */
struct shift {
    coil_stream *stream;
    struct record log;
    bool waits;
    int ignores; /* so many pieces while it waits */
};

static int move(struct shift *shift, const char *data, size_t size, int by,
                int (*to)(coil_stream *, const void *, size_t))
{
    char moved[32];

    for (size_t i = 0; i < size; i++)
        moved[i] = (char)(data[i] + by);
    return to(shift->stream, moved, size);
}

static int received(void *layer, const void *data, size_t size)
{
    struct shift *shift = layer;

    if (!size)
        record(&shift->log, "ended");
    if (!shift->waits)
        return size && *(const char *)data == '!' ? -EPROTO
                                                  : move(shift, data, size, 1, coil_layer_deliver);
    if (shift->ignores && shift->ignores--)
        return 0;
    record(&shift->log, "last");
    return coil_layer_closed(shift->stream);
}

static int written(void *layer, const void *data, size_t size)
{
    return move(layer, data, size, -1, coil_layer_emit);
}

static int close_it(void *layer)
{
    struct shift *shift = layer;

    shift->waits = true;
    return coil_layer_emit(shift->stream, ".", 1) < 0 ? -ENOMEM : 1;
}

static void lost(void *layer, int code)
{
    record(&((struct shift *)layer)->log, "lost(%d)", code);
}

static void free_it(void *layer)
{
    record(&((struct shift *)layer)->log, "freed");
}

static const coil_layer_class shift_class = {
    .size = sizeof(shift_class),
    .received = received,
    .written = written,
    .close = close_it,
    .lost = lost,
    .free = free_it,
};

static void *talks(void *argument)
{
    coil_stream *stream = argument;
    char sent[4] = {0};

    CHECK_READ(stream, 8, "abc");
    CHECK(!coil_stream_can_write_eof(stream));
    FAILS(coil_stream_write_eof(stream), -EOPNOTSUPP);
    if (PASS(coil_stream_write(stream, "bcd", 3)))
        chain_peek(&stream->written, sent, 3);
    CHECK_STR(sent, "abc");
    PASS(coil_stream_close(stream));
    PASS(coil_stream_wait_closed(stream));
    CHECK_TIME(world_now(), COIL_MS(11)); /* the peer's last word */
    return NULL;
}

TEST(layer, transforms_what_goes_through_and_may_have_the_last_word)
{
    struct shift shift = {.stream = NULL};
    {
        WORLD(w);
        STREAM *stream = stream_of(&w, NULL);
        shift.stream = stream;
        if (!PASS(coil_stream_set_layer(stream, &shift_class, &shift)))
            return;
        FAILS(coil_stream_set_layer(stream, &shift_class, &shift), -EBUSY);
        says(&w, "`ab", COIL_MS(1), true);
        says(&w, "last", COIL_MS(10), true);
        ends_with(&w, 0, COIL_SEC(1));
        world_answer(&w, OP_SEND, 4, COIL_MS(1));
        PASS(world_run(&w, talks, stream));
    }
    CHECK_STR(shift.log.text, "last lost(0) freed");
}

static void *reads_too_slowly(void *argument)
{
    coil_stream *stream = argument;

    CHECK_READ(stream, 1, "b");
    PASS(coil_sleep(COIL_MS(5)));
    CHECK(coil_is_err(stream) || stream->paused);
    PASS(coil_stream_close(stream));
    PASS(coil_stream_wait_closed(stream));
    return NULL;
}

TEST(layer, hears_the_peer_out_also_when_the_reader_was_slow)
{
    const coil_stream_options options = {.size = sizeof(options), .limit = 1};
    struct shift shift = {.ignores = 1};
    {
        WORLD(w);
        STREAM *stream = stream_of(&w, &options);
        shift.stream = stream;
        if (!PASS(coil_stream_set_layer(stream, &shift_class, &shift)))
            return;
        says(&w, "abcd", COIL_MS(1), true);
        says(&w, "efgh", COIL_MS(1), true);
        says(&w, "never", COIL_SEC(100), false);
        says(&w, "more", COIL_MS(1), false);
        says(&w, "last", COIL_MS(1), false);
        world_answer(&w, OP_SEND, 1, COIL_MS(1));
        PASS(world_run(&w, reads_too_slowly, stream));
    }
    CHECK_STR(shift.log.text, "last lost(0) freed");
}

static void *reads_before(void *argument)
{
    struct shift *shift = argument;
    coil_stream *stream = shift->stream;

    CHECK_READ(stream, 1, "a");
    PASS(coil_stream_set_layer(stream, &shift_class, shift));
    CHECK_READ(stream, 8, "cd");
    CHECK_READ(stream, 8, "");
    return NULL;
}

TEST(layer, gets_what_was_received_before)
{
    struct shift shift = {.stream = NULL};
    {
        WORLD(w);
        STREAM *stream = stream_of(&w, NULL);
        shift.stream = stream;
        says(&w, "abc", COIL_MS(1), true);
        ends_with(&w, 0, COIL_MS(1));
        PASS(world_run(&w, reads_before, &shift));
    }
    CHECK_STR(shift.log.text, "ended lost(0) freed");
}

static void *comes_after_the_end(void *argument)
{
    struct shift *shift = argument;
    coil_stream *stream = shift->stream;

    PASS(coil_stream_write(stream, "x", 1));
    CHECK_READ(stream, 1, "a");
    PASS(coil_sleep(COIL_MS(9))); /* and the end came */
    CHECK(check_walking() || stream->ended);
    PASS(coil_stream_set_layer(stream, &shift_class, shift));
    CHECK_STR(shift->log.text, "ended");
    CHECK_READ(stream, 8, "cd");
    CHECK(coil_stream_at_eof(stream));
    return NULL;
}

static void *takes_over_from_a_slow_reader(void *argument)
{
    struct shift *shift = argument;
    coil_stream *stream = shift->stream;

    CHECK_READ(stream, 1, "a");
    PASS(coil_sleep(COIL_MS(5)));
    CHECK(check_walking() || stream->paused);
    PASS(coil_stream_set_layer(stream, &shift_class, shift));
    const int before = shift->ignores;
    PASS(coil_sleep(COIL_MS(5)));
    CHECK(check_walking() || shift->ignores == before - 1);
    PASS(coil_stream_abort(stream));
    return NULL;
}

/* Nobody reads, as in a handshake. */
TEST(layer, receives_on_where_a_reader_was_too_slow)
{
    const coil_stream_options options = {.size = sizeof(options), .limit = 1};
    struct shift shift = {.waits = true, .ignores = 10};
    WORLD(w);
    STREAM *stream = stream_of(&w, &options);
    shift.stream = stream;
    says(&w, "abc", COIL_MS(1), true);
    says(&w, "def", COIL_MS(1), true);
    says(&w, "never", COIL_SEC(100), false);
    says(&w, "more", COIL_MS(1), false);
    PASS(world_run(&w, takes_over_from_a_slow_reader, &shift));
}

TEST(layer, gets_an_end_that_came_before)
{
    struct shift shift = {.stream = NULL};
    {
        WORLD(w);
        STREAM *stream = stream_of(&w, NULL);
        shift.stream = stream;
        world_answer(&w, OP_SEND, 1, 0);
        says(&w, "abc", COIL_MS(1), true);
        ends_with(&w, 0, COIL_MS(1));
        PASS(world_run(&w, comes_after_the_end, &shift));
    }
    CHECK_STR(shift.log.text, "ended lost(0) freed");
}

static void *comes_too_late(void *argument)
{
    coil_stream *stream = argument;
    struct shift shift = {.stream = stream};

    PASS(coil_stream_write_eof(stream));
    FAILS(coil_stream_set_layer(stream, &shift_class, &shift), -EPIPE);
    FAILS(coil_stream_read(stream, &(char){0}, 1), -ECONNRESET);
    FAILS(coil_stream_set_layer(stream, &shift_class, &shift), -ECONNRESET);
    CHECK_STR(shift.log.text, "");
    return NULL;
}

TEST(layer, is_not_for_a_stream_that_ends_or_has_failed)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    world_answer(&w, OP_SHUTDOWN, 0, 0);
    ends_with(&w, -ECONNRESET, COIL_MS(1));
    PASS(world_run(&w, comes_too_late, stream));
}

/* ---- the layer's own mistakes, and others' -------------------------------------------------- */

static void *reads_nonsense(void *argument)
{
    char byte;

    FAILS(coil_stream_read(argument, &byte, 1), -EPROTO);
    FAILS(coil_stream_write(argument, &byte, 1), -EPROTO);
    FAILS(coil_stream_wait_closed(argument), -EPROTO);
    return NULL;
}

TEST(layer, may_give_the_connection_up_and_still_says_why)
{
    struct shift shift = {.stream = NULL};
    {
        WORLD(w);
        STREAM *stream = stream_of(&w, NULL);
        shift.stream = stream;
        if (!PASS(coil_stream_set_layer(stream, &shift_class, &shift)))
            return;
        PASS(coil_layer_emit(stream, "alert", 5));
        says(&w, "!", COIL_MS(1), true);
        ends_with(&w, 0, COIL_SEC(1));
        world_answer(&w, OP_SEND, 5, COIL_MS(5));
        PASS(world_run(&w, reads_nonsense, stream));
        CHECK_EQ(world_time(&w), COIL_MS(5));
        FAILS(coil_layer_emit(stream, "late", 4), -COIL_ECLOSED);
        PASS(coil_layer_deliver(stream, "late", 4));
        PASS(coil_layer_fail(stream, -EIO));
        CHECK_EQ(coil_stream_error(stream), -EPROTO);
    }
    CHECK_STR(shift.log.text, "lost(-71) freed");
}

TEST(layer, refuses_bad_arguments)
{
    coil_layer_class bad = shift_class;
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);

    if (!PASS(coil_err(stream)))
        return;
    bad.lost = NULL;
    FAILS(coil_stream_set_layer(NULL, &shift_class, NULL), -EINVAL);
    FAILS(coil_stream_set_layer(stream, NULL, NULL), -EINVAL);
    FAILS(coil_stream_set_layer(stream, &bad, NULL), -EINVAL);
    FAILS(coil_layer_deliver(NULL, "x", 1), -EINVAL);
    FAILS(coil_layer_deliver(stream, NULL, 1), -EINVAL);
    FAILS(coil_layer_emit(NULL, "x", 1), -EINVAL);
    FAILS(coil_layer_emit(stream, NULL, 1), -EINVAL);
    FAILS(coil_layer_closed(NULL), -EINVAL);
    PASS(coil_layer_closed(stream));
    STREAM *pipe = stream_of_kind(&w, STREAM_FILE | STREAM_NO_WRITES);
    FAILS(coil_stream_set_layer(pipe, &shift_class, NULL), coil_is_err(pipe) ? -ENOMEM : -EBADF);
    FAILS(coil_layer_fail(NULL, -EIO), -EINVAL);
    FAILS(coil_layer_fail(stream, 0), -EINVAL);
}

static void *aborts_what_has_failed(void *argument)
{
    coil_stream *stream = argument;

    PASS(coil_stream_write(stream, "abc", 3));
    PASS(coil_layer_fail(stream, -EPROTO));
    PASS(coil_stream_abort(stream));
    FAILS(coil_stream_wait_closed(stream), -EPROTO);
    FAILS(coil_stream_error(stream), -EPROTO);
    return NULL;
}

TEST(layer, the_first_error_is_the_streams)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    PASS(world_run(&w, aborts_what_has_failed, stream));
}
