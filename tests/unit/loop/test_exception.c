// SPDX-License-Identifier: MIT
#include "loop/exception.h"

#include "loop/loop.h"
#include "world.h"

#include <errno.h>

struct ear {
    struct record log;
    struct record warnings;
    coil_loop *loop;
    coil_exception_context last;
};

static void ear_free(struct ear *ear)
{
    (void)ear;
    PASS(coil_set_warning_sink(NULL, NULL));
}

/* An ear for the handler's calls, and one for warnings. */
#define EAR(name)                                                                                  \
    __attribute__((cleanup(ear_free))) struct ear name = {.loop = NULL};                           \
    PASS(coil_set_warning_sink(record_warning, &(name).warnings))

static void hear(coil_loop *loop, const coil_exception_context *context, void *userdata)
{
    struct ear *ear = userdata;

    record(&ear->log, "[%s %d]", context->message, context->code);
    ear->loop = loop;
    ear->last = *context;
}

static int fails(void *unused)
{
    (void)unused;
    return -EIO;
}

static int fails_otherwise(void *unused)
{
    (void)unused;
    return -ENOSPC;
}

static void soon(struct world *w, coil_callback fn, void *userdata)
{
    PASS(coil_handle_error(coil_call_soon(w->loop, fn, userdata)));
}

TEST(exception, a_callbacks_code_goes_to_the_handler_with_the_callback)
{
    EAR(ear);
    WORLD(w);
    PASS(coil_set_exception_handler(w.loop, hear, &ear));
    soon(&w, fails, &ear);
    PASS(world_turn(&w));
    CHECK_STR(ear.log.text, "[a callback failed -5]");
    CHECK_PTR(ear.loop, w.loop);
    CHECK(ear.last.callback == fails);
    CHECK_PTR(ear.last.userdata, &ear);
    CHECK_PTR(ear.last.future, NULL);
    CHECK_STR(ear.warnings.text, "");
    soon(&w, fails_otherwise, NULL); /* the loop goes on */
    PASS(world_turn(&w));
    CHECK_STR(ear.log.text, "[a callback failed -5] [a callback failed -28]");
}

static void *sleeps(void *unused)
{
    (void)unused;
    return COIL_ERR(coil_sleep(COIL_SEC(1)));
}

TEST(exception, the_run_goes_on_after_a_callback_that_failed)
{
    EAR(ear);
    WORLD(w);
    PASS(coil_set_exception_handler(w.loop, hear, &ear));
    soon(&w, fails, NULL);
    PASS(world_run(&w, sleeps, NULL));
    CHECK_STR(ear.log.text, "[a callback failed -5]");
}

TEST(exception, a_callback_of_another_thread_and_a_timer_are_callbacks)
{
    EAR(ear);
    WORLD(w);
    PASS(coil_set_exception_handler(w.loop, hear, &ear));
    PASS(coil_handle_error(coil_call_soon_threadsafe(w.loop, fails, NULL)));
    PASS(coil_handle_error(coil_call_later(w.loop, 0, fails_otherwise, NULL)));
    PASS(world_turn(&w));
    CHECK_STR(ear.log.text, "[a callback failed -5] [a callback failed -28]");
}

TEST(exception, the_default_writes_one_line)
{
    EAR(ear);
    WORLD(w);
    soon(&w, fails, NULL);
    PASS(world_turn(&w));
    CHECK_STR(ear.warnings.text, "a callback failed: Input/output error (-5)");
}

TEST(exception, null_brings_the_default_back)
{
    EAR(ear);
    WORLD(w);
    CHECK(coil_get_exception_handler(w.loop) == NULL);
    PASS(coil_set_exception_handler(w.loop, hear, &ear));
    CHECK(coil_get_exception_handler(w.loop) == hear);
    PASS(coil_set_exception_handler(w.loop, NULL, &ear));
    CHECK(coil_get_exception_handler(w.loop) == NULL);
    soon(&w, fails, NULL);
    PASS(world_turn(&w));
    CHECK_STR(ear.log.text, "");
    CHECK_STR(ear.warnings.text, "a callback failed: Input/output error (-5)");
}

static void *ends(void *unused)
{
    (void)unused;
    return NULL;
}

/* ---- the context ---------------------------------------------------------------------------- */

TEST(exception, the_line_has_what_the_context_has)
{
    EAR(ear);
    WORLD(w);
    const coil_task_options options = {.size = sizeof(options), .name = "mill"};
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, ends, NULL, &options);
    coil_exception_context context = {.size = sizeof(context), .message = "it broke"};

    PASS(coil_call_exception_handler(w.loop, &context));
    CHECK_STR(ear.warnings.text, "it broke");
    ear.warnings = (struct record){""};
    context.future = task;
    context.code = -ENOENT;
    PASS(coil_call_exception_handler(w.loop, &context));
    CHECK_STR(ear.warnings.text, "it broke: mill: No such file or directory (-2)");
    ear.warnings = (struct record){""};
    context.future = NULL;
    context.code = 0;
    context.origin = (const void *)0x1234;
    PASS(coil_call_exception_handler(w.loop, &context));
    CHECK_STR(ear.warnings.text, "it broke, asked for at 0x1234");
}

