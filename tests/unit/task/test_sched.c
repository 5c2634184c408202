// SPDX-License-Identifier: MIT
#include "task/sched.h"

#include "world.h"

#include <coil/coil.h>

#include <pthread.h>

/* ---- first in, first out -------------------------------------------------------------------- */

struct scene {
    struct record log;
    struct world *w;
    int count;
};

struct word {
    struct scene *scene;
    const char *text;
};

static int calls(void *arg)
{
    const struct word *word = arg;

    record(&word->scene->log, "%s", word->text);
    return 0;
}

static void *steps(void *arg)
{
    const struct word *word = arg;

    record(&word->scene->log, "%s", word->text);
    PASS(coil_yield_now());
    record(&word->scene->log, "%s", word->text);
    return NULL;
}

static void done(coil_future *future, void *arg)
{
    (void)future;
    (void)calls(arg);
}

TEST(sched, steps_callbacks_and_done_callbacks_share_one_queue)
{
    struct scene scene = {.w = NULL};
    struct word call = {&scene, "call"}, task = {&scene, "task"}, end = {&scene, "done"},
                last = {&scene, "last"};
    WORLD(w);
    scene.w = &w;
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    PASS(coil_add_done_callback(future, done, &end));
    PASS(coil_handle_error(coil_call_soon(w.loop, calls, &call)));
    coil_unref(coil_create_task_with(w.loop, steps, &task, NULL));
    PASS(coil_set_result(future, NULL));
    PASS(coil_handle_error(coil_call_soon(w.loop, calls, &call)));
    PASS(world_run(&w, steps, &last));
    CHECK_STR(scene.log.text, "call task done call last task last");
}

static int calls_again(void *arg)
{
    const struct word *word = arg;

    (void)calls(arg);
    if (word->scene->count++ < 3)
        PASS(coil_handle_error(coil_call_soon(word->scene->w->loop, calls_again, arg)));
    return 0;
}

TEST(sched, what_is_queued_by_an_item_runs_after_all_that_was_there)
{
    struct scene scene = {.w = NULL};
    struct word again = {&scene, "again"}, other = {&scene, "other"}, last = {&scene, "last"};
    WORLD(w);

    scene.w = &w;
    PASS(coil_handle_error(coil_call_soon(w.loop, calls_again, &again)));
    PASS(coil_handle_error(coil_call_soon(w.loop, calls, &other)));
    PASS(world_run(&w, steps, &last));
    CHECK_STR(scene.log.text, "again other last again last again");
}

/* ---- long queues ---------------------------------------------------------------------------- */

enum { MANY = 3000 }; /* more than a batch */

struct crowd {
    struct world *w;
    size_t ran;
    size_t ran_before_timer;
    size_t next;
    bool in_order;
    bool stop;
};

struct member {
    struct crowd *crowd;
    size_t number;
};

static struct member members[MANY]; /* too many for a stack */

static void note(struct member *member)
{
    struct crowd *crowd = member->crowd;

    crowd->in_order &= member->number == crowd->next;
    crowd->next = (crowd->next + 1) % MANY;
    crowd->ran++;
    PASS(coil_sim_advance(crowd->w->sim, 1000));
}

/* Bounded, so that a timer that never comes does not hang the test. */
static bool goes_on(const struct crowd *crowd)
{
    return !crowd->stop && crowd->ran < (size_t)10 * MANY;
}

static int member_calls(void *arg)
{
    struct member *member = arg;

    note(member);
    if (goes_on(member->crowd))
        PASS(coil_handle_error(coil_call_soon(member->crowd->w->loop, member_calls, arg)));
    return 0;
}

static void *member_yields(void *arg)
{
    struct member *member = arg;

    do
        note(member);
    while (goes_on(member->crowd) && coil_yield_now() == 0); /* refused when the loop closes */
    return NULL;
}

static int timer_fires(void *arg)
{
    struct crowd *crowd = arg;

    crowd->ran_before_timer = crowd->ran;
    crowd->stop = true;
    coil_stop(crowd->w->loop);
    return 0;
}

static void gather_crowd(struct crowd *crowd, coil_fn task, coil_callback callback)
{
    const coil_task_options options = {.size = sizeof(options), .stack_size = 16 << 10};

    for (size_t i = 0; i < MANY; i++) {
        members[i] = (struct member){crowd, i};
        if (task)
            coil_unref(coil_create_task_with(crowd->w->loop, task, &members[i], &options));
        else
            PASS(coil_handle_error(coil_call_soon(crowd->w->loop, callback, &members[i])));
    }
    /* Due soon after the first items have run. */
    PASS(coil_handle_error(coil_call_later(crowd->w->loop, 10000, timer_fires, crowd)));
}

/* The timer is seen between two batches of the first round: all that is ready then goes first, but
 * not a second whole round. */
TEST(sched, callbacks_that_are_always_ready_do_not_starve_a_timer)
{
    struct crowd crowd = {.in_order = true};
    WORLD(w);

    crowd.w = &w;
    gather_crowd(&crowd, NULL, member_calls);
    PASS(coil_run_forever(w.loop));
    CHECK(crowd.in_order);
    CHECK(crowd.ran_before_timer >= MANY);
    CHECK(crowd.ran_before_timer < (size_t)2 * MANY);
}

