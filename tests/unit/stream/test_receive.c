// SPDX-License-Identifier: MIT
/* How a receive may end, and what goes on all the same. */
#include "pair.h"

static void *reads_ab(void *argument)
{
    CHECK_READ(argument, 1, "a");
    CHECK_READ(argument, 1, "b");
    return NULL;
}

/* The receive that the first read begins ends in one way or another; the next has the rest. */
static void reads_on_after(int result)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    says(&w, "a", COIL_MS(1), true);
    ends_with(&w, result, COIL_MS(1));
    says(&w, "b", COIL_MS(1), false);
    PASS(world_run(&w, reads_ab, stream));
    CHECK_EQ(world_counts(&w).lent, 0);
}

TEST(receive, goes_on_when_it_ends_for_want_of_buffers)
{
    reads_on_after(-ENOBUFS);
}

TEST(receive, goes_on_when_it_was_interrupted)
{
    reads_on_after(-EINTR);
}

TEST(receive, goes_on_where_the_descriptor_takes_no_many)
{
    reads_on_after(-EINVAL);
    reads_on_after(-EOPNOTSUPP);
}

TEST(receive, goes_on_when_it_ends_with_data)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    says(&w, "a", COIL_MS(1), false);
    says(&w, "b", COIL_MS(1), false);
    PASS(world_run(&w, reads_ab, stream));
}

TEST(receive, waits_for_a_descriptor_that_does_not_wait)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    ends_with(&w, -EAGAIN, COIL_MS(1));
    world_answer(&w, OP_POLL, 1, COIL_MS(3));
    says(&w, "a", COIL_MS(1), false);
    ends_with(&w, -EAGAIN, COIL_MS(1));
    world_answer(&w, OP_POLL, 1, COIL_MS(3));
    says(&w, "b", COIL_MS(1), false);
    PASS(world_run(&w, reads_ab, stream));
    CHECK_EQ(world_time(&w), COIL_MS(10));
}

static void *tries_again(void *argument)
{
    char byte;

    FAILS(coil_stream_read(argument, &byte, 1), -ENOMEM);
    CHECK_EQ(coil_stream_error(argument), 0);
    CHECK_READ(argument, 1, "a");
    return NULL;
}

TEST(receive, tells_of_a_kernel_short_of_memory_and_loses_nothing)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    ends_with(&w, -ENOMEM, COIL_MS(1));
    says(&w, "a", COIL_MS(1), false);
    PASS(world_run(&w, tries_again, stream));
}

/* ---- without buffers that are lent ---------------------------------------------------------- */

static void plain(coil_stream *stream)
{
    if (PASS(coil_err(stream)))
        stream->streams->lends_none = true;
}

TEST(receive, has_a_block_of_its_own_where_the_engine_lends_none)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    plain(stream);
    says(&w, "a", COIL_MS(1), false);
    says(&w, "b", COIL_MS(1), false);
    PASS(world_run(&w, reads_ab, stream));
    CHECK_EQ(world_time(&w), COIL_MS(2));
}

/* ---- a reader who does not come ------------------------------------------------------------- */

static void *sleeps_and_reads(void *argument)
{
    const coil_stream *stream = argument;

    if (coil_is_err(stream))
        return NULL;
    CHECK_READ(argument, 1, "1");
    PASS(coil_sleep(COIL_MS(10)));
    CHECK_EQ(stream->received.size, 11); /* more than twice the limit: the receive was ended */
    CHECK(stream->receive.state == OP_IDLE);
    CHECK_READ(argument, 4, "2341");
    CHECK(stream->receive.state == OP_IDLE);
    CHECK_READ(argument, 3, "234"); /* no more than the limit is left */
    PASS(coil_sleep(COIL_MS(1)));
    CHECK(stream->receive.state == OP_IN_FLIGHT);
    CHECK_READ(argument, 4, "1234");
    CHECK_READ(argument, 4, "more");
    return NULL;
}

TEST(receive, pauses_above_twice_the_limit)
{
    const coil_stream_options options = {.size = sizeof(options), .limit = 4};
    WORLD(w);
    STREAM *stream = stream_of(&w, &options);
    says(&w, "1234", COIL_MS(1), true);
    says(&w, "1234", COIL_MS(1), true);
    says(&w, "1234", COIL_MS(1), true);
    says(&w, "never", COIL_SEC(100), false);
    says(&w, "more", COIL_MS(1), true);
    ends_with(&w, 0, COIL_SEC(1));
    PASS(world_run(&w, sleeps_and_reads, stream));
}

