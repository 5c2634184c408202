// SPDX-License-Identifier: MIT
#include "loop/await.h"

#include "loop/loop.h"
#include "world.h"

/* A task that reads once into its own stack, and what it saw. */
struct reader {
    int got;      /* the operation's result */
    coil_time at; /* when it had it */
    int then, after;
    char data[8]; /* the buffer, as it was at the task's end */
};

static void *read_once(void *arg)
{
    struct reader *reader = arg;
    char buffer[8] = "";

    reader->got = world_op(OP_RECV, 3, buffer, sizeof(buffer));
    reader->at = world_now();
    reader->then = coil_sleep(COIL_MS(1));
    reader->after = coil_sleep(COIL_MS(1));
    memcpy(reader->data, buffer, sizeof(buffer));
    return reader;
}

/* Reads what comes after 50 ms, and is cancelled after 10. */
static int read_and_cancel(struct world *w, struct reader *reader, int result,
                           coil_sim_cancel cancel)
{
    world_script(w->sim, (coil_sim_answer){.opcode = OP_RECV,
                                           .fd = 3,
                                           .result = result,
                                           .delay = COIL_MS(50),
                                           .data = "hello",
                                           .cancel = cancel});
    COIL_AUTO coil_task *task = coil_create_task_with(w->loop, read_once, reader, NULL);
    PASS(coil_handle_error(coil_call_later(w->loop, COIL_MS(10), world_cancel, task)));
    return coil_run_until_complete(w->loop, task, NULL);
}

/* ---- contract 1: not before the last completion -------------------------------------------- */

TEST(await, gives_the_result_of_the_operation)
{
    struct reader reader = {0};
    WORLD(w);
    world_script(
        w.sim, (coil_sim_answer){
                   .opcode = OP_RECV, .fd = 3, .result = 6, .delay = COIL_MS(50), .data = "hello"});
    PASS(world_run(&w, read_once, &reader));
    CHECK_EQ(reader.got, 6);
    CHECK_EQ(reader.at, COIL_MS(50));
    CHECK_STR(reader.data, "hello");
    PASS(reader.then);
}

TEST(await, gives_the_error_of_the_operation)
{
    struct reader reader = {0};
    WORLD(w);
    world_answer(&w, OP_RECV, -ECONNRESET, 0);
    PASS(world_run(&w, read_once, &reader));
    FAILS(reader.got, -ECONNRESET);
}

TEST(await, returns_only_after_the_last_completion_even_when_cancelled)
{
    struct reader reader = {0};
    WORLD(w);
    PASS(read_and_cancel(&w, &reader, 6, COIL_SIM_CANCEL_IGNORED));
    CHECK_EQ(reader.at, COIL_MS(50));
    CHECK_EQ(reader.got, 6);
    CHECK_STR(reader.data, "hello"); /* nobody wrote to the stack after the return */
}

TEST(await, returns_as_soon_as_a_cancellation_took)
{
    struct reader reader = {0};
    WORLD(w);
    PASS(read_and_cancel(&w, &reader, 6, COIL_SIM_CANCEL_TAKES));
    FAILS(reader.got, -ECANCELED);
    CHECK_EQ(reader.at, COIL_MS(10));
    PASS(reader.then); /* delivered once */
    PASS(reader.after);
}

static void *cancel_twice(void *task)
{
    PASS(coil_sleep(COIL_MS(10)));
    CHECK(coil_cancel(task));
    PASS(coil_sleep(COIL_MS(10)));
    CHECK(coil_cancel(task));
    return NULL;
}

TEST(await, may_be_cancelled_again_before_it_ends)
{
    struct reader reader = {0};
    WORLD(w);
    world_script(w.sim, (coil_sim_answer){.opcode = OP_RECV,
                                          .fd = 3,
                                          .result = -ECANCELED,
                                          .delay = COIL_MS(50),
                                          .cancel = COIL_SIM_CANCEL_IGNORED});
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, read_once, &reader, NULL);
    COIL_AUTO coil_task *other = coil_create_task_with(w.loop, cancel_twice, task, NULL);
    PASS(coil_run_until_complete(w.loop, task, NULL));
    FAILS(reader.got, -ECANCELED);
    CHECK_EQ(reader.at, COIL_MS(50));
    PASS(reader.then);        /* both were delivered by the one -ECANCELED */
    PASS(coil_close(w.loop)); /* while the task is held that the other one uses */
    CHECK(coil_done(other));
}

/* ---- contract 3: completion wins ----------------------------------------------------------- */

