// SPDX-License-Identifier: MIT
#include "inspect/describe.h"

#include "engine/engine.h"
#include "world.h"

#include <errno.h>

enum { ROOM = 256 };

static void describes(const coil_future *future, const char *text)
{
    char buffer[ROOM] = "";

    CHECK_EQ(coil_describe(future, buffer, sizeof(buffer)), strlen(text));
    CHECK_STR(buffer, text);
}

static void *work(void *arg)
{
    (void)arg;
    return COIL_ERR(coil_sleep(COIL_SEC(1.5)));
}

TEST(describe, a_task_from_its_beginning_to_its_end)
{
    WORLD(w);
    const coil_task_options options = {.size = sizeof(options), .name = "x"};
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, work, NULL, &options);

    describes(task, "<task 'x' pending coro=work>");
    PASS(world_turn(&w));
    describes(task, "<task 'x' pending coro=work wait=sleep 1.5s>");
    PASS(coil_sim_advance(w.sim, COIL_SEC(1)));
    describes(task, "<task 'x' pending coro=work wait=sleep 0.5s>");
    PASS(coil_run_until_complete(w.loop, task, NULL));
    describes(task, "<task 'x' finished coro=work result=(nil)>");
}

TEST(describe, a_task_that_is_cancelled)
{
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, work, NULL, NULL);

    CHECK(coil_cancel(task));
    CHECK(coil_cancel(task));
    describes(task, "<task 'task-1' pending cancelling=2 coro=work>");
    FAILS(coil_run_until_complete(w.loop, task, NULL), -ECANCELED);
    describes(task, "<task 'task-1' cancelled cancelling=2 coro=work>");
}

static void *fails(void *arg)
{
    (void)arg;
    return COIL_ERR(-EIO);
}

TEST(describe, a_task_that_failed)
{
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, fails, NULL, NULL);

    FAILS(coil_run_until_complete(w.loop, task, NULL), -EIO);
    describes(task, "<task 'task-1' finished coro=fails error=-5 (Input/output error)>");
}

static void *awaits(void *future)
{
    return COIL_ERR(coil_await(future, NULL));
}

static void *receives(void *arg)
{
    char byte;

    (void)arg;
    return COIL_ERR(world_op(OP_RECV, 5, &byte, 1));
}

static void *runs(void *arg)
{
    (void)arg;
    describes(coil_current_task(), "<task 'task-1' pending coro=runs running>");
    return NULL;
}

TEST(describe, the_task_that_runs)
{
    WORLD(w);

    PASS(world_run(&w, runs, NULL));
}

static void done(coil_future *future, void *arg)
{
    (void)future, (void)arg;
}

TEST(describe, what_a_task_awaits)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    COIL_AUTO coil_task *one = coil_create_task_with(w.loop, awaits, future, NULL);
    COIL_AUTO coil_task *two = coil_create_task_with(w.loop, awaits, one, NULL);
    COIL_AUTO coil_future *both = coil_gather_futures((coil_future *[]){one, two}, 2, 0);
    COIL_AUTO coil_task *three = coil_create_task_with(w.loop, awaits, both, NULL);
    COIL_AUTO coil_task *four = coil_create_task_with(w.loop, receives, NULL, NULL);

    PASS(coil_add_done_callback(one, done, NULL));
    PASS(world_turn(&w));
    describes(one, "<task 'task-1' pending coro=awaits wait=future callbacks=1>");
    describes(two, "<task 'task-2' pending coro=awaits wait=task 'task-1'>");
    describes(both, "<gather pending children=2 done=0>");
    describes(three, "<task 'task-3' pending coro=awaits wait=gather>");
    describes(four, "<task 'task-4' pending coro=receives wait=recv fd=5>");
    PASS(coil_set_result(future, NULL));
    PASS(world_turn(&w));
    describes(both, "<gather pending children=2 done=1>");
}

static void *links(void *arg)
{
    (void)arg;
    return COIL_ERR(coil_linkat(5, "a", 5, "b", 0));
}