/* The next receive brings so many bytes. */
static void brings(struct world *w, int size, bool more)
{
    world_script(
        w->sim,
        (coil_sim_answer){
            .opcode = OP_RECV, .fd = FD, .result = size, .delay = COIL_MS(1), .more = more});
}

/* Reads so many bytes; later so many are there, and a receive is in flight or not. */
static void read_on(coil_stream *stream, size_t size, size_t left, bool receives)
{
    char buffer[3 * LENT_SIZE];

    CHECK_EQ(coil_stream_readexactly(stream, buffer, size, NULL), size);
    PASS(coil_sleep(COIL_MS(5)));
    CHECK_EQ(stream->received.size, left);
    CHECK_EQ(stream->receive.state == OP_IN_FLIGHT, receives);
}

static void *reads_slowly(void *argument)
{
    enum { LIMIT = 2 * LENT_SIZE };
    coil_stream *stream = argument;

    if (coil_is_err(stream))
        return NULL;
    read_on(stream, 1, 5 * LENT_SIZE - 1, false);
    read_on(stream, 3 * LENT_SIZE - 1, LIMIT + LENT_SIZE, false); /* one buffer */
    CHECK(!(stream->receive.flags & OP_MANY));
    read_on(stream, LENT_SIZE, LIMIT + LENT_SIZE, false); /* that was full: a block */
    CHECK(!(stream->receive.flags & OP_LEND));
    read_on(stream, LENT_SIZE, LIMIT + 100, false);
    CHECK(stream->receive.flags & OP_LEND); /* no block waits for what may not come */
    CHECK(!(stream->receive.flags & OP_MANY));
    read_on(stream, LIMIT + 100 + 1, 99, true); /* it waits, and nothing is left behind */
    CHECK(stream->receive.flags & OP_MANY);
    return NULL;
}

TEST(receive, takes_a_piece_at_a_time_for_a_reader_who_was_slow)
{
    const coil_stream_options options = {.size = sizeof(options), .limit = 2 * LENT_SIZE};
    WORLD(w);
    STREAM *stream = stream_of(&w, &options);
    for (int i = 0; i < 5; i++)
        brings(&w, LENT_SIZE, true);
    brings(&w, -ECANCELED, false);
    brings(&w, LENT_SIZE, false);
    brings(&w, BLOCK_SMALL_SIZE, false);
    brings(&w, 100, false);
    brings(&w, 100, false);
    PASS(world_run(&w, reads_slowly, stream));
}

static void *reads_on_by_blocks(void *argument)
{
    coil_stream *stream = argument;

    if (coil_is_err(stream))
        return NULL;
    stream->slow = true;
    CHECK_EQ(coil_stream_readexactly(stream, (char[1]){0}, 1, NULL), 1);
    CHECK_EQ(stream->received.size, BLOCK_SMALL_SIZE - 1);
    PASS(coil_yield_now());
    PASS(coil_yield_now());
    CHECK(check_walking() || (stream->into && stream->into->size == 64 * 1024));
    return NULL;
}

/* A full one is followed by a large one, as where buffers are lent. */
TEST(receive, takes_a_block_at_a_time_for_a_reader_who_was_slow)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    plain(stream);
    brings(&w, BLOCK_SMALL_SIZE, false);
    PASS(world_run(&w, reads_on_by_blocks, stream));
}

static void *reads_more_than_the_limit(void *argument)
{
    char got[12];

    CHECK_EQ(coil_stream_readexactly(argument, got, sizeof(got), NULL), 12);
    return NULL;
}

TEST(receive, does_not_pause_while_a_reader_wants_more)
{
    const coil_stream_options options = {.size = sizeof(options), .limit = 1};
    WORLD(w);
    STREAM *stream = stream_of(&w, &options);
    says(&w, "1234", COIL_MS(1), true);
    says(&w, "1234", COIL_MS(1), true);
    says(&w, "1234", COIL_MS(1), true);
    ends_with(&w, 0, COIL_SEC(1));
    PASS(world_run(&w, reads_more_than_the_limit, stream));
}

/* ---- through the kernel --------------------------------------------------------------------- */

enum { PIECE = 3000 };

static int rounds(void)
{
    return check_walking() ? 5 : 200;
}

struct flow {
    coil_stream *stream;
    int fd;
    size_t got;
    bool damaged;
};

