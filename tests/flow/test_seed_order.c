// SPDX-License-Identifier: MIT
/*
 * The programs of the seed tutorial that show in which order things happen, in virtual time: what
 * asyncio prints, coil prints. A blocking call is one that moves the clock without letting anybody
 * else run.
 */
#include "world.h"

#include <coil/coil.h>

struct program;

/* A coroutine of the tutorial: it has a name, takes its time, and returns its name. */
struct work {
    struct program *program;
    const char *name;
    coil_time time;
};

struct program {
    struct record out;
    struct world *w;
    coil_future *gather;
    coil_time start;
    struct work one, two;
};

static coil_future *new_task(struct world *w, coil_fn fn, void *arg)
{
    return coil_create_task_with(w->loop, fn, arg, NULL);
}

static void *sleeps(void *arg)
{
    struct work *work = arg;

    record(&work->program->out, "start %s", work->name);
    PASS(coil_sleep(work->time));
    record(&work->program->out, "stop %s", work->name);
    return (void *)(uintptr_t)work->name;
}

static void *blocks(void *arg)
{
    struct work *work = arg;

    record(&work->program->out, "start %s", work->name);
    PASS(coil_sim_advance(work->program->w->sim, work->time));
    record(&work->program->out, "stop %s", work->name);
    return (void *)(uintptr_t)work->name;
}

/* ---- one coroutine -------------------------------------------------------------------------- */

static void *corowork(void *arg)
{
    struct program *program = arg;

    record(&program->out, "start");
    PASS(coil_sim_advance(program->w->sim, COIL_MS(100)));
    record(&program->out, "work");
    return NULL;
}

TEST(seed_order, s13_one_coroutine)
{
    struct program program = {.w = NULL};
    WORLD(w);
    program.w = &w;
    const coil_coro coroutine = {corowork, &program}; /* runs nothing */

    record(&program.out, "made");
    PASS(world_run(&w, coroutine.fn, coroutine.arg));
    record(&program.out, "ran");
    CHECK_STR(program.out.text, "made start work ran");
    CHECK_EQ(world_time(&w), COIL_MS(100));
}

TEST(seed_order, s14_a_task_is_pending_and_then_finished)
{
    struct program program = {.w = NULL};
    WORLD(w);
    program.w = &w;
    COIL_AUTO coil_task *task = new_task(&w, corowork, &program);

    record(&program.out, "%s", coil_future_state(task) == COIL_PENDING ? "pending" : "?");
    PASS(coil_run_until_complete(w.loop, task, NULL));
    record(&program.out, "%s", coil_future_state(task) == COIL_FINISHED ? "finished" : "?");
    CHECK_STR(program.out.text, "pending start work finished");
    CHECK_EQ(world_time(&w), COIL_MS(100));
}

struct bound {
    struct program *program;
    const char *name;
};

static void hello(coil_future *future, void *userdata)
{
    const struct bound *bound = userdata;

    record(&bound->program->out, "hello %s %s", bound->name,
           coil_future_state(future) == COIL_FINISHED ? "finished" : "?");
}

TEST(seed_order, s15_a_callback_sees_the_finished_task_before_the_run_returns)
{
    struct program program = {.w = NULL};
    struct bound jesse = {&program, "Jesse"};
    WORLD(w);
    program.w = &w;
    COIL_AUTO coil_task *task = new_task(&w, corowork, &program);

    PASS(coil_add_done_callback(task, hello, &jesse));
    PASS(coil_run_until_complete(w.loop, task, NULL));
    record(&program.out, "returned");
    CHECK_STR(program.out.text, "start work hello Jesse finished returned");
}

/* ---- several -------------------------------------------------------------------------------- */

static void run_both(struct program *program, coil_fn fn, coil_time took, const char *out)
{
    struct work *one = &program->one, *two = &program->two;

    *one = (struct work){program, "ONE", COIL_SEC(3)};
    *two = (struct work){program, "TWO", COIL_SEC(1)};
    COIL_AUTO coil_task *task1 = new_task(program->w, fn, one);
    COIL_AUTO coil_task *task2 = new_task(program->w, fn, two);
    coil_future *const tasks[] = {task1, task2};
    COIL_AUTO coil_future *gather = coil_gather_futures(tasks, 2, 0);
    void *array = NULL, *result = NULL;

    PASS(coil_run_until_complete(program->w->loop, gather, &array));
    CHECK_STR(program->out.text, out);
    CHECK_EQ(world_time(program->w), took);
    PASS(coil_result(task1, &result));
    CHECK_PTR(result, one->name);
    PASS(coil_result(task2, &result));
    CHECK_PTR(result, two->name);
    if (array) { /* S18: in the order of the arguments */
        CHECK_PTR(((void **)array)[0], one->name);
        CHECK_PTR(((void **)array)[1], two->name);
    }
}

