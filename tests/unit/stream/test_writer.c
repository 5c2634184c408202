// SPDX-License-Identifier: MIT
#include "faults.h"
#include "pair.h"

enum { MUCH = 16 * 1024 };

static coil_stream *with_water(struct world *w, size_t high, size_t low, size_t hard)
{
    const coil_stream_options options = {
        .size = sizeof(options), .high_water = high, .low_water = low, .hard_limit = hard};
    return stream_of(w, &options);
}

/* ---- write ---------------------------------------------------------------------------------- */

TEST(writer, a_write_never_waits_and_is_all_or_nothing)
{
    WORLD(w);
    STREAM *stream = with_water(&w, 8, 4, 10);
    struct iovec pieces[] = {{(char[]){"ab"}, 2}, {NULL, 0}, {(char[]){"cd"}, 2}};

    FAILS(coil_stream_write(stream, NULL, 1), -EINVAL);
    PASS(coil_stream_write(stream, NULL, 0));
    FAILS(coil_stream_write(stream, "0123456789a", 11), -EAGAIN);
    PASS(coil_stream_write(stream, "01234567", 8));
    FAILS(coil_stream_writelines(stream, pieces, 3), -EAGAIN);
    CHECK_EQ(coil_stream_write_buffer_size(stream), 8);
    PASS(coil_stream_write(stream, "89", 2));
    CHECK_EQ(coil_stream_write_buffer_size(stream), 10);
}

TEST(writer, pieces_are_written_in_their_order)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    struct iovec pieces[] = {{(char[]){"ab"}, 2}, {NULL, 0}, {(char[]){"cd"}, 2}};
    struct iovec bad = {NULL, 1};
    char got[8] = {0};

    PASS(coil_stream_writelines(stream, NULL, 0));
    FAILS(coil_stream_writelines(stream, NULL, 1), -EINVAL);
    FAILS(coil_stream_writelines(stream, pieces, -1), -EINVAL);
    FAILS(coil_stream_writelines(stream, &bad, 1), -EINVAL);
    if (!PASS(coil_stream_writelines(stream, pieces, 3)))
        return;
    chain_peek(&stream->written, got, 4);
    CHECK_STR(got, "abcd");
}

TEST(writer, many_pieces_are_one_block_behind_what_was_written)
{
    static char piece[BLOCK_SMALL_SIZE];
    static char got[3 + 2 * BLOCK_SMALL_SIZE + 1];
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    struct iovec pieces[] = {{piece, sizeof(piece)}, {NULL, 0}, {piece, sizeof(piece)}};

    memset(piece, 'x', sizeof(piece));
    piece[0] = 'b';
    if (!PASS(coil_stream_write(stream, "abc", 3)) ||
        !PASS(coil_stream_writelines(stream, pieces, 3)) ||
        !PASS(coil_stream_write(stream, "d", 1)))
        return;
    CHECK_EQ(coil_stream_write_buffer_size(stream), sizeof(got));
    chain_peek(&stream->written, got, sizeof(got));
    CHECK(memcmp(got, "abcbx", 5) == 0);
    CHECK(memcmp(got + 3, piece, sizeof(piece)) == 0);
    CHECK(memcmp(got + 3 + sizeof(piece), piece, sizeof(piece)) == 0);
    CHECK_EQ(got[sizeof(got) - 1], 'd');
}

TEST(writer, refuses_bad_arguments)
{
    FAILS(coil_stream_write(NULL, "x", 1), -EINVAL);
    FAILS(coil_stream_write(COIL_ERR(-EMFILE), "x", 1), -EMFILE);
    FAILS(coil_stream_writelines(NULL, NULL, 0), -EINVAL);
    FAILS(coil_stream_drain(NULL), -EINVAL);
    FAILS(coil_stream_send(NULL, "x", 1), -EINVAL);
    FAILS(coil_stream_write_eof(NULL), -EINVAL);
    CHECK(!coil_stream_can_write_eof(NULL));
    FAILS(coil_stream_set_write_buffer_limits(NULL, 1, 1), -EINVAL);
    CHECK_EQ(coil_stream_write_buffer_size(NULL), 0);
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    if (!PASS(coil_err(stream)))
        return;
    FAILS(coil_stream_drain(stream), -COIL_ENOLOOP);
    FAILS(coil_stream_send(stream, "x", 1), -COIL_ENOLOOP);
    FAILS(coil_stream_set_write_buffer_limits(stream, 1, 2), -EINVAL);
}

