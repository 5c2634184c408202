// SPDX-License-Identifier: MIT
/* CPython's test_futures.py. */
#include "ear.h"

#include <errno.h>

/* ---- BaseFutureTests: making --------------------------------------------------------------- */

TEST(BaseFutureTests, test_initial_state)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    if (coil_is_err(future))
        return;
    CHECK(!coil_done(future) && !coil_cancelled(future));
    CHECK(coil_cancel(future));
    CHECK(coil_cancelled(future));
}

/* coil follows the seed: a thread without a loop gets one. What cannot be had is a future of a loop
 * that is not there, and then nothing is allocated. */
TEST(BaseFutureTests, test_constructor_without_loop)
{
    size_t blocks = coil_allocated_blocks();

    FAILS(coil_err(coil_create_future(COIL_ERR(-COIL_ENOLOOP))), -COIL_ENOLOOP);
    CHECK_EQ(coil_allocated_blocks(), blocks);
}

static void *makes_one(void *loop)
{
    COIL_AUTO coil_future *future = coil_create_future(NULL);

    PASS(coil_set_result(future, loop));
    PASS(coil_await(future, NULL)); /* another loop's would be refused */
    CHECK_PTR(coil_get_running_loop(), loop);
    return NULL;
}

TEST(BaseFutureTests, test_constructor_use_running_loop)
{
    WORLD(w);

    PASS(world_run(&w, makes_one, w.loop));
}

TEST(BaseFutureTests, test_constructor_use_global_loop)
{
    WORLD(w);

    PASS(coil_set_event_loop(w.loop));
    COIL_AUTO coil_future *future = coil_create_future(NULL);
    PASS(coil_set_result(future, &w));
    PASS(coil_run_until_complete(w.loop, future, NULL));
    PASS(coil_set_event_loop(NULL));
}

/* ---- BaseFutureTests: ending --------------------------------------------------------------- */

TEST(BaseFutureTests, test_future_cancel_message_getter)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    if (coil_is_err(future))
        return;
    CHECK_PTR(coil_cancel_message(future), NULL);
    CHECK(coil_cancel_with(future, "my new message"));
    CHECK(check_walking() || strcmp(coil_cancel_message(future), "my new message") == 0);
    FAILS(coil_run_until_complete(w.loop, future, NULL), -ECANCELED);
    CHECK(check_walking() || strcmp(coil_cancel_message(future), "my new message") == 0);
}

TEST(BaseFutureTests, test_cancel)
{
    void *result = &result;
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    if (coil_is_err(future))
        return;
    CHECK(coil_cancel(future));
    CHECK(coil_done(future) && coil_cancelled(future));
    FAILS(coil_result(future, &result), -ECANCELED);
    CHECK_PTR(result, &result);
    FAILS(coil_error(future, NULL), -ECANCELED);
    FAILS(coil_set_result(future, NULL), -COIL_EINVALSTATE);
    FAILS(coil_set_error(future, -EIO), -COIL_EINVALSTATE);
    CHECK(!coil_cancel(future));
}

TEST(BaseFutureTests, test_result)
{
    void *result = NULL;
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    if (coil_is_err(future))
        return;
    FAILS(coil_result(future, &result), -COIL_EINVALSTATE);
    PASS(coil_set_result(future, &w));
    CHECK(coil_done(future) && !coil_cancelled(future));
    PASS(coil_result(future, &result));
    CHECK_PTR(result, &w);
    CHECK_EQ(coil_error(future, NULL), 0);
    FAILS(coil_set_result(future, NULL), -COIL_EINVALSTATE);
    FAILS(coil_set_error(future, -EIO), -COIL_EINVALSTATE);
    CHECK(!coil_cancel(future));
}

TEST(BaseFutureTests, test_exception)
{
    coil_error_info info = {.size = sizeof(info)};
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    if (coil_is_err(future))
        return;
    FAILS(coil_error(future, &info), -COIL_EINVALSTATE);
    PASS(coil_set_error(future, -EIO));
    CHECK(coil_done(future) && !coil_cancelled(future));
    FAILS(coil_result(future, NULL), -EIO);
    CHECK_EQ(coil_error(future, &info), 1);
    CHECK_EQ(info.code, -EIO);
    FAILS(coil_set_result(future, NULL), -COIL_EINVALSTATE);
    FAILS(coil_set_error(future, -ENOSPC), -COIL_EINVALSTATE);
    CHECK(!coil_cancel(future));
}