/* They switch to each other directly; nothing else would end a batch. */
TEST(sched, tasks_that_are_always_ready_do_not_starve_a_timer)
{
    struct crowd crowd = {.in_order = true};
    WORLD(w);

    crowd.w = &w;
    gather_crowd(&crowd, member_yields, NULL);
    PASS(coil_run_forever(w.loop));
    CHECK(crowd.in_order);
    CHECK(crowd.ran_before_timer >= MANY);
    CHECK(crowd.ran_before_timer < (size_t)2 * MANY);
}

static int stops(void *arg)
{
    struct crowd *crowd = arg;

    coil_stop(crowd->w->loop);
    return 0;
}

/* L6: what was ready at the stop runs, what it queues does not. */
TEST(sched, a_stop_lets_a_long_queue_run_to_its_end_once)
{
    struct crowd crowd = {.in_order = true};
    WORLD(w);

    crowd.w = &w;
    PASS(coil_handle_error(coil_call_soon(w.loop, stops, &crowd)));
    for (size_t i = 0; i < MANY; i++) {
        members[i] = (struct member){&crowd, i};
        PASS(coil_handle_error(coil_call_soon(w.loop, member_calls, &members[i])));
    }
    PASS(coil_run_forever(w.loop));
    CHECK_EQ(crowd.ran, MANY);
    CHECK(crowd.in_order);
}

/* ---- callbacks run on the thread's stack
 * --------------------------------------------------------- */

struct stack_range {
    const char *low, *high;
    bool known;
};

static struct stack_range thread_stack(void)
{
    struct stack_range range = {.known = false};
    pthread_attr_t attributes;
    void *low;
    size_t size;

    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return range;
    if (pthread_attr_getstack(&attributes, &low, &size) == 0)
        range = (struct stack_range){low, (char *)low + size, true};
    pthread_attr_destroy(&attributes);
    return range;
}

static bool on_thread_stack(void)
{
    const struct stack_range range = thread_stack();
    const char *here = __builtin_frame_address(0);

    return range.known && here >= range.low && here < range.high;
}

struct ground {
    coil_loop *loop;
    int calls;
    bool callback_was_above; /* a callback ran on the thread's own stack, each time */
    bool task_was_above;
};

static int call_looks(void *arg)
{
    struct ground *ground = arg;

    ground->calls++;
    ground->callback_was_above &= on_thread_stack();
    return 0;
}

static void done_looks(coil_future *future, void *arg)
{
    (void)future;
    (void)call_looks(arg);
}

static void *task_looks(void *arg)
{
    struct ground *ground = arg;

    for (int i = 0; i < 3; i++) {
        COIL_AUTO coil_future *future = coil_create_future(ground->loop);
        PASS(coil_add_done_callback(future, done_looks, ground));
        PASS(coil_set_result(future, NULL));
        PASS(coil_handle_error(coil_call_soon(ground->loop, call_looks, ground)));
        PASS(coil_handle_error(coil_call_later(ground->loop, 1, call_looks, ground)));
        ground->task_was_above |= on_thread_stack();
        PASS(coil_sleep(i)); /* parks with a callback next in the queue */
    }
    return NULL;
}

TEST(sched, a_callback_never_runs_on_a_tasks_stack)
{
    struct ground ground = {.callback_was_above = true};
    WORLD(w);

    ground.loop = w.loop;
    for (int i = 0; i < 3; i++)
        coil_unref(coil_create_task_with(w.loop, task_looks, &ground, NULL));
    FAILS(coil_run_forever(w.loop), -COIL_EDEADLOCK);
    CHECK_EQ(ground.calls, 27);
    CHECK(ground.callback_was_above);
    CHECK(!ground.task_was_above);
}

/* ---- direct switches ------------------------------------------------------------------------ */

struct relay {
    struct record log;
    coil_future *baton[4];
};

struct runner {
    struct relay *relay;
    int number;
};

static void *runs(void *arg)
{
    const struct runner *runner = arg;
    struct relay *relay = runner->relay;

    PASS(coil_await(relay->baton[runner->number], NULL));
    record(&relay->log, "%d", runner->number);
    if (runner->number < 3)
        PASS(coil_set_result(relay->baton[runner->number + 1], NULL));
    return NULL;
}

/* Each ends when the next one is ready: dead stacks are given back on the way. */
TEST(sched, tasks_that_end_hand_over_to_the_next)
{
    struct relay relay = {.log = {""}};
    struct runner runners[4];
    WORLD(w);

    for (int i = 0; i < 4; i++) {
        relay.baton[i] = coil_create_future(w.loop);
        runners[i] = (struct runner){&relay, i};
        coil_unref(coil_create_task_with(w.loop, runs, &runners[i], NULL));
    }
    PASS(coil_set_result(relay.baton[0], NULL));
    FAILS(coil_run_forever(w.loop), -COIL_EDEADLOCK);
    CHECK_STR(relay.log.text, "0 1 2 3");
    for (int i = 0; i < 4; i++)
        coil_unref(relay.baton[i]);
}
