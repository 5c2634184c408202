// SPDX-License-Identifier: MIT
#include "task/future.h"

#include "world.h"

#include <coil/coil.h>

#include <pthread.h>

#if WITH_ASAN
#include <sanitizer/common_interface_defs.h>
#include <stdlib.h>
#endif
#if COIL_VALGRIND
#include <valgrind/valgrind.h>
#endif

/* ---- states --------------------------------------------------------------------------------- */

TEST(future, is_pending_at_first)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    void *result = &w;

    CHECK_EQ(coil_future_state(future), COIL_PENDING);
    CHECK(!coil_done(future));
    CHECK(!coil_cancelled(future));
    FAILS(coil_result(future, &result), -COIL_EINVALSTATE);
    CHECK_PTR(result, &w);
}

TEST(future, gives_its_result)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    void *result = NULL;

    PASS(coil_set_result(future, &w));
    CHECK_EQ(coil_future_state(future), COIL_FINISHED);
    CHECK(coil_done(future));
    CHECK(!coil_cancelled(future));
    CHECK_EQ(coil_result(future, &result), 0);
    CHECK_PTR(result, &w);
}

TEST(future, gives_its_error)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    void *result = &w;

    PASS(coil_set_error(future, -EIO));
    CHECK_EQ(coil_future_state(future), COIL_FINISHED);
    CHECK(coil_done(future));
    CHECK(!coil_cancelled(future));
    FAILS(coil_result(future, &result), -EIO);
    CHECK_PTR(result, &w);
}

TEST(future, is_cancelled_at_once)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    CHECK(coil_cancel(future));
    CHECK_EQ(coil_future_state(future), COIL_CANCELLED);
    CHECK(coil_done(future));
    CHECK(coil_cancelled(future));
    FAILS(coil_result(future, NULL), -ECANCELED);
}

static void cannot_change(coil_future *future, int state)
{
    CHECK(!coil_cancel(future));
    FAILS(coil_set_result(future, NULL), -COIL_EINVALSTATE);
    FAILS(coil_set_error(future, -EPERM), -COIL_EINVALSTATE);
    CHECK_EQ(coil_future_state(future), state);
}

TEST(future, is_done_only_once)
{
    WORLD(w);
    COIL_AUTO coil_future *finished = coil_create_future(w.loop);
    COIL_AUTO coil_future *failed = coil_create_future(w.loop);
    COIL_AUTO coil_future *cancelled = coil_create_future(w.loop);
    void *result = NULL;

    PASS(coil_set_result(finished, &w));
    cannot_change(finished, COIL_FINISHED);
    PASS(coil_result(finished, &result));
    CHECK_PTR(result, &w);
    PASS(coil_set_error(failed, -EIO));
    cannot_change(failed, COIL_FINISHED);
    FAILS(coil_result(failed, NULL), -EIO);
    CHECK(coil_cancel(cancelled));
    cannot_change(cancelled, COIL_CANCELLED);
    FAILS(coil_result(cancelled, NULL), -ECANCELED);
}

static void finish_twice(void *arg)
{
    coil_future *future = arg;

    future_finish(future, COIL_FINISHED, NULL);
    future_finish(future, COIL_CANCELLED, COIL_ERR(-ECANCELED));
}

TEST(future, a_second_end_by_our_own_code_ends_the_program)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    DIES(finish_twice, future);
}

TEST(future, refuses_codes_as_results_and_what_is_no_code_as_error)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    static const int no_codes[] = {0, 1, EIO, -4096, -ECANCELED};

    FAILS(coil_set_result(future, COIL_ERR(-EIO)), -EINVAL);
    FAILS(coil_set_result(future, COIL_ERR(-COIL_ERROR_MAX)), -EINVAL);
    for (size_t i = 0; i < sizeof(no_codes) / sizeof(no_codes[0]); i++)
        FAILS(coil_set_error(future, no_codes[i]), -EINVAL);
    CHECK_EQ(coil_future_state(future), COIL_PENDING);
    PASS(coil_set_error(future, -COIL_ERROR_MAX));
    FAILS(coil_result(future, NULL), -COIL_ERROR_MAX);
}