static ssize_t pour(const struct flow *flow, char letter)
{
    char piece[PIECE];
    ssize_t n = 0;

    memset(piece, letter, sizeof(piece));
    for (size_t sent = 0; n >= 0 && sent < PIECE; sent += (size_t)n)
        n = coil_send(flow->fd, piece + sent, PIECE - sent, 0);
    return n;
}

static void *pours(void *argument)
{
    const struct flow *flow = argument;

    for (int i = 0; i < rounds() && PASS(pour(flow, (char)('a' + i % 26))); i++) {
    }
    CHECK_EQ(shutdown(flow->fd, SHUT_WR), 0);
    return NULL;
}

static void *drinks(void *argument)
{
    struct flow *flow = argument;
    COIL_AUTO coil_task *source = coil_create_task(pours, flow);
    if (coil_is_err(source))
        return NULL;
    char buffer[777];
    ssize_t n;

    while ((n = coil_stream_read(flow->stream, buffer, sizeof(buffer))) > 0) {
        for (ssize_t i = 0; i < n; i++, flow->got++)
            flow->damaged |= buffer[i] != (char)('a' + flow->got / PIECE % 26);
        if (flow->got % 5 == 0)
            PASS(coil_yield_now()); /* a slow reader */
    }
    PASS(n);
    kernel_await(source);
    return NULL;
}

TEST(receive, keeps_the_order_and_every_byte_through_the_kernel)
{
    if (!kernel_has_rings())
        return;
    ENDS ends = ends_sockets(SOCK_STREAM);
    KERNEL(loop);
    coil_stream_options options = {.size = sizeof(options), .loop = loop, .limit = 4096};
    STREAM *stream = coil_stream_new(ends.fd[0], &options);
    struct flow flow = {.stream = stream, .fd = ends.fd[1]};
    if (!PASS(coil_err(stream)))
        return;
    ends.fd[0] = -1;
    PASS(kernel_run(loop, drinks, &flow));
    CHECK_EQ(flow.got, rounds() * PIECE);
    CHECK(!flow.damaged);
}

struct flood {
    coil_stream *stream;
    int fd;
    size_t most; /* that was held once the reader had been slow */
};

static void *is_flooded(void *argument)
{
    static const char water[64 * 1024];
    struct flood *flood = argument;
    const coil_stream *stream = flood->stream;
    char sip[3000];
    ssize_t n = 1;

    for (int i = 0; n > 0 && i < 150; i++) {
        while (send(flood->fd, water, sizeof(water), MSG_DONTWAIT) > 0) {
        }
        n = coil_stream_read(flood->stream, sip, sizeof(sip));
        for (int j = 0; j < 3; j++) /* what is cancelled has ended then */
            PASS(coil_sleep(1));
        if (stream->slow && (flood->most || stream->received.size <= 2 * stream->limit) &&
            stream->received.size > flood->most)
            flood->most = stream->received.size;
    }
    PASS(n);
    return NULL;
}

/* The socket holds much more than the limit all the time. */
TEST(receive, holds_little_for_a_slow_reader_through_the_kernel)
{
    if (!kernel_has_rings() || check_walking())
        return;
    enum { LIMIT = 16 * 1024 };
    ENDS ends = ends_sockets(SOCK_STREAM);
    KERNEL(loop);
    coil_stream_options options = {.size = sizeof(options), .loop = loop, .limit = LIMIT};
    STREAM *stream = coil_stream_new(ends.fd[0], &options);
    struct flood flood = {.stream = stream, .fd = ends.fd[1]};
    if (!PASS(coil_err(stream)))
        return;
    ends.fd[0] = -1;
    PASS(kernel_run(loop, is_flooded, &flood));
    CHECK(flood.most > 0 || stream->streams->lends_none);
    CHECK(flood.most <= 2 * LIMIT);
}

static void *reads_a_pipe(void *argument)
{
    CHECK_READ(argument, 8, "through");
    CHECK_READ(argument, 8, "");
    return NULL;
}

TEST(receive, reads_a_pipe)
{
    if (!kernel_has_rings())
        return;
    ENDS ends = ends_pipe(0);
    KERNEL(loop);
    coil_stream_options options = {.size = sizeof(options), .loop = loop};
    STREAM *stream = coil_stream_new(ends.fd[0], &options);
    if (!PASS(coil_err(stream)))
        return;
    ends.fd[0] = -1;
    CHECK_EQ(write(ends.fd[1], "through", 7), 7);
    ends_close(&ends, 1);
    PASS(kernel_run(loop, reads_a_pipe, stream));
}