static int finishes(void *future)
{
    PASS(coil_set_result(future, (void *)42));
    return 0;
}

struct twice {
    struct record log;
    coil_future *future;
};

static int says_late(void *arg)
{
    record(&((struct twice *)arg)->log, "late");
    return 0;
}

static void *awaits_twice(void *arg)
{
    struct twice *twice = arg;
    void *first = NULL, *second = NULL;

    record(&twice->log, "A");
    PASS(coil_await(twice->future, &first));
    record(&twice->log, "B");
    PASS(coil_handle_error(coil_call_soon(coil_get_running_loop(), says_late, twice)));
    PASS(coil_await(twice->future, &second));
    record(&twice->log, "C");
    CHECK_PTR(first, (void *)42);
    CHECK_PTR(second, first);
    return NULL;
}

static int says_between(void *arg)
{
    struct twice *twice = arg;

    record(&twice->log, "between");
    return finishes(twice->future);
}

TEST(BaseFutureTests, test_yield_from_twice)
{
    struct twice twice = {.future = NULL};
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, awaits_twice, &twice, NULL);

    twice.future = future;
    if (check_walking())
        return;
    PASS(coil_handle_error(coil_call_soon(w.loop, says_between, &twice)));
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK_STR(twice.log.text, "A between B C late"); /* nothing runs between B and C */
}

/* A future that takes over another's end: what gather does with one child. */
static void copies(coil_loop *loop, coil_future *from, int code, void *value)
{
    void *result = NULL;
    COIL_AUTO coil_future *copy = coil_shield(from);

    CHECK_PTR(copy, from); /* a done one is copied by being itself */
    COIL_AUTO coil_future *gather = coil_gather_futures(&from, 1, COIL_RETURN_ERRORS);
    PASS(coil_run_until_complete(loop, gather, &result));
    void *const *results = result;
    CHECK(check_walking() || results[0] == (code ? COIL_ERR(code) : value));
    CHECK_EQ(coil_cancelled(copy), code == -ECANCELED);
    coil_unref(from);
}

TEST(BaseFutureTests, test_copy_state)
{
    WORLD(w);
    coil_future *value = coil_create_future(w.loop), *error = coil_create_future(w.loop),
                *cancelled = coil_create_future(w.loop);

    PASS(coil_set_result(value, &w));
    PASS(coil_set_error(error, -EIO));
    CHECK(coil_cancel(cancelled) || check_walking());
    copies(w.loop, value, 0, &w);
    copies(w.loop, error, -EIO, NULL);
    copies(w.loop, cancelled, -ECANCELED, NULL);
}

/* ---- BaseFutureTests: what nobody retrieves ------------------------------------------------ */

enum retrieval { NOT, BY_RESULT, BY_ERROR, BY_CANCEL };

/* Ends a future, looks at it or not, releases it; what the handler was told. */
static void tells(int code, enum retrieval way, const char *told)
{
    WORLD(w);
    EAR(ear, w);
    coil_future *future = coil_create_future(w.loop);

    if (code < 0)
        PASS(coil_set_error(future, code));
    else if (code == 0)
        PASS(coil_set_result(future, NULL));
    if (way == BY_RESULT)
        CHECK_EQ(coil_result(future, NULL), coil_err(future) ? coil_err(future) : code);
    else if (way == BY_ERROR)
        CHECK_EQ(coil_error(future, NULL), coil_err(future) ? coil_err(future) : code < 0);
    else if (way == BY_CANCEL)
        CHECK(!coil_cancel(future));
    coil_unref(future);
    CHECK(check_walking() || strcmp(ear.log.text, told) == 0);
}

TEST(BaseFutureTests, test_tb_logger_abandoned)
{
    tells(1, NOT, "");
}

TEST(BaseFutureTests, test_tb_logger_not_called_after_cancel)
{
    tells(-EIO, BY_CANCEL, "");
}

TEST(BaseFutureTests, test_tb_logger_result_unretrieved)
{
    tells(0, NOT, "");
}

TEST(BaseFutureTests, test_tb_logger_result_retrieved)
{
    tells(0, BY_RESULT, "");
}

TEST(BaseFutureTests, test_tb_logger_exception_unretrieved)
{
    tells(-EIO, NOT, "[future error was never retrieved -5]");
}

TEST(BaseFutureTests, test_tb_logger_exception_retrieved)
{
    tells(-EIO, BY_ERROR, "");
}