TEST(future, takes_every_pointer_below_the_codes_as_a_result)
{
    WORLD(w);
    const uintptr_t values[] = {0, 1, (uintptr_t)&w, (uintptr_t)-COIL_ERROR_MAX - 1};

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        COIL_AUTO coil_future *future = coil_create_future(w.loop);
        void *result = &w.sim;
        PASS(coil_set_result(future, (void *)values[i]));
        PASS(coil_result(future, &result));
        CHECK_PTR(result, (void *)values[i]);
    }
}

static void *returns_its_argument(void *arg)
{
    return arg;
}

TEST(future, a_task_gets_its_result_from_its_coroutine_alone)
{
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, returns_its_argument, &w, NULL);
    void *result = NULL;

    FAILS(coil_set_result(task, NULL), -EINVAL);
    FAILS(coil_set_error(task, -EIO), -EINVAL);
    PASS(coil_run_until_complete(w.loop, task, &result));
    CHECK_PTR(result, &w);
    FAILS(coil_set_result(task, NULL), -EINVAL);
}

TEST(future, a_closed_loop_makes_none)
{
    WORLD(w);

    PASS(coil_close(w.loop));
    FAILS(coil_err(coil_create_future(w.loop)), -COIL_ECLOSED);
}

TEST(future, its_head_is_two_cache_lines_at_most)
{
    CHECK(sizeof(struct coil_future) <= 128);
}

/* ---- contract 8: every function takes NULL and error-encoded pointers ----------------------- */

static void ignore(coil_future *future, void *userdata)
{
    (void)future, (void)userdata;
}

static int set_result(coil_future *future)
{
    return coil_set_result(future, NULL);
}

static int set_error(coil_future *future)
{
    return coil_set_error(future, -EIO);
}

static int await(coil_future *future)
{
    return coil_await(future, NULL);
}

static int result(coil_future *future)
{
    return coil_result(future, NULL);
}

static int state(coil_future *future)
{
    return coil_future_state(future);
}

static int add_done_callback(coil_future *future)
{
    return coil_add_done_callback(future, ignore, NULL);
}

static int remove_done_callback(coil_future *future)
{
    return coil_remove_done_callback(future, ignore, NULL);
}

static int set_dispose(coil_future *future)
{
    return coil_set_dispose(future, NULL);
}

static int cancelling(coil_future *future)
{
    return coil_cancelling(future);
}

static int task_name(coil_future *future)
{
    char name[16];
    return coil_task_name(future, name, sizeof(name));
}

static int gather_futures(coil_future *future)
{
    coil_future *gather = coil_gather_futures(&future, 1, 0);
    int rc = coil_err(gather);

    coil_unref(gather);
    return rc;
}

static int gather_results(coil_future *future)
{
    size_t n;
    return coil_err(coil_gather_results(future, &n));
}

static int wait(coil_future *future)
{
    return coil_wait(&future, 1, COIL_NEVER, COIL_ALL_COMPLETED);
}

static int wait_for(coil_future *future)
{
    return coil_wait_for(future, COIL_SEC(1), NULL);
}

static int run_until_complete(coil_future *future)
{
    return coil_run_until_complete(coil_get_running_loop(), future, NULL);
}

static const struct named {
    const char *name;
    int (*call)(coil_future *future);
} calls[] = {
    {"coil_set_result", set_result},
    {"coil_set_error", set_error},
    {"coil_await", await},
    {"coil_result", result},
    {"coil_future_state", state},
    {"coil_add_done_callback", add_done_callback},
    {"coil_remove_done_callback", remove_done_callback},
    {"coil_set_dispose", set_dispose},
    {"coil_cancelling", cancelling},
    {"coil_uncancel", coil_uncancel},
    {"coil_task_name", task_name},
    {"coil_gather_futures", gather_futures},
    {"coil_gather_results", gather_results},
    {"coil_wait", wait},
    {"coil_wait_for", wait_for},
    {"coil_run_until_complete", run_until_complete},
};

