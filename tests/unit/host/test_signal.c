// SPDX-License-Identifier: MIT
#include "kernel.h"
#include "signals.h"
#include "world.h"

#include <pthread.h>
#include <sys/wait.h>

struct scene {
    struct record log;
    coil_loop *loop;
};

static int note(void *log)
{
    record(log, "called");
    return 0;
}

static int note_otherwise(void *log)
{
    record(log, "otherwise");
    return 0;
}

static int raise_usr1(void *unused)
{
    (void)unused;
    raise(SIGUSR1);
    return 0;
}

static int raise_usr2(void *unused)
{
    (void)unused;
    raise(SIGUSR2);
    return 0;
}

static void soon(coil_loop *loop, coil_callback fn, void *userdata)
{
    PASS(coil_handle_error(coil_call_soon(loop, fn, userdata)));
}

static void later(coil_loop *loop, coil_time delay, coil_callback fn)
{
    PASS(coil_handle_error(coil_call_later(loop, delay, fn, NULL)));
}

/* ---- handlers ------------------------------------------------------------------------------- */

TEST(signal, a_handler_is_a_callback_of_the_loop)
{
    struct record log = {""};
    DISPOSITION(former, SIGUSR1, SIG_IGN);
    WORLD(w);
    PASS(coil_add_signal_handler(w.loop, SIGUSR1, note, &log));
    raise(SIGUSR1);
    CHECK_STR(log.text, ""); /* not in the signal's own context */
    PASS(world_turn(&w));
    CHECK_STR(log.text, "called");
    PASS(world_turn(&w));
    CHECK_STR(log.text, "called"); /* once */
    raise(SIGUSR1);
    PASS(world_turn(&w));
    CHECK_STR(log.text, "called called");
}

TEST(signal, a_handler_waits_for_its_turn)
{
    struct record log = {""};
    DISPOSITION(former, SIGUSR1, SIG_IGN);
    WORLD(w);
    if (coil_add_signal_handler(w.loop, SIGUSR1, note, &log) < 0)
        return;
    soon(w.loop, note_otherwise, &log);
    raise(SIGUSR1);
    PASS(world_turn(&w));
    CHECK_STR(log.text, "otherwise called"); /* behind what was ready before it came */
}

TEST(signal, another_handler_takes_the_place)
{
    struct record log = {""};
    DISPOSITION(former, SIGUSR1, SIG_IGN);
    WORLD(w);
    PASS(coil_add_signal_handler(w.loop, SIGUSR1, note, &log));
    PASS(coil_add_signal_handler(w.loop, SIGUSR1, note_otherwise, &log));
    raise(SIGUSR1);
    PASS(world_turn(&w));
    CHECK_STR(log.text, "otherwise");
    CHECK_EQ(coil_remove_signal_handler(w.loop, SIGUSR1), 1);
    CHECK_EQ(coil_remove_signal_handler(w.loop, SIGUSR1), 0);
}

TEST(signal, removing_brings_the_former_disposition_back)
{
    struct record log = {""};
    DISPOSITION(former, SIGUSR1, SIG_IGN);
    WORLD(w);
    PASS(coil_add_signal_handler(w.loop, SIGUSR1, note, &log));
    CHECK(!disposition_is(SIGUSR1, SIG_IGN));
    raise(SIGUSR1);
    CHECK_EQ(coil_remove_signal_handler(w.loop, SIGUSR1), 1);
    CHECK(disposition_is(SIGUSR1, SIG_IGN));
    PASS(coil_add_signal_handler(w.loop, SIGUSR1, note, &log));
    PASS(world_turn(&w));
    CHECK_STR(log.text, ""); /* what had arrived went with the former handler */
}

static int removes_itself(void *arg)
{
    struct scene *scene = arg;
    record(&scene->log, "removed");
    CHECK_EQ(coil_remove_signal_handler(scene->loop, SIGUSR1), 1);
    return 0;
}

static int removes(void *arg)
{
    struct scene *scene = arg;
    CHECK_EQ(coil_remove_signal_handler(scene->loop, SIGUSR2), 1);
    return 0;
}

TEST(signal, a_handler_may_remove_itself_or_one_that_is_due)
{
    DISPOSITION(one, SIGUSR1, SIG_IGN);
    DISPOSITION(two, SIGUSR2, SIG_IGN);
    WORLD(w);
    struct scene scene = {.loop = w.loop};
    PASS(coil_add_signal_handler(w.loop, SIGUSR1, removes_itself, &scene));
    raise(SIGUSR1);
    PASS(world_turn(&w));
    CHECK_STR(scene.log.text, "removed");
    PASS(coil_add_signal_handler(w.loop, SIGUSR1, removes, &scene));
    PASS(coil_add_signal_handler(w.loop, SIGUSR2, note, &scene.log));
    raise(SIGUSR2);
    raise(SIGUSR1); /* the lower number's handler runs first */
    PASS(world_turn(&w));
    CHECK_STR(scene.log.text, "removed");
}