TEST(BaseFutureTests, test_tb_logger_exception_result_retrieved)
{
    tells(-EIO, BY_RESULT, "");
}

TEST(BaseFutureTests, test_future_exception_never_retrieved)
{
    WORLD(w);
    EAR(ear, w);
    coil_future *future = coil_create_future(w.loop);

    PASS(coil_set_error_with(
        future,
        &(coil_error_info){.size = sizeof(coil_error_info), .code = -EIO, .message = "it broke"}));
    coil_unref(future);
    if (check_walking())
        return;
    CHECK_STR(ear.log.text, "[future error was never retrieved -5]");
    CHECK_PTR(ear.last.future, future);
    CHECK(ear.last.info != NULL);
}

/* ---- BaseFutureTests: debug mode ----------------------------------------------------------- */

static __attribute__((noinline)) coil_future *makes_it(coil_loop *loop)
{
    coil_future *future = coil_create_future(loop);

    PASS(coil_err(future));
    return future;
}

TEST(BaseFutureTests, test_future_source_traceback)
{
    char text[256] = "";
    WORLD(w);
    PASS(coil_set_debug(w.loop, true));
    COIL_AUTO coil_future *future = makes_it(w.loop);

    if (check_walking())
        return;
    PASS(coil_describe(future, text, sizeof(text)));
    CHECK_STR(text, "<future pending created=makes_it>");
    PASS(coil_set_debug(w.loop, false));
    COIL_AUTO coil_future *other = makes_it(w.loop);
    PASS(coil_describe(other, text, sizeof(text)));
    CHECK_STR(text, "<future pending>");
}

/* Whether the instruction is one of makes_it's. */
static bool in_makes_it(const void *origin)
{
    uintptr_t begin = (uintptr_t)makes_it, at = (uintptr_t)origin;

    return at > begin && at - begin < 1024;
}

TEST(BaseFutureTests, test_future_exception_never_retrieved_debug)
{
    WORLD(w);
    EAR(ear, w);
    PASS(coil_set_debug(w.loop, true));
    coil_future *future = makes_it(w.loop);

    PASS(coil_set_error(future, -EIO));
    coil_unref(future);
    if (check_walking())
        return;
    CHECK_STR(ear.log.text, "[future error was never retrieved -5]");
    CHECK(in_makes_it(ear.last.origin));
}

/* ---- BaseFutureTests: values --------------------------------------------------------------- */

TEST(BaseFutureTests, test_wrap_future_future)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    PASS(coil_set_result(future, &w));
    COIL_AUTO coil_future *same = coil_shield(future);
    CHECK_PTR(same, future);
}

static void *sleeps(void *arg)
{
    (void)arg;
    return COIL_ERR(coil_sleep(COIL_MS(20)));
}

/* The timer ends together with the cancellation: who comes second is ignored. */
TEST(BaseFutureTests, test_set_result_unless_cancelled)
{
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, sleeps, NULL, NULL);

    if (!world_is_virtual()) /* one moment for both is what only that clock has */
        return;
    PASS(world_turn(&w));
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(20), world_cancel, task)));
    int rc = coil_run_until_complete(w.loop, task, NULL);
    CHECK(rc == -ECANCELED || check_walking());
    CHECK(coil_cancelled(task) || check_walking());
}

static void *awaits_value(void *future)
{
    void *value = NULL;
    int rc = coil_await(future, &value);

    return rc < 0 ? COIL_ERR(rc) : value;
}

TEST(BaseFutureTests, test_future_stop_iteration_args)
{
    int object = 0;
    void *values[] = {NULL, (void *)COIL_STOP, &object, values, (void *)(uintptr_t)-4096};
    WORLD(w);

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        void *value = &w;
        COIL_AUTO coil_future *future = coil_create_future(w.loop);
        COIL_AUTO coil_task *task = coil_create_task_with(w.loop, awaits_value, future, NULL);
        PASS(coil_set_result(future, values[i]));
        PASS(coil_run_until_complete(w.loop, task, &value));
        CHECK(value == values[i] || check_walking());
    }
    COIL_AUTO coil_future *other = coil_create_future(w.loop);
    FAILS(coil_set_result(other, COIL_ERR(-EIO)), -EINVAL);
}