static void *writes_what_is_only_read(void *argument)
{
    coil_stream *stream = argument;
    struct iovec piece = {"x", 1};

    FAILS(coil_stream_write(stream, "x", 1), -EBADF);
    FAILS(coil_stream_writelines(stream, &piece, 1), -EBADF);
    FAILS(coil_stream_send(stream, "x", 1), -EBADF);
    FAILS(coil_stream_sendfile(stream, 0, 0, 1), -EBADF);
    FAILS(coil_stream_write_eof(stream), -EBADF);
    CHECK(!coil_stream_can_write_eof(stream));
    PASS(coil_stream_drain(stream));
    CHECK(!coil_stream_is_closing(stream));
    CHECK_READ(stream, 8, "fine");
    return NULL;
}

TEST(writer, into_what_is_only_read_is_refused_and_harms_nothing)
{
    WORLD(w);
    STREAM *stream = stream_of_kind(&w, STREAM_FILE | STREAM_NO_WRITES);
    world_script(w.sim,
                 (coil_sim_answer){.opcode = OP_READ, .fd = FD, .result = 4, .data = "fine"});
    PASS(world_run(&w, writes_what_is_only_read, stream));
}

/* ---- drain ---------------------------------------------------------------------------------- */

static void *drains(void *argument)
{
    PASS(coil_stream_drain(argument));
    return NULL;
}

static void *writes_above_the_mark(void *argument)
{
    PASS(coil_stream_drain(argument));
    PASS(coil_stream_write(argument, "12345678", 8));
    CHECK_EQ(world_now(), 0);
    PASS(coil_stream_drain(argument)); /* at the mark, not above */
    CHECK_EQ(world_now(), 0);
    PASS(coil_stream_write(argument, "9", 1));
    COIL_AUTO coil_task *other = coil_create_task(drains, argument);
    PASS(coil_stream_drain(argument));
    CHECK_TIME(world_now(), COIL_MS(2));
    CHECK_EQ(coil_stream_write_buffer_size(argument), 4);
    PASS(coil_await(other, NULL));
    CHECK_TIME(world_now(), COIL_MS(2));
    return NULL;
}

TEST(writer, drain_waits_above_the_high_mark_until_the_low_one)
{
    WORLD(w);
    STREAM *stream = with_water(&w, 8, 4, 0);
    world_answer(&w, OP_SEND, 4, COIL_MS(1));
    world_answer(&w, OP_SEND, 1, COIL_MS(1));
    world_answer(&w, OP_SEND, 4, COIL_MS(1));
    PASS(world_run(&w, writes_above_the_mark, stream));
}

static void *drains_cancelled(void *argument)
{
    return COIL_ERR(coil_stream_drain(argument));
}

static void *cancels_a_drain(void *argument)
{
    PASS(coil_stream_write(argument, "123456789", 9));
    COIL_AUTO coil_task *task = coil_create_task(drains_cancelled, argument);
    PASS(coil_yield_now());
    CHECK(coil_cancel(task));
    FAILS(coil_await(task, NULL), -ECANCELED);
    COIL_AUTO coil_task *aborted = coil_create_task(drains_cancelled, argument);
    PASS(coil_yield_now());
    PASS(coil_stream_abort(argument));
    FAILS(coil_await(aborted, NULL), -COIL_ECLOSED);
    return NULL;
}

TEST(writer, a_drain_can_be_cancelled_and_ends_with_an_abort)
{
    WORLD(w);
    STREAM *stream = with_water(&w, 8, 4, 0);
    PASS(world_run(&w, cancels_a_drain, stream));
}

/* ---- send ----------------------------------------------------------------------------------- */

static char much[MUCH];

static void *sends_much(void *argument)
{
    FAILS(coil_stream_send(argument, NULL, 1), -EINVAL);
    PASS(coil_stream_send(argument, much, MUCH));
    CHECK_EQ(coil_stream_write_buffer_size(argument), 0);
    return NULL;
}

