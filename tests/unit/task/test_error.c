// SPDX-License-Identifier: MIT
#include "faults.h"
#include "world.h"

#include <errno.h>

/* What the exception handler of a loop was told. */
struct ear {
    struct record log;
    coil_future *future;
    coil_future *kept;
    bool keep;
};

static void hear(coil_loop *loop, const coil_exception_context *context, void *userdata)
{
    struct ear *ear = userdata;

    (void)loop;
    record(&ear->log, "[%s %d%s%s]", context->message, context->code, context->info ? " " : "",
           context->info ? context->info->message : "");
    ear->future = context->future;
    if (ear->keep)
        ear->kept = coil_ref(context->future);
}

#define EAR(name, world)                                                                           \
    struct ear name = {.future = NULL};                                                            \
    PASS(coil_set_exception_handler((world).loop, hear, &(name)))

/* ---- messages ------------------------------------------------------------------------------- */

static void *raises(void *arg)
{
    (void)arg;
    return coil_raise(-EPROTO, "no header");
}

TEST(error, a_task_says_what_is_wrong_and_where)
{
    coil_error_info info = {.size = sizeof(info)};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, raises, NULL, NULL);

    FAILS(coil_run_until_complete(w.loop, task, NULL), -EPROTO);
    CHECK_EQ(coil_error(task, &info), 1);
    CHECK_EQ(info.code, -EPROTO);
    if (check_walking())
        return;
    CHECK_STR(info.message, "no header");
    CHECK_STR(info.file, __FILE__);
    CHECK(info.line > 0);
}

static void *raises_and_ends_otherwise(void *arg)
{
    CHECK_PTR(coil_raise_at(-EPROTO, "first", NULL, 0), COIL_ERR(-EPROTO));
    CHECK_PTR(coil_raise(-ENOSPC, "second"), COIL_ERR(-ENOSPC));
    return arg;
}

TEST(error, a_message_belongs_to_its_code)
{
    coil_error_info info = {.size = sizeof(info)};
    WORLD(w);
    COIL_AUTO coil_task *other =
        coil_create_task_with(w.loop, raises_and_ends_otherwise, COIL_ERR(-EIO), NULL);
    COIL_AUTO coil_task *last =
        coil_create_task_with(w.loop, raises_and_ends_otherwise, COIL_ERR(-ENOSPC), NULL);
    COIL_AUTO coil_task *fine =
        coil_create_task_with(w.loop, raises_and_ends_otherwise, NULL, NULL);

    FAILS(coil_run_until_complete(w.loop, other, NULL), -EIO);
    CHECK_EQ(coil_error(other, &info), 1);
    CHECK_EQ(info.code, -EIO);
    CHECK_PTR(info.message, NULL);
    CHECK_PTR(info.file, NULL);
    FAILS(coil_run_until_complete(w.loop, last, NULL), -ENOSPC);
    CHECK_EQ(coil_error(last, &info), 1);
    CHECK(check_walking() || (info.message && strcmp(info.message, "second") == 0));
    PASS(coil_run_until_complete(w.loop, fine, NULL));
    CHECK_EQ(coil_error(fine, &info), 0);
    CHECK_EQ(info.code, 0);
    CHECK_PTR(info.message, NULL);
}

TEST(error, outside_a_task_raise_is_the_code)
{
    CHECK_PTR(coil_raise(-EIO, "nobody hears"), COIL_ERR(-EIO));
    CHECK_PTR(coil_raise(0, "fine"), NULL);
    CHECK_PTR(coil_raise(1, "nonsense"), COIL_ERR(-EINVAL));
}

TEST(error, a_future_is_given_one_with_a_message)
{
    char message[] = "no header";
    coil_error_info given = {
        .size = sizeof(given), .code = -EPROTO, .message = message, .file = "a.c", .line = 3};
    coil_error_info info = {.size = sizeof(info)};
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    PASS(coil_set_error_with(future, &given));
    memset(message, 'x', sizeof(message) - 1);
    CHECK_EQ(coil_error(future, &info), check_walking() ? coil_error(future, NULL) : 1);
    if (!check_walking()) {
        CHECK_STR(info.message, "no header");
        CHECK_STR(info.file, "a.c");
        CHECK_EQ(info.line, 3);
    }
    FAILS(coil_set_error_with(future, &given),
          check_walking() ? coil_set_error(future, -EIO) : -COIL_EINVALSTATE);
    (void)coil_error(future, NULL);
}

TEST(error, a_bad_one_is_refused_and_changes_nothing)
{
    const coil_error_info bad[] = {
        {.size = 0, .code = -EIO},
        {.size = sizeof(bad[0]), .code = 0},
        {.size = sizeof(bad[0]), .code = 5},
        {.size = sizeof(bad[0]), .code = -ECANCELED},
        {.size = sizeof(bad[0]), .code = -COIL_ERROR_MAX - 1},
    };
    coil_error_info info = {.size = 1};
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        FAILS(coil_set_error_with(future, &bad[i]), -EINVAL);
    FAILS(coil_set_error_with(future, NULL), -EINVAL);
    CHECK_EQ(coil_future_state(future), coil_err(future) ? coil_err(future) : COIL_PENDING);
    FAILS(coil_error(future, NULL), -COIL_EINVALSTATE);
    FAILS(coil_error(future, &info), -EINVAL);
    FAILS(coil_error(NULL, NULL), -EINVAL);
    FAILS(coil_error(COIL_ERR(-EIO), NULL), -EIO);
    CHECK(coil_cancel(future));
    FAILS(coil_error(future, NULL), -ECANCELED);
}

