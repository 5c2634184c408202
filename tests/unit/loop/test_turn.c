// SPDX-License-Identifier: MIT
#include "loop/turn.h"

#include "world.h"

struct note {
    struct record *log;
    const char *name;
    coil_loop *loop;
    struct note *next;
};

static int note(void *arg)
{
    struct note *self = arg;
    record(self->log, "%s", self->name);
    return 0;
}

#define NOTE(note_name)                                                                            \
    {                                                                                              \
        .log = &log, .name = note_name                                                             \
    }

static void *note_a_step(void *arg)
{
    (void)note(arg);
    return NULL;
}

/* ---- order ---------------------------------------------------------------------------------- */

static void *note_a_completion(void *arg)
{
    (void)world_op(OP_NOP, -1, NULL, 0);
    (void)note(arg);
    return NULL;
}

/* Asks for one item of each kind, in another order than the one in which they are to come. */
static int ask_for_all(void *arg)
{
    struct note *notes = arg;
    coil_loop *loop = notes->loop;
    PASS(coil_handle_error(coil_call_later(loop, 0, note, &notes[3])));
    PASS(coil_handle_error(coil_call_soon_threadsafe(loop, note, &notes[2])));
    PASS(coil_handle_error(coil_call_soon(loop, note, &notes[0])));
    return 0;
}

TEST(turn, takes_completions_then_other_threads_then_timers)
{
    struct record log = {""};
    struct note notes[] = {NOTE("ready"), NOTE("completion"), NOTE("thread"), NOTE("timer")};
    WORLD(w);
    notes[0].loop = w.loop;
    world_answer(&w, OP_NOP, 0, 0);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, note_a_completion, &notes[1], NULL);
    PASS(coil_handle_error(coil_call_soon(w.loop, ask_for_all, notes)));
    PASS(world_turn(&w));
    CHECK_STR(log.text, "");
    PASS(world_turn(&w));
    CHECK_STR(log.text, "ready completion thread timer");
    CHECK(coil_done(task));
}

/* Contract 7: first steps of tasks and callbacks share one queue. */
TEST(turn, runs_tasks_and_callbacks_in_the_order_of_the_asking)
{
    struct record log = {""};
    struct note a = NOTE("A"), b = NOTE("B"), tom = NOTE("Tom"), kitty = NOTE("Kitty");
    WORLD(w);
    COIL_AUTO coil_task *first = coil_create_task_with(w.loop, note_a_step, &a, NULL);
    PASS(coil_handle_error(coil_call_soon(w.loop, note, &tom)));
    COIL_AUTO coil_task *second = coil_create_task_with(w.loop, note_a_step, &b, NULL);
    PASS(coil_handle_error(coil_call_soon(w.loop, note, &kitty)));
    PASS(world_turn(&w));
    CHECK_STR(log.text, "A Tom B Kitty");
    CHECK(coil_done(first) && coil_done(second));
}

static int note_and_ask(void *arg)
{
    struct note *self = arg;
    if (self->next)
        PASS(coil_handle_error(coil_call_soon(self->loop, note_and_ask, self->next)));
    return note(self);
}

TEST(turn, looks_at_the_engine_before_what_a_callback_asked_for_runs)
{
    struct record log = {""};
    struct note notes[] = {NOTE("A"), NOTE("B"), NOTE("C")}, completion = NOTE("completion");
    WORLD(w);
    for (int i = 0; i < 3; i++) {
        notes[i].loop = w.loop;
        notes[i].next = i < 2 ? &notes[i + 1] : NULL;
    }
    world_answer(&w, OP_NOP, 0, 0);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, note_a_completion, &completion, NULL);
    PASS(coil_handle_error(coil_call_soon(w.loop, note_and_ask, &notes[0])));
    PASS(coil_run_until_complete(w.loop, task, NULL));
    PASS(world_turn(&w));
    CHECK_STR(log.text, "A B completion C");
}

/* ---- contract 6: what a turn costs ----------------------------------------------------------- */

