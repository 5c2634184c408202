// SPDX-License-Identifier: MIT
#include "loop/loop.h"

#include "world.h"

#include <pthread.h>

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

static void ask(coil_loop *loop, coil_callback callback, void *arg)
{
    PASS(coil_handle_error(coil_call_soon(loop, callback, arg)));
}

/* ---- stop ----------------------------------------------------------------------------------- */

static void *tick_twice(void *log)
{
    record(log, "tick-0");
    PASS(coil_yield_now());
    record(log, "tick-1");
    PASS(coil_yield_now());
    record(log, "tick-2");
    return NULL;
}

TEST(loop, runs_one_iteration_when_it_was_stopped_before)
{
    struct record log = {""};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, tick_twice, &log, NULL);
    coil_stop(w.loop);
    PASS(coil_run_forever(w.loop));
    CHECK_STR(log.text, "tick-0");
    CHECK_EQ(coil_future_state(task), COIL_PENDING);
    PASS(coil_run_until_complete(w.loop, task, NULL)); /* the stop is spent */
    CHECK_STR(log.text, "tick-0 tick-1 tick-2");
}

TEST(loop, does_not_wait_when_it_was_stopped_before)
{
    struct record log = {""};
    struct note late = NOTE("late");
    WORLD(w);
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(10), note, &late)));
    coil_stop(w.loop);
    PASS(coil_run_forever(w.loop));
    CHECK_STR(log.text, "");
    CHECK_EQ(world_time(&w), 0);
}

static int stop_and_ask(void *arg)
{
    struct note *self = arg;
    coil_stop(self->loop);
    ask(self->loop, note, self->next);
    return note(self);
}

TEST(loop, finishes_the_iteration_in_which_it_is_stopped_and_no_other)
{
    struct record log = {""};
    struct note stop = NOTE("stop"), same = NOTE("same"), next = NOTE("next");
    WORLD(w);
    stop.loop = w.loop;
    stop.next = &next;
    ask(w.loop, stop_and_ask, &stop);
    ask(w.loop, note, &same);
    PASS(coil_run_forever(w.loop));
    CHECK_STR(log.text, "stop same");
    PASS(world_turn(&w));
    CHECK_STR(log.text, "stop same next");
}

struct crowd {
    coil_loop *loop;
    int now, next;
};

static int count_next(void *crowd)
{
    ((struct crowd *)crowd)->next++;
    return 0;
}

static int count_and_ask(void *arg)
{
    struct crowd *crowd = arg;
    if (crowd->now++ == 0)
        coil_stop(crowd->loop);
    ask(crowd->loop, count_next, crowd);
    return 0;
}

TEST(loop, finishes_also_an_iteration_of_many_batches_when_it_is_stopped)
{
    enum { MANY = 2 * BATCH_ITEMS + 500 };
    struct crowd crowd = {NULL, 0, 0};
    WORLD(w);
    crowd.loop = w.loop;
    for (int i = 0; i < MANY; i++)
        (void)coil_call_soon(w.loop, count_and_ask, &crowd);
    PASS(coil_run_forever(w.loop));
    CHECK_EQ(crowd.now, MANY);
    CHECK_EQ(crowd.next, 0);
    PASS(world_turn(&w));
    CHECK_EQ(crowd.next, MANY);
}

static void *yield_and_stop(void *log)
{
    PASS(coil_yield_now());
    coil_stop(coil_get_running_loop());
    record(log, "stopped");
    PASS(coil_yield_now());
    record(log, "resumed");
    return NULL;
}

TEST(loop, is_stopped_by_a_task_at_its_next_wait)
{
    struct record log = {""};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, yield_and_stop, &log, NULL);
    PASS(coil_run_forever(w.loop));
    CHECK_STR(log.text, "stopped");
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK_STR(log.text, "stopped resumed");
}

/* ---- run until complete ---------------------------------------------------------------------- */

static void *give_back(void *arg)
{
    return arg;
}

static void *fail(void *unused)
{
    (void)unused;
    return COIL_ERR(-EPIPE);
}

static void *be_cancelled(void *unused)
{
    (void)unused;
    return COIL_ERR(-ECANCELED);
}