TEST(error, without_memory_for_the_message_the_future_stays_pending)
{
    const coil_error_info info = {.size = sizeof(info), .code = -EIO, .message = "lost"};
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    if (check_walking())
        return;
    for (size_t k = 1; k <= 2; k++) {
        faults_fail(k, NULL);
        FAILS(coil_set_error_with(future, &info), -ENOMEM);
        faults_end();
        CHECK_EQ(coil_future_state(future), COIL_PENDING);
    }
    PASS(coil_set_error_with(future, &info));
    CHECK_EQ(coil_error(future, NULL), 1);
}

TEST(error, a_gather_has_its_childs_message)
{
    coil_error_info info = {.size = sizeof(info)};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, raises, NULL, NULL);
    COIL_AUTO coil_future *gather = coil_gather_futures(&task, 1, 0);

    FAILS(coil_run_until_complete(w.loop, gather, NULL), -EPROTO);
    coil_unrefp(&task);
    CHECK_EQ(coil_error(gather, &info), 1);
    CHECK(check_walking() || (info.message && strcmp(info.message, "no header") == 0));
}

/* ---- F3: what nobody retrieves is told ------------------------------------------------------ */

static void *fails(void *arg)
{
    (void)arg;
    return COIL_ERR(-EIO);
}

static void *nothing(void *arg)
{
    return arg;
}

TEST(error, one_that_nobody_retrieves_is_reported_at_the_last_unref)
{
    WORLD(w);
    EAR(ear, w);
    coil_task *task = coil_create_task_with(w.loop, raises, NULL, NULL), *held = coil_ref(task);
    coil_future *future = coil_create_future(w.loop);

    PASS(world_turn(&w));
    PASS(coil_set_error(future, -ENOSPC));
    coil_unref(task);
    CHECK_STR(ear.log.text, "");
    coil_unref(held);
    if (check_walking()) {
        coil_unref(future);
        return;
    }
    CHECK_STR(ear.log.text, "[task error was never retrieved -71 no header]");
    CHECK_PTR(ear.future, task);
    coil_unref(future);
    CHECK_STR(ear.log.text, "[task error was never retrieved -71 no header] "
                            "[future error was never retrieved -28]");
}

TEST(error, the_one_that_runs_for_nobody_is_reported_at_its_end)
{
    WORLD(w);
    EAR(ear, w);

    coil_unref(coil_create_task_with(w.loop, fails, NULL, NULL));
    CHECK_STR(ear.log.text, "");
    PASS(world_turn(&w));
    CHECK(check_walking() || strcmp(ear.log.text, "[task error was never retrieved -5]") == 0);
}

static void *awaits(void *future)
{
    FAILS(coil_await(future, NULL), -EIO);
    return NULL;
}

static void done(coil_future *future, void *arg)
{
    (void)future, (void)arg;
}

/* Each way to retrieve it; 0: none, and it is told. */
static void retrieves(int way, const char *told)
{
    coil_future *results[1];
    WORLD(w);
    EAR(ear, w);
    coil_future *future = coil_create_future(w.loop);

    PASS(coil_add_done_callback(future, done, NULL));
    PASS(coil_set_error(future, -EIO));
    PASS(world_turn(&w));
    results[0] = future;
    switch (way) {
    case 1:
        FAILS(coil_result(future, NULL), -EIO);
        break;
    case 2:
        CHECK_EQ(coil_error(future, NULL), 1);
        break;
    case 3:
        PASS(world_run(&w, awaits, future));
        break;
    case 4:
        FAILS(coil_run_until_complete(w.loop, future, NULL), -EIO);
        break;
    case 5:
        CHECK(!coil_cancel(future)); /* who cancels does not want to know */
        break;
    case 6:
        coil_unref(coil_gather_futures(results, 1, COIL_RETURN_ERRORS));
        break;
    default: /* to look at it is not to retrieve it */
        CHECK(coil_done(future) && !coil_cancelled(future));
        CHECK_EQ(coil_future_state(future), COIL_FINISHED);
    }
    coil_unref(future);
    CHECK(check_walking() || strcmp(ear.log.text, told) == 0);
}

TEST(error, to_read_to_await_and_to_cancel_is_to_retrieve)
{
    retrieves(0, "[future error was never retrieved -5]");
    for (int way = 1; way <= 6; way++)
        retrieves(way, "");
}

TEST(error, results_and_cancellations_are_no_errors)
{
    WORLD(w);
    EAR(ear, w);
    coil_future *cancelled = coil_create_future(w.loop), *pending = coil_create_future(w.loop),
                *finished = coil_create_future(w.loop);

    CHECK(coil_cancel(cancelled));
    PASS(coil_set_result(finished, NULL));
    coil_unref(cancelled);
    coil_unref(pending);
    coil_unref(finished);
    PASS(world_run(&w, nothing, NULL));
    CHECK_STR(ear.log.text, "");
}

TEST(error, a_handler_may_keep_the_future)
{
    WORLD(w);
    EAR(ear, w);
    coil_future *future = coil_create_future(w.loop);

    ear.keep = true;
    PASS(coil_set_error(future, -EIO));
    coil_unref(future);
    if (!check_walking())
        FAILS(coil_result(ear.kept, NULL), -EIO);
    ear.keep = false;
    coil_unref(ear.kept);
    CHECK(check_walking() || strcmp(ear.log.text, "[future error was never retrieved -5]") == 0);
}

TEST(error, one_that_outlives_its_loop_goes_to_the_sink)
{
    struct record warnings = {""};
    coil_future *future;
    {
        WORLD(w);
        future = coil_create_future(w.loop);
        PASS(coil_set_error(future, -EIO));
    }
    PASS(coil_set_warning_sink(record_warning, &warnings));
    coil_unref(future);
    PASS(coil_set_warning_sink(NULL, NULL));
    CHECK(check_walking() ||
          strcmp(warnings.text, "future error was never retrieved: Input/output error (-5)") == 0);
}