TEST(seed_order, s16_s18_two_tasks_side_by_side)
{
    struct program program = {.w = NULL};
    WORLD(w);

    program.w = &w;
    run_both(&program, sleeps, COIL_SEC(3), "start ONE start TWO stop TWO stop ONE");
}

TEST(seed_order, s17_two_tasks_that_block)
{
    struct program program = {.w = NULL};
    WORLD(w);

    program.w = &w;
    run_both(&program, blocks, COIL_SEC(4), "start ONE stop ONE start TWO stop TWO");
}

static void *gathers_coroutines(void *arg)
{
    struct program *program = arg;
    struct work one = {program, "ONE", COIL_SEC(3)}, two = {program, "TWO", COIL_SEC(1)};
    const coil_coro coroutines[] = {{sleeps, &one}, {sleeps, &two}};
    COIL_AUTO coil_future *gather = coil_gather(coroutines, 2, 0);
    size_t n = 0;

    PASS(coil_await(gather, NULL));
    void *const *results = coil_gather_results(gather, &n);
    for (size_t i = 0; !coil_is_err(results) && i < n; i++)
        record(&program->out, "%s", (const char *)results[i]);
    return NULL;
}

TEST(seed_order, s18_the_order_of_coroutines_is_the_order_of_starts_and_results)
{
    struct program program = {.w = NULL};
    WORLD(w);

    program.w = &w;
    PASS(world_run(&w, gathers_coroutines, &program));
    CHECK_STR(program.out.text, "start ONE start TWO stop TWO stop ONE ONE TWO");
}

/* ---- run_forever ---------------------------------------------------------------------------- */

static void *stops_the_loop(void *arg)
{
    struct work *work = arg;

    (void)sleeps(arg);
    coil_stop(work->program->w->loop);
    record(&work->program->out, "after stop");
    return NULL;
}

TEST(seed_order, s23_a_loop_that_was_stopped_can_run_again)
{
    struct program program = {.w = NULL};
    struct work first = {&program, "first", COIL_SEC(1)},
                second = {&program, "second", COIL_SEC(1)};
    WORLD(w);
    program.w = &w;
    COIL_AUTO coil_task *one = new_task(&w, stops_the_loop, &first);

    CHECK_EQ(coil_run_forever(w.loop), 0);
    CHECK_EQ(coil_future_state(one), COIL_FINISHED);
    COIL_AUTO coil_task *two = new_task(&w, stops_the_loop, &second);
    CHECK_EQ(coil_run_forever(w.loop), 0);
    CHECK_EQ(coil_future_state(two), COIL_FINISHED);
    CHECK_STR(program.out.text,
              "start first stop first after stop start second stop second after stop");
    CHECK_EQ(world_time(&w), COIL_SEC(2));
    CHECK_EQ(coil_close(w.loop), 0);
}

static void loop_stop(coil_future *future, void *userdata)
{
    struct program *program = userdata;

    CHECK_PTR(future, program->gather);
    coil_stop(program->w->loop);
}

TEST(seed_order, s24_a_callback_of_a_gather_stops_the_loop)
{
    struct program program = {.w = NULL};
    struct work one = {&program, "1", COIL_SEC(1)}, two = {&program, "2", COIL_SEC(2)};
    WORLD(w);
    program.w = &w;
    COIL_AUTO coil_task *task1 = new_task(&w, sleeps, &one);
    COIL_AUTO coil_task *task2 = new_task(&w, sleeps, &two);
    coil_future *const tasks[] = {task1, task2};
    COIL_AUTO coil_future *gather = program.gather = coil_gather_futures(tasks, 2, 0);

    if (coil_add_done_callback(gather, loop_stop, &program) < 0)
        coil_stop(w.loop); /* nobody else would */
    CHECK_EQ(coil_run_forever(w.loop), 0);
    CHECK_STR(program.out.text, "start 1 start 2 stop 1 stop 2");
    CHECK_EQ(world_time(&w), COIL_SEC(2));
}