TEST(await, lets_a_result_win_and_delivers_the_cancellation_at_the_next_wait)
{
    struct reader reader = {0};
    WORLD(w);
    PASS(read_and_cancel(&w, &reader, 6, COIL_SIM_CANCEL_LOSES));
    CHECK_EQ(reader.got, 6);
    CHECK_EQ(reader.at, COIL_MS(10));
    CHECK_STR(reader.data, "hello");
    FAILS(reader.then, -ECANCELED);
    PASS(reader.after);
}

TEST(await, lets_an_error_win_as_a_result_does)
{
    struct reader reader = {0};
    WORLD(w);
    PASS(read_and_cancel(&w, &reader, -ECONNRESET, COIL_SIM_CANCEL_LOSES));
    FAILS(reader.got, -ECONNRESET);
    FAILS(reader.then, -ECANCELED);
}

static void *cancel_after_reading(void *task)
{
    CHECK_EQ(world_op(OP_RECV, 4, NULL, 0), 1);
    CHECK(coil_cancel(*(coil_task **)task));
    return NULL;
}

TEST(await, lets_a_result_win_that_came_before_the_cancellation)
{
    struct reader reader = {0};
    coil_task *task = NULL;
    WORLD(w);
    world_script(w.sim,
                 (coil_sim_answer){.opcode = OP_RECV, .fd = 4, .result = 1, .delay = COIL_MS(50)});
    world_script(
        w.sim, (coil_sim_answer){
                   .opcode = OP_RECV, .fd = 3, .result = 6, .delay = COIL_MS(50), .data = "hello"});
    COIL_AUTO coil_task *first = coil_create_task_with(w.loop, cancel_after_reading, &task, NULL);
    task = coil_create_task_with(w.loop, read_once, &reader, NULL);
    PASS(coil_run_until_complete(w.loop, task, NULL));
    PASS(coil_close(w.loop)); /* while the task is held that the first one uses */
    CHECK(coil_done(first));
    CHECK_EQ(reader.got, 6);
    CHECK_STR(reader.data, "hello");
    FAILS(reader.then, -ECANCELED);
    PASS(reader.after);
    coil_unref(task);
}

static void *cancel_and_take_back(void *task)
{
    PASS(coil_sleep(COIL_MS(10)));
    CHECK(coil_cancel(task));
    CHECK_EQ(coil_uncancel(task), 0);
    return NULL;
}

TEST(await, forgets_a_cancellation_that_was_taken_back_when_a_result_wins)
{
    struct reader reader = {0};
    WORLD(w);
    world_script(w.sim, (coil_sim_answer){.opcode = OP_RECV,
                                          .fd = 3,
                                          .result = 6,
                                          .delay = COIL_MS(50),
                                          .cancel = COIL_SIM_CANCEL_IGNORED});
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, read_once, &reader, NULL);
    COIL_AUTO coil_task *other = coil_create_task_with(w.loop, cancel_and_take_back, task, NULL);
    PASS(coil_run_until_complete(w.loop, task, NULL));
    PASS(coil_close(w.loop)); /* while the task is held that the other one uses */
    CHECK(coil_done(other));
    CHECK_EQ(reader.got, 6);
    PASS(reader.then);
}

/* ---- contract 4: -ECANCELED is for who was cancelled ---------------------------------------- */

TEST(await, takes_an_unasked_cancellation_for_a_close)
{
    struct reader reader = {0};
    WORLD(w);
    world_answer(&w, OP_RECV, -ECANCELED, COIL_MS(5));
    PASS(world_run(&w, read_once, &reader));
    FAILS(reader.got, -COIL_ECLOSED);
    PASS(reader.then);
}

TEST(await, takes_an_interruption_for_the_cancellation_that_was_asked_for)
{
    struct reader reader = {0};
    WORLD(w);
    PASS(read_and_cancel(&w, &reader, -EINTR, COIL_SIM_CANCEL_LOSES));
    FAILS(reader.got, -ECANCELED);
    PASS(reader.then);
}

TEST(await, passes_an_interruption_on_that_nobody_asked_for)
{
    struct reader reader = {0};
    WORLD(w);
    world_answer(&w, OP_RECV, -EINTR, 0);
    PASS(world_run(&w, read_once, &reader));
    FAILS(reader.got, -EINTR);
}

/* ---- what is not submitted ------------------------------------------------------------------ */

static void *cancelled_before(void *arg)
{
    struct reader *reader = arg;
    CHECK(coil_cancel(coil_current_task()));
    reader->got = world_op(OP_RECV, 3, NULL, 0);
    reader->at = world_now();
    reader->then = coil_yield_now();
    return NULL;
}

