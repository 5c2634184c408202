// SPDX-License-Identifier: MIT
#include "stream/layer.h"

#include "pair.h"

/* A layer that turns letters to the next one on the way in, and back on the way out. */
struct shift {
    struct stream_layer layer;
    struct record log;
    bool waits;
};

static int move(struct stream_layer *layer, const char *data, size_t size, int by,
                int (*to)(coil_stream *, const void *, size_t))
{
    char moved[32];

    for (size_t i = 0; i < size; i++)
        moved[i] = (char)(data[i] + by);
    return to(layer->stream, moved, size);
}

static int received(struct stream_layer *layer, const void *data, size_t size)
{
    struct shift *shift = container_of(layer, struct shift, layer);

    if (shift->waits) {
        record(&shift->log, "last");
        stream_layer_closed(layer->stream);
        return 0;
    }
    return move(layer, data, size, 1, stream_deliver);
}

static int ended(struct stream_layer *layer)
{
    record(&container_of(layer, struct shift, layer)->log, "ended");
    stream_deliver_end(layer->stream);
    return 0;
}

static int write_it(struct stream_layer *layer, const void *data, size_t size)
{
    return move(layer, data, size, -1, stream_emit);
}

static int close_it(struct stream_layer *layer)
{
    struct shift *shift = container_of(layer, struct shift, layer);

    shift->waits = true;
    return stream_emit(layer->stream, ".", 1) < 0 ? -ENOMEM : 1;
}

static void free_it(struct stream_layer *layer)
{
    record(&container_of(layer, struct shift, layer)->log, "freed");
}

static const struct stream_layer_class shift_class = {
    .received = received,
    .ended = ended,
    .write = write_it,
    .close = close_it,
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
    struct shift shift = {.layer.class = &shift_class};
    {
        WORLD(w);
        STREAM *stream = stream_of(&w, NULL);
        if (!PASS(stream_set_layer(stream, &shift.layer)))
            return;
        FAILS(stream_set_layer(stream, &shift.layer), -EBUSY);
        says(&w, "`ab", COIL_MS(1), true);
        says(&w, "last", COIL_MS(10), true);
        ends_with(&w, 0, COIL_SEC(1));
        world_answer(&w, OP_SEND, 4, COIL_MS(1));
        PASS(world_run(&w, talks, stream));
    }
    CHECK_STR(shift.log.text, "last freed");
}

static void *reads_before(void *argument)
{
    struct shift *shift = argument;
    coil_stream *stream = shift->layer.stream;

    CHECK_READ(stream, 1, "a");
    shift->layer.stream = NULL;
    PASS(stream_set_layer(stream, &shift->layer));
    CHECK_READ(stream, 8, "cd");
    CHECK_READ(stream, 8, "");
    return NULL;
}

TEST(layer, gets_what_was_received_before)
{
    struct shift shift = {.layer.class = &shift_class};
    {
        WORLD(w);
        STREAM *stream = stream_of(&w, NULL);
        if (!PASS(coil_err(stream)))
            return;
        shift.layer.stream = stream;
        says(&w, "abc", COIL_MS(1), true);
        ends_with(&w, 0, COIL_MS(1));
        PASS(world_run(&w, reads_before, &shift));
    }
    CHECK_STR(shift.log.text, "ended freed");
}