/* ---- callbacks ------------------------------------------------------------------------------ */

static int greet(void *userdata)
{
    const struct bound *bound = userdata;

    record(&bound->program->out, "hello %s", bound->name);
    return 0;
}

TEST(seed_order, s25_callbacks_and_first_steps_share_one_queue)
{
    struct program program = {.w = NULL};
    struct bound tom = {&program, "Tom"};
    struct work a = {&program, "A", COIL_SEC(1)}, b = {&program, "B", COIL_SEC(2)},
                c = {&program, "C", COIL_SEC(3)};
    WORLD(w);
    program.w = &w;
    coil_unref(new_task(&w, sleeps, &a));

    PASS(coil_handle_error(coil_call_soon(w.loop, greet, &tom)));
    coil_unref(new_task(&w, sleeps, &b));
    PASS(world_run(&w, sleeps, &c));
    CHECK_STR(program.out.text, "start A hello Tom start B start C stop A stop B stop C");
    CHECK_EQ(world_time(&w), COIL_SEC(3));
}

/* S26 and S27 differ only in how the two later calls are asked for. */
typedef coil_handle (*ask_fn)(struct program *program, coil_time after, struct bound *bound);

static coil_handle ask_later(struct program *program, coil_time after, struct bound *bound)
{
    return coil_call_later(program->w->loop, after, greet, bound);
}

static coil_handle ask_at(struct program *program, coil_time after, struct bound *bound)
{
    return coil_call_at(program->w->loop, program->start + after, greet, bound);
}

static void later_calls(ask_fn ask)
{
    struct program program = {.w = NULL};
    struct bound tom = {&program, "Tom"}, kitty = {&program, "Kitty"}, jerry = {&program, "Jerry"};
    struct work a = {&program, "A", COIL_SEC(1)}, b = {&program, "B", COIL_SEC(2)};
    WORLD(w);

    program.w = &w;
    program.start = coil_loop_time(w.loop);
    coil_unref(new_task(&w, sleeps, &a));
    PASS(coil_handle_error(ask(&program, COIL_MS(1200), &tom)));
    PASS(coil_handle_error(coil_call_soon(w.loop, greet, &kitty)));
    COIL_AUTO coil_task *task_b = new_task(&w, sleeps, &b);
    PASS(coil_handle_error(ask(&program, COIL_SEC(1), &jerry)));
    PASS(coil_run_until_complete(w.loop, task_b, NULL));
    CHECK_STR(program.out.text, "start A hello Kitty start B hello Jerry stop A hello Tom stop B");
    CHECK_EQ(world_time(&w), COIL_SEC(2));
}

TEST(seed_order, s26_call_later)
{
    later_calls(ask_later);
}

TEST(seed_order, s27_call_at)
{
    later_calls(ask_at);
}

/* The sleep was asked for first; still the callback comes first, by one turn. */
static void *sleeps_and_asks(void *arg)
{
    struct work *work = arg;
    struct bound jerry = {work->program, "Jerry"};
    COIL_AUTO coil_task *task = coil_create_task(sleeps, work);

    PASS(coil_yield_now());
    PASS(coil_handle_error(ask_later(work->program, work->time, &jerry)));
    PASS(coil_await(task, NULL));
    return NULL;
}

TEST(seed_order, s26_a_callback_comes_before_a_sleeper_of_the_same_time)
{
    struct program program = {.w = NULL};
    struct work a = {&program, "A", COIL_SEC(1)};
    WORLD(w);

    program.w = &w;
    PASS(world_run(&w, sleeps_and_asks, &a));
    CHECK_STR(program.out.text, "start A hello Jerry stop A");
}

/* call_later counts from the call, whatever the loop does meanwhile. */
TEST(seed_order, s26_a_delay_counts_from_the_call)
{
    struct program program = {.w = NULL};
    struct bound tom = {&program, "Tom"};
    struct work a = {&program, "A", COIL_MS(200)};
    WORLD(w);

    program.w = &w;
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(300), greet, &tom)));
    (void)blocks(&a); /* before the loop runs */
    FAILS(coil_run_forever(w.loop), -COIL_EDEADLOCK);
    CHECK_STR(program.out.text, "start A stop A hello Tom");
    CHECK_EQ(world_time(&w), COIL_MS(300));
}