TEST(loop, gives_the_result_of_what_it_ran_until_complete)
{
    int seven = 7;
    void *result = NULL;
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, give_back, &seven, NULL);
    PASS(coil_run_until_complete(w.loop, task, &result));
    CHECK_PTR(result, &seven);
    FAILS(world_run(&w, fail, NULL), -EPIPE);
    FAILS(world_run(&w, be_cancelled, NULL), -ECANCELED);
}

TEST(loop, reads_a_future_that_is_done_without_waiting)
{
    int seven = 7;
    void *result = NULL;
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    PASS(coil_set_result(future, &seven));
    PASS(coil_run_until_complete(w.loop, future, &result));
    CHECK_PTR(result, &seven);
    PASS(coil_run_until_complete(w.loop, future, NULL)); /* as often as one likes */
    CHECK_EQ(world_counts(&w).enters, 0);
}

TEST(loop, says_so_when_it_was_stopped_before_the_future_was_done)
{
    struct record log = {""};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, tick_twice, &log, NULL);
    coil_stop(w.loop);
    FAILS(coil_run_until_complete(w.loop, task, NULL), -COIL_ESTOPPED);
    CHECK_STR(log.text, "tick-0");
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK_STR(log.text, "tick-0 tick-1 tick-2");
}

static void note_done(coil_future *future, void *arg)
{
    CHECK(coil_done(future));
    (void)note(arg);
}

static void ask_when_done(coil_future *future, void *arg)
{
    struct note *self = arg;
    (void)future;
    ask(self->loop, note, self->next);
    (void)note(self);
}

/* The loop's own done-callback comes last, and the iteration in which it stops is finished. */
TEST(loop, calls_the_users_done_callbacks_before_it_returns)
{
    struct record log = {""};
    struct note first = NOTE("first"), second = NOTE("second"), next = NOTE("next");
    WORLD(w);
    first.loop = w.loop;
    first.next = &next;
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, give_back, NULL, NULL);
    PASS(coil_add_done_callback(task, ask_when_done, &first));
    PASS(coil_add_done_callback(task, note_done, &second));
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK_STR(log.text, "first second");
    PASS(world_turn(&w));
    CHECK_STR(log.text, "first second next");
}

static void *stop_and_end(void *unused)
{
    (void)unused;
    coil_stop(coil_get_running_loop());
    return NULL;
}

TEST(loop, is_not_stopped_by_the_end_of_an_earlier_run)
{
    struct record log = {""};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, tick_twice, &log, NULL);
    PASS(world_run(&w, stop_and_end, NULL)); /* stopped, and done in the same iteration */
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK_STR(log.text, "tick-0 tick-1 tick-2");
}

TEST(loop, refuses_to_run_until_what_is_no_future_of_its_own)
{
    struct record log = {""};
    WORLD(w);
    WORLD(other);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    COIL_AUTO coil_future *foreign = coil_create_future(other.loop);
    FAILS(coil_run_until_complete(w.loop, foreign, NULL), -EXDEV);
    FAILS(coil_run_until_complete(w.loop, NULL, NULL), -EINVAL);
    FAILS(coil_run_until_complete(w.loop, COIL_ERR(-ENOMEM), NULL), -ENOMEM);
    FAILS(coil_run_until_complete(NULL, future, NULL), -EINVAL);
    FAILS(coil_run_until_complete(COIL_ERR(-EPERM), future, NULL), -EPERM);
    FAILS(coil_run_forever(NULL), -EINVAL);
    FAILS(coil_run_forever(COIL_ERR(-EPERM)), -EPERM);
    coil_stop(NULL);
    coil_stop(COIL_ERR(-EPERM));
    CHECK_STR(log.text, "");
}

/* ---- deadlock ---------------------------------------------------------------------------------
 */

TEST(loop, says_so_when_nothing_can_happen_any_more)
{
    struct record log = {""};
    WORLD(w);
    COIL_AUTO coil_future *never = coil_create_future(w.loop);
    FAILS(coil_run_until_complete(w.loop, never, NULL), -COIL_EDEADLOCK);
    FAILS(coil_run_forever(w.loop), -COIL_EDEADLOCK);
    PASS(world_run(&w, tick_twice, &log)); /* and can go on when there is something to do */
    CHECK_STR(log.text, "tick-0 tick-1 tick-2");
}

/* ---- one at a time ----------------------------------------------------------------------------
 */

struct pair {
    coil_loop *own, *other;
};

