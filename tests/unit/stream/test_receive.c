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
