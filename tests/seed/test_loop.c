// SPDX-License-Identifier: MIT
/* S19, S28, S29: a loop's life, handles, and whose loop it is. */
#include "rules.h"

#include <errno.h>
#include <pthread.h>

/* ---- S19: stop and close -------------------------------------------------------------------- */

TEST(seed, s19_1_a_loop_runs_as_often_as_one_likes)
{
    struct question first = {.answer = value(1)}, second = {.answer = value(2)};
    void *out = NULL;
    WORLD(w);
    COIL_AUTO coil_task *one = new_task(w.loop, asks, &first);

    CHECK_EQ(coil_run_until_complete(w.loop, one, &out), 0);
    CHECK_PTR(out, value(1));
    COIL_AUTO coil_task *two = new_task(w.loop, asks, &second);
    CHECK_EQ(coil_run_until_complete(w.loop, two, &out), 0);
    CHECK_PTR(out, value(2));
}

static int stops(void *loop)
{
    coil_stop(loop);
    return 0;
}

TEST(seed, s19_2_a_loop_that_was_stopped_is_not_closed_and_runs_again)
{
    struct question question = {.answer = value(1)};
    WORLD(w);

    PASS(coil_handle_error(coil_call_soon(w.loop, stops, w.loop)));
    CHECK_EQ(coil_run_forever(w.loop), 0);
    CHECK(!coil_is_closed(w.loop));
    PASS(world_run(&w, asks, &question));
    CHECK_EQ(question.starts, 1);
}

TEST(seed, s19_3_closing_twice_is_closing_once)
{
    WORLD(w);

    CHECK_EQ(coil_close(w.loop), 0);
    CHECK(coil_is_closed(w.loop));
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK(coil_is_closed(w.loop));
}

static int counts(void *count)
{
    ++*(int *)count;
    return 0;
}

TEST(seed, s19_4_a_closed_loop_runs_nothing)
{
    struct question question = {.answer = value(3)};
    int called = 0;
    WORLD(w);
    COIL_AUTO coil_future *pending = coil_create_future(w.loop);
    COIL_AUTO coil_future *done = coil_create_future(w.loop);

    PASS(coil_set_result(done, NULL));
    CHECK_EQ(coil_close(w.loop), 0);
    FAILS(coil_run_forever(w.loop), -COIL_ECLOSED);
    COIL_AUTO coil_task *task = new_task(w.loop, asks, &question);
    FAILS(coil_err(task), -COIL_ECLOSED);
    FAILS(coil_run_until_complete(w.loop, task, NULL), -COIL_ECLOSED);
    CHECK_EQ(question.starts, 0);
    FAILS(coil_run_until_complete(w.loop, pending, NULL), -COIL_ECLOSED);
    FAILS(coil_run_until_complete(w.loop, done, NULL), -COIL_ECLOSED);

    const coil_handle handles[] = {
        coil_call_soon(w.loop, counts, &called),
        coil_call_later(w.loop, 0, counts, &called),
        coil_call_at(w.loop, coil_loop_time(w.loop), counts, &called),
    };
    for (int i = 0; i < 3; i++) {
        FAILS(coil_handle_error(handles[i]), -COIL_ECLOSED);
        CHECK(!coil_handle_cancel(w.loop, handles[i]));
    }
    FAILS(coil_run_forever(w.loop), -COIL_ECLOSED);
    CHECK_EQ(called, 0);
}

static void *closes(void *arg)
{
    struct world *w = arg;

    FAILS(coil_close(w->loop), -EBUSY);
    CHECK(!coil_is_closed(w->loop));
    PASS(coil_yield_now());
    return value(5);
}

static int closes_too(void *loop)
{
    FAILS(coil_close(loop), -EBUSY);
    return 0;
}

TEST(seed, s19_5_and_s30_9_a_loop_that_runs_is_not_closed)
{
    void *out = NULL;
    WORLD(w);
    COIL_AUTO coil_task *task = new_task(w.loop, closes, &w);

    PASS(coil_handle_error(coil_call_soon(w.loop, closes_too, w.loop)));
    CHECK_EQ(coil_run_until_complete(w.loop, task, &out), 0);
    CHECK_PTR(out, value(5));
    CHECK_EQ(coil_close(w.loop), 0);
}