enum { CALLS = sizeof(calls) / sizeof(calls[0]) };

static void *takes_no_future(void *arg)
{
    struct record *wrong = arg;

    for (size_t i = 0; i < CALLS; i++) {
        if (calls[i].call(NULL) != -EINVAL)
            record(wrong, "%s(NULL)", calls[i].name);
        if (calls[i].call(COIL_ERR(-ENOSPC)) != -ENOSPC)
            record(wrong, "%s(-ENOSPC)", calls[i].name);
    }
    return NULL;
}

TEST(future, every_call_answers_null_and_passes_codes_on)
{
    struct record wrong = {""};
    WORLD(w);

    PASS(world_run(&w, takes_no_future, &wrong));
    CHECK_STR(wrong.text, "");
}

TEST(future, what_is_no_future_is_done_and_neither_cancelled_nor_counted)
{
    coil_future *variable = COIL_ERR(-EIO);

    CHECK(coil_done(NULL));
    CHECK(coil_done(COIL_ERR(-EIO)));
    CHECK(!coil_cancelled(NULL));
    CHECK(!coil_cancelled(COIL_ERR(-ECANCELED)));
    CHECK(!coil_cancel(NULL));
    CHECK(!coil_cancel(COIL_ERR(-EIO)));
    CHECK_PTR(coil_ref(NULL), NULL);
    CHECK_PTR(coil_ref(COIL_ERR(-EIO)), COIL_ERR(-EIO));
    coil_unref(NULL);
    coil_unref(COIL_ERR(-EIO));
    coil_unrefp(NULL);
    coil_unrefp(&variable);
    CHECK_PTR(variable, NULL);
}

/* ---- contract 8: errno carries nothing ------------------------------------------------------ */

enum { MARK = 12345 };

/* Successes and failures: done futures of each kind, and what is no future. */
static void *looks_at_errno(void *arg)
{
    struct record *wrong = arg;
    coil_loop *loop = coil_get_running_loop();
    coil_future *futures[] = {NULL, COIL_ERR(-EIO), coil_create_future(loop),
                              coil_create_future(loop), coil_create_future(loop)};
    enum { N = sizeof(futures) / sizeof(futures[0]) };

    (void)coil_set_result(futures[2], NULL);
    (void)coil_set_error(futures[3], -EIO);
    (void)coil_cancel(futures[4]);
    for (size_t i = 0; i < CALLS; i++) {
        for (size_t j = 0; j < N; j++) {
            errno = MARK;
            (void)calls[i].call(futures[j]);
            if (errno != MARK)
                record(wrong, "%s(%zu)", calls[i].name, j);
        }
    }
    for (size_t j = 0; j < N; j++)
        coil_unref(futures[j]);
    return NULL;
}

TEST(future, no_call_touches_errno)
{
    struct record wrong = {""};
    WORLD(w);

    PASS(world_run(&w, looks_at_errno, &wrong));
    CHECK_STR(wrong.text, "");
}

/* ---- references ----------------------------------------------------------------------------- */

TEST(future, lives_until_its_last_reference_goes)
{
    WORLD(w);
    coil_future *future = coil_create_future(w.loop);

    CHECK_PTR(coil_ref(future), future);
    coil_unref(future);
    PASS(coil_set_result(future, NULL));
    coil_unrefp(&future);
    CHECK_PTR(future, NULL);
}

/* For ASan it is a use after free, which then ends the program as an assertion does; Valgrind need
 * not complain of what is meant. */
static void unref_twice(void *future)
{
#if WITH_ASAN
    __sanitizer_set_death_callback(abort);
#endif
#if COIL_VALGRIND
    VALGRIND_DISABLE_ERROR_REPORTING;
#endif
    coil_unref(future);
    coil_unref(future);
}

TEST(future, a_reference_given_back_twice_ends_the_program)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    DIES(unref_twice, future);
}