/* COIL_STOP is no error: as one it is refused, and the future is as it was. */
TEST(BaseFutureTests, test_stop_iteration_exception)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    FAILS(coil_set_error(future, COIL_STOP), -EINVAL);
    CHECK(!coil_done(future) || check_walking());
    PASS(coil_set_error(future, -COIL_EGENEXIT)); /* what ends a generator is an error like any */
    FAILS(coil_run_until_complete(w.loop, future, NULL),
          coil_err(future) ? coil_err(future) : -COIL_EGENEXIT);
}

/* ---- BaseFutureDoneCallbackTests ------------------------------------------------------------ */

struct callbacks {
    struct record log;
    coil_future *future;
};

#define SAYS(number)                                                                               \
    static void says_##number(coil_future *future, void *arg)                                      \
    {                                                                                              \
        struct callbacks *callbacks = arg;                                                         \
        CHECK_PTR(future, callbacks->future);                                                      \
        record(&callbacks->log, #number);                                                          \
    }
SAYS(1)
SAYS(2)
SAYS(3)

static const coil_done_callback all_three[] = {says_1, says_2, says_3};

/* Three callbacks of which the ones with these numbers are removed, each twice. */
static void remaining(const char *removed, int code, const char *said)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    struct callbacks callbacks = {.future = future};

    for (int i = 0; i < 3; i++)
        PASS(coil_add_done_callback(future, all_three[i], &callbacks));
    for (; *removed && !check_walking(); removed++) {
        coil_done_callback callback = all_three[*removed - '1'];
        CHECK_EQ(coil_remove_done_callback(future, callback, &callbacks), 1);
        CHECK_EQ(coil_remove_done_callback(future, callback, &callbacks), 0);
    }
    PASS(code ? coil_set_error(future, code) : coil_set_result(future, &w));
    CHECK_STR(callbacks.log.text, ""); /* not inside */
    PASS(world_turn(&w));
    CHECK(check_walking() || strcmp(callbacks.log.text, said) == 0);
    (void)coil_error(future, NULL);
}

TEST(BaseFutureDoneCallbackTests, test_callbacks_remove_first_callback)
{
    remaining("1", 0, "2 3");
}

TEST(BaseFutureDoneCallbackTests, test_callbacks_remove_first_and_second_callback)
{
    remaining("12", 0, "3");
}

TEST(BaseFutureDoneCallbackTests, test_callbacks_remove_third_callback)
{
    remaining("3", 0, "1 2");
}

TEST(BaseFutureDoneCallbackTests, test_callbacks_invoked_on_set_result)
{
    remaining("", 0, "1 2 3");
}

TEST(BaseFutureDoneCallbackTests, test_callbacks_invoked_on_set_exception)
{
    remaining("", -EIO, "1 2 3");
}

TEST(BaseFutureDoneCallbackTests, test_remove_done_callback)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    struct callbacks callbacks = {.future = future};

    if (check_walking())
        return;
    CHECK_EQ(coil_remove_done_callback(future, says_1, &callbacks), 0);
    for (int i = 0; i < 2; i++) {
        PASS(coil_add_done_callback(future, says_1, &callbacks));
        PASS(coil_add_done_callback(future, says_2, &callbacks));
    }
    CHECK_EQ(coil_remove_done_callback(future, says_1, &w), 0);
    CHECK_EQ(coil_remove_done_callback(future, says_1, &callbacks), 2);
    CHECK_EQ(coil_remove_done_callback(future, says_1, &callbacks), 0);
    PASS(coil_set_result(future, NULL));
    PASS(world_turn(&w));
    CHECK_STR(callbacks.log.text, "2 2");
}

static void removes_the_others(coil_future *future, void *arg)
{
    struct callbacks *callbacks = arg;

    record(&callbacks->log, "removes");
    (void)coil_remove_done_callback(future, says_1, callbacks);
    (void)coil_remove_done_callback(future, removes_the_others, callbacks);
}

TEST(BaseFutureDoneCallbackTests, test_schedule_callbacks_list_mutation_1)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    struct callbacks callbacks = {.future = future};

    PASS(coil_add_done_callback(future, removes_the_others, &callbacks));
    PASS(coil_add_done_callback(future, says_1, &callbacks));
    PASS(coil_add_done_callback(future, says_2, &callbacks));
    PASS(coil_set_result(future, NULL));
    PASS(world_turn(&w));
    /* All three were queued when the future ended. */
    CHECK(check_walking() || strcmp(callbacks.log.text, "removes 1 2") == 0);
}