static void *run_within(void *arg)
{
    struct pair *pair = arg;
    COIL_AUTO coil_future *future = coil_create_future(pair->own);
    FAILS(coil_run_forever(pair->own), -EBUSY);
    FAILS(coil_run_forever(pair->other), -EBUSY);
    FAILS(coil_run_until_complete(pair->own, future, NULL), -EBUSY);
    CHECK(coil_is_running(pair->own));
    CHECK(!coil_is_running(pair->other));
    CHECK_PTR(coil_get_running_loop(), pair->own);
    return NULL;
}

TEST(loop, does_not_run_within_another_or_itself)
{
    struct pair pair = {NULL, NULL};
    WORLD(w);
    WORLD(other);
    pair = (struct pair){w.loop, other.loop};
    CHECK(!coil_is_running(w.loop));
    FAILS(coil_err(coil_get_running_loop()), -COIL_ENOLOOP);
    PASS(world_run(&w, run_within, &pair));
    CHECK(!coil_is_running(w.loop));
    FAILS(coil_err(coil_get_running_loop()), -COIL_ENOLOOP);
}

TEST(loop, takes_turns_with_another_on_the_same_thread)
{
    struct record log = {""};
    WORLD(w);
    WORLD(other);
    COIL_AUTO coil_task *a = coil_create_task_with(w.loop, tick_twice, &log, NULL);
    COIL_AUTO coil_task *b = coil_create_task_with(other.loop, tick_twice, &log, NULL);
    PASS(world_turn(&w));
    PASS(world_turn(&other));
    PASS(coil_run_until_complete(w.loop, a, NULL));
    PASS(coil_run_until_complete(other.loop, b, NULL));
    CHECK_STR(log.text, "tick-0 tick-0 tick-1 tick-2 tick-1 tick-2");
}

/* Contract 2. */
static void *run_it(void *loop)
{
    (void)!coil_run_forever(loop);
    return NULL;
}

static void *stop_it(void *loop)
{
    coil_stop(loop);
    return NULL;
}

static void on_another_thread(void *(*function)(void *))
{
    pthread_t thread;
    WORLD(w);
    (void)world_turn(&w);
    if (pthread_create(&thread, NULL, function, w.loop) == 0)
        pthread_join(thread, NULL);
}

static void run_on_another_thread(void *unused)
{
    (void)unused;
    on_another_thread(run_it);
}

static void stop_on_another_thread(void *unused)
{
    (void)unused;
    on_another_thread(stop_it);
}

TEST(loop, belongs_to_the_thread_that_first_ran_it)
{
    DIES(run_on_another_thread, NULL);
    DIES(stop_on_another_thread, NULL);
}

/* ---- asking -----------------------------------------------------------------------------------
 */

TEST(loop, tells_its_time)
{
    WORLD(w);
    CHECK_EQ(coil_loop_time(w.loop), COIL_SEC(1));
    PASS(coil_sim_advance(w.sim, 5));
    CHECK_EQ(coil_loop_time(w.loop), COIL_SEC(1) + 5);
    FAILS(coil_loop_time(NULL), -EINVAL);
    FAILS(coil_loop_time(COIL_ERR(-EPERM)), -EPERM);
}

TEST(loop, tells_how_its_stacks_are_guarded)
{
    WORLD(w);
    CHECK_EQ(coil_loop_guard(w.loop), COIL_GUARD_NONE);
    PASS(world_run(&w, give_back, NULL));
    CHECK(coil_loop_guard(w.loop) > COIL_GUARD_NONE);
    FAILS(coil_loop_guard(NULL), -EINVAL);
    FAILS(coil_loop_guard(COIL_ERR(-EPERM)), -EPERM);
}

static void *ask_for_its_state(void *loop)
{
    (void)coil_is_running(loop);
    (void)coil_is_closed(loop);
    return NULL;
}

/* ThreadSanitizer sees to it. */
TEST(loop, may_be_asked_for_its_state_by_any_thread)
{
    pthread_t thread;
    WORLD(w);
    int rc = pthread_create(&thread, NULL, ask_for_its_state, w.loop);
    PASS(world_turn(&w));
    PASS(coil_close(w.loop));
    CHECK(rc == 0 && pthread_join(thread, NULL) == 0);
}

TEST(loop, takes_an_error_for_one_that_does_not_run)
{
    CHECK(!coil_is_running(NULL));
    CHECK(!coil_is_running(COIL_ERR(-EPERM)));
}