static void *reads_a_link(void *arg)
{
    char text[8];

    (void)arg;
    return COIL_ERR((int)coil_readlink("a", text, sizeof(text)));
}

TEST(describe, which_operation_a_task_waits_for)
{
    WORLD(w);
    COIL_AUTO coil_task *one = coil_create_task_with(w.loop, links, NULL, NULL);
    COIL_AUTO coil_task *two = coil_create_task_with(w.loop, reads_a_link, NULL, NULL);

    PASS(world_turn(&w));
    describes(one, "<task 'task-1' pending coro=links wait=linkat fd=5>");
    describes(two, "<task 'task-2' pending coro=reads_a_link wait=call>");
}

TEST(describe, a_plain_future)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    COIL_AUTO coil_future *other = coil_create_future(w.loop);

    describes(future, "<future pending>");
    PASS(coil_add_done_callback(future, done, NULL));
    PASS(coil_add_done_callback(future, done, NULL));
    describes(future, "<future pending callbacks=2>");
    PASS(coil_set_result(future, (void *)0x1234));
    describes(future, "<future finished result=0x1234>");
    CHECK(coil_cancel(other));
    describes(other, "<future cancelled>");
}

TEST(describe, one_line_whatever_the_name)
{
    WORLD(w);
    const coil_task_options options = {.size = sizeof(options), .name = "a\nb\x7f\tc"};
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, work, NULL, &options);

    describes(task, "<task 'a?b??c' pending coro=work>");
}

TEST(describe, the_text_is_cut_and_its_length_told)
{
    char buffer[8] = "xxxxxxx";
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    CHECK_EQ(coil_describe(future, buffer, 8), 16);
    CHECK_STR(buffer, "<future");
    CHECK_EQ(coil_describe(future, buffer, 1), 16);
    CHECK_STR(buffer, "");
    CHECK_EQ(coil_describe(future, NULL, 0), 16);
    FAILS(coil_describe(future, NULL, 1), -EINVAL);
    FAILS(coil_describe(NULL, buffer, sizeof(buffer)), -EINVAL);
    FAILS(coil_describe(COIL_ERR(-EIO), buffer, sizeof(buffer)), -EIO);
}

TEST(describe, an_orphan)
{
    coil_future *orphan;
    {
        WORLD(w);
        orphan = coil_create_task_with(w.loop, work, NULL, NULL);
        PASS(world_turn(&w));
    }
    describes(orphan, "<task 'task-1' cancelled coro=work>");
    coil_unref(orphan);
}

static void *raises_with_a_message(void *arg)
{
    (void)arg;
    return coil_raise(-EPROTO, "no header");
}

static void *waits_for_an_event(void *event)
{
    return COIL_ERR(coil_event_wait(event));
}

TEST(describe, why_it_failed_and_where)
{
    char buffer[ROOM] = "", where[ROOM];
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, raises_with_a_message, NULL, NULL);

    FAILS(coil_run_until_complete(w.loop, task, NULL), -EPROTO);
    coil_error_info info = {.size = sizeof(info)};
    CHECK_EQ(coil_error(task, &info), 1);
    PASS(coil_describe(task, buffer, sizeof(buffer)));
    snprintf(where, sizeof(where), "error=-71 (Protocol error) 'no header' at %s:%d>", info.file,
             info.line);
    if (!check_walking()) /* it may have had no memory for the message */
        CHECK_STR(strstr(buffer, "error=") ? strstr(buffer, "error=") : buffer, where);
}

TEST(describe, why_it_was_cancelled_and_what_it_waits_for)
{
    coil_event event = COIL_EVENT_INIT;
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, waits_for_an_event, &event, NULL);

    PASS(world_turn(&w));
    describes(task, "<task 'task-1' pending coro=waits_for_an_event wait=event>");
    CHECK(coil_cancel_with(task, "too\nlate"));
    FAILS(coil_run_until_complete(w.loop, task, NULL), -ECANCELED);
    if (!check_walking())
        describes(task, "<task 'task-1' cancelled cancelling=1 coro=waits_for_an_event"
                        " reason='too?late'>");
}