TEST(await, submits_nothing_when_a_cancellation_is_pending)
{
    struct reader reader = {0};
    WORLD(w);
    world_answer(&w, OP_RECV, 6, COIL_MS(50));
    PASS(world_run(&w, cancelled_before, &reader));
    FAILS(reader.got, -ECANCELED);
    CHECK_EQ(reader.at, 0);
    PASS(reader.then);
    CHECK_EQ(world_counts(&w).submitted, 0);
}

static void *use_unknown_opcode(void *arg)
{
    struct reader *reader = arg;
    reader->got = world_op(OP_LISTEN, 3, NULL, 0);
    reader->at = world_now();
    return NULL;
}

TEST(await, tells_what_the_engine_cannot_do)
{
    struct reader reader = {0};
    WORLD(w);
    if (coil_is_err(w.loop))
        return;
    w.loop->engine->opcodes &= ~(UINT64_C(1) << OP_LISTEN);
    PASS(world_run(&w, use_unknown_opcode, &reader));
    FAILS(reader.got, -EOPNOTSUPP);
    CHECK_EQ(world_counts(&w).submitted, 0);
}

TEST(await, is_refused_outside_a_task)
{
    struct op op;
    op_init(&op, OP_NOP, -1, NULL);
    FAILS(await_op(&op), -COIL_ENOLOOP);
    FAILS(await_to_the_end(&op), -COIL_ENOLOOP);
}

static int from_a_callback(void *rc)
{
    *(int *)rc = world_op(OP_NOP, -1, NULL, 0);
    return 0;
}

TEST(await, is_refused_in_a_callback)
{
    int rc = 0;
    WORLD(w);
    PASS(coil_handle_error(coil_call_soon(w.loop, from_a_callback, &rc)));
    PASS(world_turn(&w));
    FAILS(rc, -COIL_ENOLOOP);
}

/* ---- to the end ----------------------------------------------------------------------------- */

static void *write_to_the_end(void *arg)
{
    struct reader *reader = arg;
    struct op op;
    op_init(&op, OP_WRITE, 3, NULL);
    reader->got = await_to_the_end(&op);
    reader->at = world_now();
    reader->then = coil_sleep(COIL_MS(1));
    reader->after = coil_sleep(COIL_MS(1));
    return NULL;
}

TEST(await, to_the_end_hears_of_a_cancellation_at_the_next_wait)
{
    struct reader reader = {0};
    WORLD(w);
    world_answer(&w, OP_WRITE, 9, COIL_MS(50)); /* a cancellation would take */
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, write_to_the_end, &reader, NULL);
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(10), world_cancel, task)));
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK_EQ(reader.got, 9);
    CHECK_EQ(reader.at, COIL_MS(50));
    FAILS(reader.then, -ECANCELED);
    PASS(reader.after);
}

TEST(await, to_the_end_is_not_cancelled_by_the_end_of_the_loop)
{
    struct reader reader = {0};
    WORLD(w);
    world_answer(&w, OP_WRITE, 9, COIL_MS(50));
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, write_to_the_end, &reader, NULL);
    PASS(world_turn(&w));
    PASS(coil_close(w.loop));
    CHECK_EQ(reader.got, 9);
    CHECK_EQ(reader.at, COIL_MS(50));
    FAILS(reader.then, -ECANCELED);
    FAILS(reader.after, -ECANCELED);
    CHECK(coil_done(task));
}

static void *write_after_a_refusal(void *arg)
{
    FAILS(coil_sleep(COIL_SEC(1)), -ECANCELED);
    return write_to_the_end(arg);
}

TEST(await, to_the_end_is_allowed_while_the_loop_closes)
{
    struct reader reader = {0};
    WORLD(w);
    world_answer(&w, OP_WRITE, 9, COIL_MS(50));
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, write_after_a_refusal, &reader, NULL);
    PASS(world_turn(&w));
    PASS(coil_close(w.loop));
    CHECK_EQ(reader.got, 9);
    CHECK_EQ(reader.at, COIL_MS(50));
    CHECK(coil_done(task));
}

/* Only on a simulated engine can an operation have no end. */
TEST(await, to_the_end_does_not_hold_up_the_end_of_the_loop_for_ever)
{
    struct reader reader = {0};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, write_after_a_refusal, &reader, NULL);
    PASS(world_turn(&w));
    PASS(coil_close(w.loop));
    FAILS(reader.got, -COIL_ECLOSED);
    CHECK(coil_done(task));
}