TEST(writer, much_is_sent_from_where_it_is)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    world_answer(&w, OP_SEND, MUCH - 1, COIL_MS(1));
    world_answer(&w, OP_SEND, 1, COIL_MS(1));
    PASS(world_run(&w, sends_much, stream));
    CHECK_EQ(world_time(&w), COIL_MS(2));
}

static void *sends_and_drains(void *argument)
{
    PASS(coil_stream_send(argument, much, MUCH));
    PASS(coil_stream_error(argument));
    PASS(coil_stream_set_write_buffer_limits(argument, 0, 0));
    PASS(coil_stream_drain(argument));
    return NULL;
}

static void *sends_and_is_cancelled(void *argument)
{
    FAILS(coil_stream_send(argument, much, MUCH), -ECANCELED);
    CHECK_EQ(coil_stream_write_buffer_size(argument), MUCH - 1); /* behind which is what follows */
    PASS(coil_stream_set_write_buffer_limits(argument, 0, 0));
    PASS(coil_stream_drain(argument));
    return NULL;
}

static void *cancels_a_send(void *argument)
{
    COIL_AUTO coil_task *task = coil_create_task(sends_and_is_cancelled, argument);
    PASS(coil_sleep(COIL_MS(2)));
    CHECK(coil_cancel(task));
    PASS(coil_await(task, NULL));
    return NULL;
}

TEST(writer, a_cancelled_send_is_sent_all_the_same)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    world_answer(&w, OP_SEND, 1, COIL_MS(1));
    world_answer(&w, OP_SEND, MUCH, COIL_SEC(1));
    world_answer(&w, OP_SEND, MUCH - 1, COIL_MS(1));
    PASS(world_run(&w, cancels_a_send, stream));
}

static void *sends_beside_another(void *argument)
{
    static char left[MUCH - 1 + 4];
    coil_stream *stream = argument;

    FAILS(coil_stream_send(stream, much, MUCH), -ECANCELED);
    CHECK_EQ(coil_stream_write_buffer_size(stream), sizeof(left));
    if (check_walking())
        return NULL;
    chain_peek(&stream->written, left, sizeof(left));
    CHECK(memcmp(left + MUCH - 1, "tail", 4) == 0);
    return NULL;
}

static void *writes_and_cancels_a_send(void *stream)
{
    COIL_AUTO coil_task *task = coil_create_task(sends_beside_another, stream);
    PASS(coil_sleep(COIL_MS(2)));
    PASS(coil_stream_write(stream, "tail", 4));
    CHECK(coil_cancel(task));
    PASS(coil_await(task, NULL));
    return NULL;
}

TEST(writer, what_was_written_during_a_send_goes_behind_what_it_leaves)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    world_answer(&w, OP_SEND, 1, COIL_MS(1));
    world_answer(&w, OP_SEND, MUCH, COIL_SEC(1));
    PASS(world_run(&w, writes_and_cancels_a_send, stream));
}

/* ---- without memory ------------------------------------------------------------------------- */

/* The kernel had none for the send: what is left of it goes out as if it had been written. */
TEST(writer, a_send_without_memory_leaves_the_rest_to_the_stream)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    world_answer(&w, OP_SEND, 1, COIL_MS(1));
    world_answer(&w, OP_SEND, -ENOMEM, COIL_MS(1));
    world_answer(&w, OP_SEND, MUCH - 1, COIL_MS(1));
    PASS(world_run(&w, sends_and_drains, stream));
    CHECK_TIME(world_time(&w), COIL_MS(3));
}

TEST(writer, a_send_without_room_in_the_kernel_leaves_the_rest_to_the_stream)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    world_answer(&w, OP_SEND, 1, COIL_MS(1));
    world_answer(&w, OP_SEND, -ENOBUFS, COIL_MS(1));
    world_answer(&w, OP_SEND, MUCH - 1, COIL_MS(1));
    PASS(world_run(&w, sends_and_drains, stream));
    CHECK_TIME(world_time(&w), COIL_MS(3));
}

static void *sends_without_any_memory(void *argument)
{
    coil_stream *stream = argument;

    faults_fail_all("alloc");
    FAILS(coil_stream_send(stream, much, MUCH), -ENOMEM);
    faults_end();
    PASS(coil_stream_error(stream));
    CHECK_EQ(coil_stream_write_buffer_size(stream), 0);
    PASS(coil_stream_send(stream, much, MUCH));
    return NULL;
}