TEST(future, stays_readable_after_its_loop)
{
    struct world w = world_new(NULL);
    coil_future *finished = coil_create_future(w.loop);
    coil_future *pending = coil_create_future(w.loop);
    void *result = NULL;

    PASS(coil_set_result(finished, &result));
    world_free(&w);
    PASS(coil_result(finished, &result));
    CHECK_PTR(result, &result);
    CHECK_EQ(coil_future_state(pending), COIL_PENDING);
    PASS(coil_set_error(pending, -EIO));
    FAILS(coil_result(pending, NULL), -EIO);
    coil_unref(finished);
    coil_unref(pending);
}

TEST(future, a_task_stays_readable_after_its_loop)
{
    struct world w = world_new(NULL);
    coil_task *task = coil_create_task_with(w.loop, returns_its_argument, &w, NULL);
    char name[16] = "";
    void *result = NULL;

    PASS(coil_run_until_complete(w.loop, task, NULL));
    world_free(&w);
    PASS(coil_result(task, &result));
    CHECK_PTR(result, &w);
    PASS(coil_task_name(task, name, sizeof(name)));
    CHECK_STR(name, "task-1");
    CHECK(!coil_cancel(task));
    coil_unref(task);
}

/* Nobody could call its callbacks any more. */
TEST(future, an_orphan_with_callbacks_stays_pending)
{
    struct world w = world_new(NULL);
    coil_future *future = coil_create_future(w.loop);

    PASS(coil_add_done_callback(future, ignore, NULL));
    world_free(&w);
    FAILS(coil_set_result(future, NULL), -COIL_ECLOSED);
    CHECK(!coil_cancel(future));
    CHECK_EQ(coil_future_state(future), COIL_PENDING);
    coil_unref(future);
}

/* ---- contract 2: its loop's thread ---------------------------------------------------------- */

static const struct named thread_calls[] = {
    {"coil_set_result", set_result},
    {"coil_set_error", set_error},
    {"coil_result", result},
    {"coil_future_state", state},
    {"coil_add_done_callback", add_done_callback},
    {"coil_remove_done_callback", remove_done_callback},
    {"coil_set_dispose", set_dispose},
    {"coil_gather_futures", gather_futures},
};

struct elsewhere {
    int (*call)(coil_future *future);
    coil_future *future;
};

static void *call_it(void *arg)
{
    struct elsewhere *elsewhere = arg;

    elsewhere->call(elsewhere->future);
    return NULL;
}

static void call_elsewhere(void *arg)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, call_it, arg) == 0)
        pthread_join(thread, NULL);
}

static int ref_and_unref(coil_future *future)
{
    coil_unref(coil_ref(future));
    return 0;
}

static int cancel(coil_future *future)
{
    return coil_cancel(future);
}

static int done(coil_future *future)
{
    return coil_done(future);
}

static int cancelled(coil_future *future)
{
    return coil_cancelled(future);
}

static const struct named more_thread_calls[] = {
    {"coil_ref", ref_and_unref},
    {"coil_cancel", cancel},
    {"coil_done", done},
    {"coil_cancelled", cancelled},
};

static void survivors(const struct named *from, size_t n, coil_future *future, struct record *names)
{
    for (size_t i = 0; i < n; i++) {
        struct elsewhere elsewhere = {from[i].call, future};
        if (!check_dies(call_elsewhere, &elsewhere))
            record(names, "%s", from[i].name);
    }
}

TEST(future, a_call_from_another_thread_ends_the_program)
{
    struct record alive = {""};
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    PASS(world_run(&w, returns_its_argument, NULL)); /* from now on it is this thread's */
    survivors(thread_calls, sizeof(thread_calls) / sizeof(thread_calls[0]), future, &alive);
    survivors(more_thread_calls, sizeof(more_thread_calls) / sizeof(more_thread_calls[0]), future,
              &alive);
    CHECK_STR(alive.text, "");
}

/* ---- dispose -------------------------------------------------------------------------------- */

/* A result that counts how often it was disposed of. */
static void count_disposal(void *result)
{
    ++*(int *)result;
}