TEST(signal, two_loops_get_the_same_signal)
{
    struct record one = {""}, two = {""};
    DISPOSITION(former, SIGUSR1, SIG_IGN);
    WORLD(v);
    WORLD(w);
    PASS(coil_add_signal_handler(v.loop, SIGUSR1, note, &one));
    PASS(coil_add_signal_handler(w.loop, SIGUSR1, note, &two));
    raise(SIGUSR1);
    PASS(world_turn(&v));
    PASS(world_turn(&w));
    CHECK_STR(one.text, "called");
    CHECK_STR(two.text, "called");
    CHECK_EQ(coil_remove_signal_handler(v.loop, SIGUSR1), 1);
    raise(SIGUSR1);
    PASS(world_turn(&w));
    CHECK_STR(two.text, "called called");
}

TEST(signal, closing_drops_handlers)
{
    struct record log = {""};
    DISPOSITION(former, SIGUSR1, SIG_IGN);
    WORLD(w);
    PASS(coil_add_signal_handler(w.loop, SIGUSR1, note, &log));
    raise(SIGUSR1);
    PASS(coil_close(w.loop));
    CHECK_STR(log.text, "");
    CHECK(disposition_is(SIGUSR1, SIG_IGN));
    FAILS(coil_add_signal_handler(w.loop, SIGUSR1, note, &log), -COIL_ECLOSED);
    CHECK_EQ(coil_remove_signal_handler(w.loop, SIGUSR1), 0);
}

TEST(signal, bad_arguments_are_refused)
{
    struct record log = {""};
    WORLD(w);
    FAILS(coil_add_signal_handler(NULL, SIGUSR1, note, &log), -EINVAL);
    FAILS(coil_add_signal_handler(COIL_ERR(-EIO), SIGUSR1, note, &log), -EIO);
    FAILS(coil_add_signal_handler(w.loop, SIGUSR1, NULL, &log), -EINVAL);
    static const int numbers[] = {-1, 0, 65, 999, SIGKILL, SIGSTOP};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        FAILS(coil_add_signal_handler(w.loop, numbers[i], note, &log),
              check_walking() ? -ENOMEM : -EINVAL);
    FAILS(coil_remove_signal_handler(NULL, SIGUSR1), -EINVAL);
    FAILS(coil_remove_signal_handler(COIL_ERR(-EIO), SIGUSR1), -EIO);
    FAILS(coil_remove_signal_handler(w.loop, 999), -EINVAL);
    CHECK_EQ(coil_remove_signal_handler(w.loop, SIGKILL), 0);
}

TEST(signal, a_handler_of_sigint_comes_before_the_rule)
{
    struct record log = {""};
    DISPOSITION(former, SIGINT, SIG_DFL);
    WORLD(w);
    if (coil_add_signal_handler(w.loop, SIGINT, note, &log) < 0)
        return;
    raise(SIGINT);
    PASS(world_turn(&w));
    CHECK_STR(log.text, "called");
}

static void *takes_sigint_over(void *arg)
{
    struct scene *scene = arg;
    int rc = coil_add_signal_handler(scene->loop, SIGINT, note, &scene->log);
    if (rc == 0)
        raise(SIGINT);
    PASS(coil_sleep(COIL_SEC(1)));
    return COIL_ERR(rc);
}

TEST(signal, a_handler_that_is_added_in_a_run_comes_before_its_rule)
{
    DISPOSITION(former, SIGINT, SIG_DFL);
    WORLD(w);
    struct scene scene = {.loop = w.loop};
    PASS(world_run(&w, takes_sigint_over, &scene));
    CHECK_STR(scene.log.text, "called");
}

static void *signals_the_process(void *unused)
{
    kill(getpid(), SIGUSR1);
    return unused;
}

static int stop(void *loop)
{
    coil_stop(loop);
    return 0;
}

/* On the kernel's ring: the loop sleeps, or is about to. TSan keeps a signal back until a call that
 * it knows, and does not know the one in which the loop sleeps. */
TEST(signal, wakes_a_loop_that_sleeps)
{
    if (WITH_TSAN || !kernel_has_rings())
        return;
    KERNEL(loop);
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        if (coil_add_signal_handler(loop, SIGUSR1, stop, loop) < 0)
            return;
        if (!CHECK(pthread_create(&thread, NULL, signals_the_process, NULL) == 0))
            return;
        PASS(coil_run_forever(loop));
        pthread_join(thread, NULL);
        CHECK_EQ(coil_remove_signal_handler(loop, SIGUSR1), 1);
    }
}

/* What the child gets is not the parent's. */
TEST(signal, a_forked_child_closes_for_itself)
{
    struct record log = {""};
    DISPOSITION(former, SIGUSR1, SIG_DFL);
    WORLD(w);
    if (coil_add_signal_handler(w.loop, SIGUSR1, note, &log) < 0)
        return;
    pid_t child = fork();
    if (child == 0) {
        raise(SIGUSR1);
        (void)coil_close(w.loop);
        _exit(disposition_is(SIGUSR1, SIG_DFL) ? 0 : 1);
    }
    int status = 1;
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_EQ(status, 0);
    PASS(world_turn(&w));
    CHECK_STR(log.text, "");
    raise(SIGUSR1);
    PASS(world_turn(&w));
    CHECK_STR(log.text, "called");
}