enum { TASKS = 50, ROUNDS = 10 };

static void *submit_rounds(void *unused)
{
    (void)unused;
    for (int i = 0; i < ROUNDS; i++)
        CHECK_EQ(world_op(OP_NOP, -1, NULL, 0), 7);
    return NULL;
}

TEST(turn, enters_once_for_all_that_was_submitted)
{
    coil_task *tasks[TASKS];
    WORLD(w);
    for (int i = 0; i < TASKS * ROUNDS; i++)
        world_answer(&w, OP_NOP, 7, 0);
    for (int i = 0; i < TASKS; i++)
        tasks[i] = coil_create_task_with(w.loop, submit_rounds, NULL, NULL);
    PASS(coil_run_until_complete(w.loop, tasks[TASKS - 1], NULL));
    CHECK_EQ(world_counts(&w).submitted, TASKS * ROUNDS);
    CHECK_EQ(world_counts(&w).enters, ROUNDS);
    for (int i = 0; i < TASKS; i++)
        coil_unref(tasks[i]);
}

static void *yield_often(void *unused)
{
    (void)unused;
    for (int i = 0; i < 3000; i++)
        PASS(coil_yield_now());
    return NULL;
}

TEST(turn, does_not_enter_when_it_is_busy_and_nothing_was_submitted)
{
    WORLD(w);
    COIL_AUTO coil_task *other = coil_create_task_with(w.loop, yield_often, NULL, NULL);
    PASS(world_run(&w, yield_often, NULL));
    CHECK_EQ(world_counts(&w).enters, 0);
    CHECK(coil_done(other));
}

static void *sleep_a_second(void *unused)
{
    (void)unused;
    PASS(coil_sleep(COIL_SEC(1)));
    return NULL;
}

TEST(turn, enters_once_to_sleep)
{
    WORLD(w);
    COIL_AUTO coil_task *other = coil_create_task_with(w.loop, sleep_a_second, NULL, NULL);
    PASS(world_run(&w, sleep_a_second, NULL));
    CHECK_EQ(world_counts(&w).enters, 1);
    CHECK_EQ(world_time(&w), COIL_SEC(1));
    CHECK(coil_done(other));
}

TEST(turn, submits_and_waits_in_one_enter)
{
    struct record log = {""};
    struct note completion = NOTE("completion");
    WORLD(w);
    world_answer(&w, OP_NOP, 0, COIL_MS(10));
    PASS(world_run(&w, note_a_completion, &completion));
    CHECK_EQ(world_counts(&w).enters, 1);
    CHECK_EQ(world_time(&w), COIL_MS(10));
}

/* ---- nobody starves ------------------------------------------------------------------------- */

/* A task that is always ready, and whose steps take a microsecond each. */
struct busy {
    coil_sim *sim;
    bool stop;
};

static void *be_busy(void *arg)
{
    struct busy *busy = arg;
    while (!busy->stop && coil_sim_time(busy->sim) < COIL_SEC(2)) {
        PASS(coil_sim_advance(busy->sim, 1000));
        PASS(coil_yield_now());
    }
    return NULL;
}

static int stop_it(void *busy)
{
    ((struct busy *)busy)->stop = true;
    return 0;
}

TEST(turn, calls_a_timer_in_time_beside_a_task_that_is_always_ready)
{
    struct busy busy = {NULL, false};
    WORLD(w);
    busy.sim = w.sim;
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(10), stop_it, &busy)));
    PASS(world_run(&w, be_busy, &busy));
    CHECK_EQ(world_time(&w), COIL_MS(10) + 1000); /* one step was ready before it */
}

static void *stop_after_an_operation(void *busy)
{
    CHECK_EQ(world_op(OP_NOP, -1, NULL, 0), 0);
    (void)stop_it(busy);
    return NULL;
}