/* ---- S28: handles --------------------------------------------------------------------------- */

/* That a handle is no future, the compiler says: see refused.py. */
TEST(seed, s28_1_nothing_instead_of_a_future_is_an_error_and_no_more)
{
    struct question question = {.answer = value(1)};
    WORLD(w);

    FAILS(coil_run_until_complete(w.loop, NULL, NULL), -EINVAL);
    PASS(world_run(&w, asks, &question));
    CHECK_EQ(question.starts, 1);
}

TEST(seed, s28_2_a_handle_knows_its_time)
{
    int called = 0;
    coil_time when = 0;
    WORLD(w);
    coil_time start = coil_loop_time(w.loop);

    coil_handle later = coil_call_later(w.loop, COIL_SEC(2), counts, &called);
    PASS(coil_handle_when(w.loop, later, &when));
    CHECK_TIME(when, start + COIL_SEC(2));
    coil_handle at = coil_call_at(w.loop, start + COIL_SEC(3), counts, &called);
    PASS(coil_handle_when(w.loop, at, &when));
    CHECK_EQ(when, start + COIL_SEC(3));
    coil_handle soon = coil_call_soon(w.loop, counts, &called);
    FAILS(coil_handle_when(w.loop, soon, &when), -EINVAL);
}

TEST(seed, s28_3_a_handle_is_cancelled_once_and_before_the_call)
{
    int called = 0, cancelled = 0;
    WORLD(w);
    coil_handle first = coil_call_soon(w.loop, counts, &cancelled);
    coil_handle second = coil_call_later(w.loop, 0, counts, &cancelled);
    coil_handle third = coil_call_soon(w.loop, counts, &called);

    CHECK(coil_handle_cancel(w.loop, first) || check_walking());
    CHECK(!coil_handle_cancel(w.loop, first));
    CHECK(coil_handle_cancel(w.loop, second) || check_walking());
    CHECK(!coil_handle_cancel(w.loop, second));
    PASS(world_turn(&w));
    CHECK_EQ(cancelled, 0);
    CHECK_EQ(called, 1);
    CHECK(!coil_handle_cancel(w.loop, third));
}

/* ---- S29: whose loop it is ------------------------------------------------------------------ */

static void *sees_its_loop(void *arg)
{
    CHECK_PTR(coil_get_event_loop(), arg);
    CHECK_PTR(coil_get_running_loop(), arg);
    return NULL;
}

/* A loop that was made on first use, and so in real time. */
TEST(seed, s29_1_a_thread_has_one_loop)
{
    coil_loop *loop = coil_get_event_loop();

    if (!coil_is_err(loop)) {
        CHECK_PTR(coil_get_event_loop(), loop);
        COIL_AUTO coil_task *task = coil_create_task(sees_its_loop, loop);
        PASS(coil_run_until_complete(loop, task, NULL));
        CHECK_PTR(coil_get_event_loop(), loop);
    }
    PASS(coil_err(loop));
    PASS(coil_set_event_loop(NULL)); /* which frees it */
}

TEST(seed, s29_2_the_running_loop_is_an_error_where_none_runs)
{
    WORLD(w);

    PASS(coil_set_event_loop(w.loop));
    FAILS(coil_err(coil_get_running_loop()), -COIL_ENOLOOP);
    PASS(world_run(&w, sees_its_loop, w.loop));
    FAILS(coil_err(coil_get_running_loop()), -COIL_ENOLOOP);
    PASS(coil_set_event_loop(NULL));
}

/* Two loops meet: each is seen running from inside the other. */
struct meeting {
    coil_loop *here, *there;
    coil_future *met_here, *met_there;
};

static int meets_here(void *arg)
{
    struct meeting *meeting = arg;

    return coil_set_result(meeting->met_here, NULL);
}

static int meets_there(void *arg)
{
    struct meeting *meeting = arg;

    CHECK(coil_is_running(meeting->here)); /* until it hears from there */
    PASS(coil_handle_error(coil_call_soon_threadsafe(meeting->here, meets_here, meeting)));
    return coil_set_result(meeting->met_there, NULL);
}