static coil_future *future_with(struct world *w, int *disposals)
{
    coil_future *future = coil_create_future(w->loop);

    PASS(coil_set_dispose(future, count_disposal));
    PASS(coil_set_result(future, disposals));
    return future;
}

TEST(future, disposes_once_of_a_result_that_nobody_took)
{
    int disposals = 0;
    WORLD(w);
    coil_future *future = future_with(&w, &disposals);

    coil_ref(future);
    PASS(coil_result(future, NULL)); /* looks, and takes nothing */
    coil_unref(future);
    CHECK_EQ(disposals, 0);
    coil_unref(future);
    CHECK_EQ(disposals, 1);
}

TEST(future, disposes_after_its_loop_is_gone)
{
    struct world w = world_new(NULL);
    int disposals = 0;
    coil_future *future = future_with(&w, &disposals);

    world_free(&w);
    coil_unref(future);
    CHECK_EQ(disposals, 1);
}

TEST(future, keeps_a_result_that_coil_result_took)
{
    int disposals = 0;
    WORLD(w);
    coil_future *future = future_with(&w, &disposals);
    void *result;

    PASS(coil_result(future, &result));
    coil_unref(future);
    CHECK_EQ(disposals, 0);
}

static void *takes(void *future)
{
    void *result;

    PASS(coil_await(future, &result));
    return NULL;
}

static void *awaits_without_taking(void *future)
{
    PASS(coil_await(future, NULL));
    return NULL;
}

TEST(future, keeps_a_result_that_an_await_took)
{
    int disposals = 0;
    WORLD(w);
    coil_future *future = future_with(&w, &disposals);

    PASS(world_run(&w, takes, future));
    coil_unref(future);
    CHECK_EQ(disposals, 0);
}

TEST(future, disposes_of_a_result_that_an_await_left)
{
    int disposals = 0;
    WORLD(w);
    coil_future *future = future_with(&w, &disposals);

    PASS(world_run(&w, awaits_without_taking, future));
    coil_unref(future);
    CHECK_EQ(disposals, 1);
}

TEST(future, keeps_a_result_that_a_run_took)
{
    int disposals = 0;
    WORLD(w);
    const coil_task_options options = {.size = sizeof(options), .dispose = count_disposal};
    void *result = NULL;

    coil_task *task = coil_create_task_with(w.loop, returns_its_argument, &disposals, &options);
    PASS(coil_run_until_complete(w.loop, task, &result));
    coil_unref(task);
    CHECK_PTR(result, &disposals);
    CHECK_EQ(disposals, 0);

    task = coil_create_task_with(w.loop, returns_its_argument, &disposals, &options);
    PASS(coil_run_until_complete(w.loop, task, NULL));
    coil_unref(task);
    CHECK_EQ(disposals, 1);
}

static void must_not_be_called(void *result)
{
    (void)result;
    check_true(false, "nobody calls it", __FILE__, __LINE__);
}

TEST(future, does_not_dispose_of_null_errors_and_cancellations)
{
    WORLD(w);
    coil_future *empty = coil_create_future(w.loop);
    coil_future *failed = coil_create_future(w.loop);
    coil_future *cancelled_one = coil_create_future(w.loop);
    coil_future *pending = coil_create_future(w.loop);
    coil_future *all[] = {empty, failed, cancelled_one, pending};

    for (size_t i = 0; i < 4; i++)
        PASS(coil_set_dispose(all[i], must_not_be_called));
    PASS(coil_set_result(empty, NULL));
    PASS(coil_set_error(failed, -EIO));
    CHECK(coil_cancel(cancelled_one));
    for (size_t i = 0; i < 4; i++)
        coil_unref(all[i]);
}

TEST(future, forgets_how_to_dispose_when_told)
{
    int disposals = 0;
    WORLD(w);
    coil_future *future = future_with(&w, &disposals);

    PASS(coil_set_dispose(future, NULL));
    coil_unref(future);
    CHECK_EQ(disposals, 0);
}