TEST(turn, takes_a_completion_beside_a_task_that_is_always_ready)
{
    struct busy busy = {NULL, false};
    WORLD(w);
    busy.sim = w.sim;
    world_answer(&w, OP_NOP, 0, COIL_MS(10));
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, stop_after_an_operation, &busy, NULL);
    PASS(world_run(&w, be_busy, &busy));
    CHECK(world_time(&w) >= COIL_MS(10) && world_time(&w) <= COIL_MS(11));
    CHECK(coil_done(task));
}

/* Tasks alone are ready, and no time passes: such turns are over before they begin. */
struct impatient {
    int (*ask)(void *called); /* for a callback that is due at once */
    bool called;
    int yields; /* until it was called */
};

static void *yield_until_called(void *arg)
{
    struct impatient *impatient = arg;
    PASS(coil_yield_now());
    PASS(impatient->ask(&impatient->called));
    while (!impatient->called && impatient->yields < 100) {
        PASS(coil_yield_now());
        impatient->yields++;
    }
    return NULL;
}

static int set_called(void *called)
{
    *(bool *)called = true;
    return 0;
}

static int post(void *called)
{
    return coil_handle_error(
        coil_call_soon_threadsafe(coil_get_running_loop(), set_called, called));
}

static int call_now(void *called)
{
    return coil_handle_error(coil_call_later(coil_get_running_loop(), 0, set_called, called));
}

static int call_soon(void *called)
{
    return coil_handle_error(coil_call_soon(coil_get_running_loop(), set_called, called));
}

TEST(turn, hears_other_threads_beside_a_task_that_is_always_ready)
{
    struct impatient impatient = {.ask = post};
    WORLD(w);
    PASS(world_run(&w, yield_until_called, &impatient));
    CHECK_EQ(impatient.yields, 2);
}

TEST(turn, calls_what_is_due_at_once_beside_a_task_that_is_always_ready)
{
    struct impatient impatient = {.ask = call_now};
    WORLD(w);
    PASS(world_run(&w, yield_until_called, &impatient));
    CHECK_EQ(impatient.yields, 2);
}

TEST(turn, calls_what_is_ready_beside_a_task_that_is_always_ready)
{
    struct impatient impatient = {.ask = call_soon};
    WORLD(w);
    PASS(world_run(&w, yield_until_called, &impatient));
    CHECK_EQ(impatient.yields, 1); /* it was queued before the yield was */
}

/* An iteration of many items is run in batches, and the engine is looked at in between. */
struct crowd {
    struct world *w;
    uint64_t enters; /* when the last one ran */
};

static int be_one_of_many(void *arg)
{
    struct crowd *crowd = arg;
    crowd->enters = world_counts(crowd->w).enters;
    return 0;
}

TEST(turn, does_not_keep_the_engine_waiting_for_the_end_of_a_long_iteration)
{
    struct record log = {""};
    struct note completion = NOTE("completion");
    struct crowd crowd = {NULL, 0};
    WORLD(w);
    crowd.w = &w;
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, note_a_completion, &completion, NULL);
    for (int i = 0; i < 5 * BATCH_ITEMS; i++)
        (void)coil_call_soon(w.loop, be_one_of_many, &crowd);
    PASS(world_turn(&w));
    CHECK_EQ(crowd.enters, 1); /* the operation was submitted by the first item */
    CHECK(!coil_done(task) || check_walking());
}

TEST(turn, takes_any_number_of_completions_at_once)
{
    enum { MANY = 200 };
    struct record log = {""};
    struct note quiet = NOTE("");
    coil_task *tasks[MANY];
    WORLD(w);
    for (int i = 0; i < MANY; i++) {
        world_answer(&w, OP_NOP, 0, COIL_MS(1));
        tasks[i] = coil_create_task_with(w.loop, note_a_completion, &quiet, NULL);
    }
    PASS(coil_run_until_complete(w.loop, tasks[MANY - 1], NULL));
    CHECK_EQ(world_counts(&w).enters, 1);
    for (int i = 0; i < MANY; i++) {
        CHECK(coil_done(tasks[i]));
        coil_unref(tasks[i]);
    }
}