/* ---- waiting -------------------------------------------------------------------------------- */

static const int both[] = {SIGUSR1, SIGUSR2};

static void *waits(void *log)
{
    int number = coil_wait_signal(both, 2);
    record(log, "%s", number == SIGUSR1 ? "usr1" : number == SIGUSR2 ? "usr2" : "nothing");
    return COIL_ERR(number < 0 ? number : 0);
}

TEST(signal, a_task_waits_for_one_of_several)
{
    struct record log = {""};
    DISPOSITION(one, SIGUSR1, SIG_IGN);
    DISPOSITION(two, SIGUSR2, SIG_IGN);
    WORLD(w);
    later(w.loop, COIL_SEC(1), raise_usr2);
    PASS(world_run(&w, waits, &log));
    CHECK_STR(log.text, "usr2");
    CHECK_EQ(world_time(&w), COIL_SEC(1));
    CHECK(disposition_is(SIGUSR1, SIG_IGN));
}

TEST(signal, all_who_wait_get_it)
{
    struct record log = {""};
    DISPOSITION(former, SIGUSR1, SIG_IGN);
    WORLD(w);
    COIL_AUTO coil_task *one = coil_create_task_with(w.loop, waits, &log, NULL);
    COIL_AUTO coil_task *two = coil_create_task_with(w.loop, waits, &log, NULL);
    later(w.loop, COIL_SEC(1), raise_usr1);
    PASS(coil_run_until_complete(w.loop, one, NULL));
    PASS(coil_run_until_complete(w.loop, two, NULL));
    CHECK_STR(log.text, "usr1 usr1");
}

TEST(signal, a_wait_is_cancelled)
{
    struct record log = {""};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, waits, &log, NULL);
    PASS(world_turn(&w));
    soon(w.loop, world_cancel, task);
    FAILS(coil_run_until_complete(w.loop, task, NULL), -ECANCELED);
    CHECK_STR(log.text, "nothing");
    CHECK(disposition_is(SIGUSR1, SIG_DFL));
}

static int raise_and_cancel(void *task)
{
    raise(SIGUSR1);
    PASS(coil_handle_error(coil_call_soon(coil_get_running_loop(), world_cancel, task)));
    return 0;
}

static void *waits_and_sleeps(void *log)
{
    CHECK_EQ(coil_wait_signal(both, 2), SIGUSR1);
    record(log, "got it");
    return COIL_ERR(coil_sleep(COIL_SEC(1)));
}

/* In one iteration: the signal wakes the task, then it is cancelled, then it runs. */
TEST(signal, one_that_came_first_is_not_lost_to_a_cancellation)
{
    struct record log = {""};
    DISPOSITION(former, SIGUSR1, SIG_IGN);
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, waits_and_sleeps, &log, NULL);
    PASS(world_turn(&w));
    soon(w.loop, raise_and_cancel, task);
    int rc = coil_run_until_complete(w.loop, task, NULL);
    CHECK(rc == -ECANCELED || check_walking());
}

static void *waits_to_the_last(void *log)
{
    FAILS(coil_sleep(COIL_SEC(1)), -ECANCELED);
    FAILS(coil_wait_signal(both, 2), -ECANCELED);
    CHECK(disposition_is(SIGUSR1, SIG_DFL));
    record(log, "came to its end");
    return NULL;
}

TEST(signal, whose_loop_closes_wants_no_signal)
{
    struct record log = {""};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, waits_to_the_last, &log, NULL);
    PASS(world_turn(&w));
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK_STR(log.text, "came to its end");
    CHECK(coil_done(task));
}

TEST(signal, closing_ends_a_wait)
{
    struct record log = {""};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, waits, &log, NULL);
    PASS(world_turn(&w));
    PASS(coil_close(w.loop));
    CHECK_STR(log.text, "nothing");
    CHECK(coil_cancelled(task) || check_walking());
    CHECK(disposition_is(SIGUSR1, SIG_DFL));
}

static void *waits_badly(void *unused)
{
    static const int bad[] = {SIGUSR1, 999}, deadly[] = {SIGUSR1, SIGKILL};

    FAILS(coil_wait_signal(NULL, 1), -EINVAL);
    FAILS(coil_wait_signal(both, 0), -EINVAL);
    FAILS(coil_wait_signal(bad, 2), -EINVAL);
    FAILS(coil_wait_signal(deadly, 2), -EINVAL);
    CHECK(disposition_is(SIGUSR1, SIG_DFL));
    return unused;
}

TEST(signal, bad_waits_are_refused)
{
    WORLD(w);
    PASS(world_run(&w, waits_badly, NULL));
    FAILS(coil_wait_signal(both, 2), -COIL_ENOLOOP);
}