static int greets(void *arg)
{
    struct meeting *meeting = arg;

    CHECK(coil_is_running(meeting->there)); /* until it hears from here */
    return coil_handle_error(coil_call_soon_threadsafe(meeting->there, meets_there, meeting));
}

static int announces(void *arg)
{
    struct meeting *meeting = arg;

    return coil_handle_error(coil_call_soon_threadsafe(meeting->here, greets, meeting));
}

static void *second_thread(void *arg)
{
    struct meeting *meeting = arg;

    meeting->there = coil_get_event_loop();
    PASS(coil_err(meeting->there));
    CHECK(meeting->there != meeting->here);
    CHECK_PTR(coil_get_event_loop(), meeting->there);
    COIL_AUTO coil_future *met = meeting->met_there = coil_create_future(meeting->there);
    PASS(coil_handle_error(coil_call_soon(meeting->there, announces, meeting)));
    PASS(coil_run_until_complete(meeting->there, met, NULL));
    return NULL;
}

TEST(seed, s29_3_each_thread_has_its_own_and_both_run_at_once)
{
    struct meeting meeting = {.here = NULL};
    pthread_t thread;

    if (check_walking()) /* who is not met waits for ever */
        return;
    meeting.here = coil_get_event_loop();
    COIL_AUTO coil_future *met = meeting.met_here = coil_create_future(meeting.here);
    if (CHECK_EQ(pthread_create(&thread, NULL, second_thread, &meeting), 0)) {
        PASS(coil_run_until_complete(meeting.here, met, NULL));
        CHECK_EQ(pthread_join(thread, NULL), 0);
    }
    PASS(coil_set_event_loop(NULL));
}

struct pair {
    struct world *a, *b;
    coil_task *task; /* of b */
    struct question question;
    bool went_on;
};

static void *runs_another_loop(void *arg)
{
    struct pair *pair = arg;
    void *out = NULL;

    FAILS(coil_run_until_complete(pair->b->loop, pair->task, &out), -EBUSY);
    CHECK_PTR(out, NULL);
    CHECK_EQ(pair->question.starts, 0);
    CHECK(!coil_is_running(pair->b->loop));
    pair->went_on = true;
    return NULL;
}

TEST(seed, s29_4_a_second_loop_does_not_run_inside_one)
{
    struct pair pair = {.question = {.answer = value(7)}};
    void *out = NULL;
    WORLD(a);
    WORLD(b);
    pair.a = &a;
    pair.b = &b;
    COIL_AUTO coil_task *task = pair.task = new_task(b.loop, asks, &pair.question);

    PASS(world_run(&a, runs_another_loop, &pair));
    CHECK(pair.went_on || check_walking());
    CHECK_EQ(coil_run_until_complete(b.loop, task, &out), 0);
    CHECK_PTR(out, value(7));
    CHECK_EQ(pair.question.starts, 1);
}

static void *runs_its_own_loop(void *arg)
{
    struct pair *pair = arg;

    FAILS(coil_run_forever(pair->a->loop), -EBUSY);
    FAILS(coil_run_until_complete(pair->a->loop, pair->task, NULL), -EBUSY);
    CHECK_EQ(pair->question.starts, 0);
    PASS(coil_await(pair->task, NULL)); /* the loop goes on */
    CHECK_EQ(pair->question.starts, 1);
    return NULL;
}

TEST(seed, s29_5_a_loop_does_not_run_inside_itself)
{
    struct pair pair = {.question = {.answer = value(7)}};
    WORLD(w);
    pair.a = &w;
    COIL_AUTO coil_task *runner = new_task(w.loop, runs_its_own_loop, &pair);
    COIL_AUTO coil_task *task = pair.task = new_task(w.loop, asks, &pair.question);

    PASS(coil_run_until_complete(w.loop, runner, NULL));
    CHECK(coil_done(task) || check_walking());
}

TEST(seed, s29_6_the_loop_that_was_set_is_the_threads_also_when_it_is_closed)
{
    WORLD(w);

    PASS(coil_set_event_loop(w.loop));
    CHECK_PTR(coil_get_event_loop(), w.loop);
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK_PTR(coil_get_event_loop(), w.loop);
    PASS(coil_set_event_loop(NULL));
}