/* Nor had the stream any to keep it: nothing was sent, and nothing is lost. */
TEST(writer, a_send_that_cannot_be_kept_leaves_the_stream_as_it_was)
{
    if (check_walking())
        return; /* it is a walk of its own */
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    world_answer(&w, OP_SEND, MUCH, COIL_MS(1));
    PASS(world_run(&w, sends_without_any_memory, stream));
}

static void *memory_runs_out(void *argument)
{
    PASS(coil_sleep(COIL_MS(0.5)));
    faults_fail_all("alloc");
    return argument;
}

static void *sends_a_part_without_any_memory(void *argument)
{
    coil_stream *stream = argument;
    COIL_AUTO coil_task *other = coil_create_task(memory_runs_out, NULL);

    FAILS(coil_stream_send(stream, much, MUCH), -ENOMEM);
    faults_end();
    FAILS(coil_stream_error(stream), -ENOMEM);
    FAILS(coil_stream_wait_closed(stream), -ENOMEM);
    return NULL;
}

TEST(writer, a_send_of_which_a_part_was_sent_and_the_rest_is_lost_ends_the_connection)
{
    if (check_walking())
        return;
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    world_answer(&w, OP_SEND, 1, COIL_MS(1));
    PASS(world_run(&w, sends_a_part_without_any_memory, stream));
}

static void *sends_pieces_without_memory(void *argument)
{
    static char more[BLOCK_MIDDLE_SIZE + 4];
    coil_stream *stream = argument;
    COIL_AUTO coil_task *other = coil_create_task(memory_runs_out, NULL);

    FAILS(coil_stream_send(stream, more, sizeof(more)), -ENOMEM);
    faults_end();
    FAILS(coil_stream_error(stream), -ENOMEM);
    return NULL;
}

/* The same of one that goes by pieces, for want of room. */
TEST(writer, a_send_in_pieces_ends_the_connection_when_a_later_one_finds_no_memory)
{
    if (check_walking())
        return;
    WORLD(w);
    STREAM *stream =
        with_water(&w, BLOCK_MIDDLE_SIZE - 4, BLOCK_MIDDLE_SIZE - 4, BLOCK_MIDDLE_SIZE);
    world_answer(&w, OP_SEND, 4, COIL_MS(1)); /* its block is full */
    PASS(world_run(&w, sends_pieces_without_memory, stream));
}

static void *sends_without_memory_and_is_cancelled(void *argument)
{
    coil_stream *stream = argument;

    FAILS(coil_stream_send(stream, much, MUCH), -ENOMEM);
    faults_end();
    PASS(coil_stream_error(stream));
    FAILS(coil_sleep(COIL_MS(1)), -ECANCELED);
    return NULL;
}

static void *cancels_a_send_without_memory(void *argument)
{
    COIL_AUTO coil_task *task = coil_create_task(sends_without_memory_and_is_cancelled, argument);

    PASS(coil_sleep(COIL_MS(1)));
    CHECK(coil_cancel(task));
    faults_fail(1, "alloc");
    PASS(coil_await(task, NULL));
    return NULL;
}

TEST(writer, a_cancelled_send_that_cannot_be_kept_says_so_and_is_still_cancelled)
{
    if (check_walking())
        return;
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    world_answer(&w, OP_SEND, MUCH, COIL_SEC(1));
    PASS(world_run(&w, cancels_a_send_without_memory, stream));
}

/* ---- above the hard limit ------------------------------------------------------------------- */

static void *sends_above_the_hard_limit(void *argument)
{
    PASS(coil_stream_send(argument, "0123456789", 10));
    return NULL;
}

TEST(writer, a_send_waits_where_a_write_would_not_fit)
{
    WORLD(w);
    STREAM *stream = with_water(&w, 4, 0, 4);
    world_answer(&w, OP_SEND, 4, COIL_MS(1));
    world_answer(&w, OP_SEND, 4, COIL_MS(1));
    world_answer(&w, OP_SEND, 2, COIL_MS(1));
    PASS(world_run(&w, sends_above_the_hard_limit, stream));
    CHECK_EQ(world_time(&w), COIL_MS(2));
}