TEST(exception, the_line_has_the_errors_message_and_place)
{
    const coil_error_info info = {.size = sizeof(info),
                                  .code = -EIO,
                                  .message = "the wheel stands",
                                  .file = "mill.c",
                                  .line = 7};
    EAR(ear);
    WORLD(w);
    coil_future *future = coil_create_future(w.loop);

    PASS(coil_set_error_with(future, &info));
    coil_unref(future);
    CHECK_STR(ear.warnings.text, "future error was never retrieved: Input/output error (-5): "
                                 "the wheel stands (mill.c:7)");
}

TEST(exception, bad_arguments_are_refused)
{
    EAR(ear);
    WORLD(w);
    coil_exception_context context = {.size = sizeof(context), .message = "message"};

    PASS(coil_set_exception_handler(w.loop, hear, &ear));
    FAILS(coil_set_exception_handler(NULL, hear, &ear), -EINVAL);
    FAILS(coil_set_exception_handler(COIL_ERR(-EIO), hear, &ear), -EIO);
    CHECK(coil_get_exception_handler(NULL) == NULL);
    CHECK(coil_get_exception_handler(COIL_ERR(-EIO)) == NULL);
    FAILS(coil_call_exception_handler(NULL, &context), -EINVAL);
    FAILS(coil_call_exception_handler(COIL_ERR(-EIO), &context), -EIO);
    FAILS(coil_call_exception_handler(w.loop, NULL), -EINVAL);
    context.size--;
    FAILS(coil_call_exception_handler(w.loop, &context), -EINVAL);
    coil_default_exception_handler(w.loop, &context, NULL);
    context = (coil_exception_context){.size = sizeof(context)};
    FAILS(coil_call_exception_handler(w.loop, &context), -EINVAL);
    context.message = "message";
    context.code = 1;
    FAILS(coil_call_exception_handler(w.loop, &context), -EINVAL);
    coil_default_exception_handler(NULL, NULL, NULL);
    CHECK_STR(ear.log.text, "");
    CHECK_STR(ear.warnings.text, "");
}

/* ---- errors in the handler ------------------------------------------------------------------ */

static void reports_again(coil_loop *loop, const coil_exception_context *context, void *userdata)
{
    coil_exception_context again = *context;

    hear(loop, context, userdata);
    again.message = "from the handler";
    PASS(coil_call_exception_handler(loop, &again));
}

TEST(exception, an_error_in_the_handler_goes_to_the_default)
{
    EAR(ear);
    WORLD(w);
    PASS(coil_set_exception_handler(w.loop, reports_again, &ear));
    soon(&w, fails, NULL);
    soon(&w, fails_otherwise, NULL);
    PASS(world_turn(&w));
    CHECK_STR(ear.log.text, "[a callback failed -5] [a callback failed -28]");
    CHECK_STR(ear.warnings.text, "from the handler: Input/output error (-5) "
                                 "from the handler: No space left on device (-28)");
}

static void tries_to_wait(coil_loop *loop, const coil_exception_context *context, void *userdata)
{
    hear(loop, context, userdata);
    CHECK_PTR(coil_current_task(), NULL);
    FAILS(coil_sleep(COIL_SEC(1)), -COIL_ENOLOOP);
}

static void *reports(void *unused)
{
    coil_exception_context context = {.size = sizeof(context), .message = "by a task"};

    (void)unused;
    PASS(coil_call_exception_handler(coil_get_running_loop(), &context));
    CHECK(coil_current_task() != NULL);
    PASS(coil_sleep(COIL_SEC(1)));
    return NULL;
}

TEST(exception, the_handler_cannot_wait)
{
    EAR(ear);
    WORLD(w);
    PASS(coil_set_exception_handler(w.loop, tries_to_wait, &ear));
    PASS(world_run(&w, reports, NULL));
    CHECK_STR(ear.log.text, "[by a task 0]");
    CHECK_EQ(world_time(&w), COIL_SEC(1));
}

/* ---- the way from the tasks ----------------------------------------------------------------- */

TEST(exception, tasks_report_by_their_scheduler)
{
    EAR(ear);
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, ends, NULL, NULL);
    PASS(coil_set_exception_handler(w.loop, hear, &ear));
    if (coil_err(task) == 0)
        sched_report(task->sched, "lost", -EIO, task);
    CHECK_STR(ear.log.text, "[lost -5]");
    CHECK_PTR(ear.last.future, task);
    PASS(coil_loop_free(w.loop));
    w.loop = NULL;
    if (coil_err(task) == 0)
        sched_report(task->sched, "after its loop", -EIO, task);
    CHECK_STR(ear.log.text, "[lost -5] [task was destroyed but it is pending 0]");
    CHECK_STR(ear.warnings.text, "after its loop: task-1: Input/output error (-5)");
}

static void *stubborn(void *refusals)
{
    for (;;)
        if (coil_sleep(COIL_SEC(1)) == -ECANCELED)
            ++*(int *)refusals;
    return NULL;
}

TEST(exception, an_abandoned_task_is_reported_while_it_is_pending)
{
    int refusals = 0;
    EAR(ear);
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, stubborn, &refusals, NULL);
    PASS(coil_set_exception_handler(w.loop, hear, &ear));
    PASS(world_turn(&w));
    CHECK_EQ(coil_close(w.loop), 1);
    CHECK_STR(ear.log.text, "[task was destroyed but it is pending 0] "
                            "[a task went on to wait 100 times and was abandoned 0]");
    CHECK_PTR(ear.last.future, task);
}
