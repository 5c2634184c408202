// SPDX-License-Identifier: MIT
/* CPython's test_events.py. */
#include "kernel.h"
#include "signals.h"
#include "world.h"

#include <dirent.h>
#include <pthread.h>
#include <sys/wait.h>

struct scene {
    struct record log;
    coil_loop *loop;
    int argument;
};

static int note(void *log)
{
    record(log, "called");
    return 0;
}

static int fails(void *unused)
{
    (void)unused;
    return -EIO;
}

static coil_handle soon(coil_loop *loop, coil_callback fn, void *userdata)
{
    coil_handle handle = coil_call_soon(loop, fn, userdata);
    PASS(coil_handle_error(handle));
    return handle;
}

static coil_handle later(coil_loop *loop, coil_time delay, coil_callback fn, void *userdata)
{
    coil_handle handle = coil_call_later(loop, delay, fn, userdata);
    PASS(coil_handle_error(handle));
    return handle;
}

static void *note_step(void *log)
{
    record(log, "step");
    return log;
}

static void *sleeps(void *delay)
{
    return COIL_ERR(coil_sleep(*(const coil_time *)delay));
}

/* ---- runs ------------------------------------------------------------------------------------ */

static void *nests(void *log)
{
    COIL_AUTO coil_task *inner = coil_create_task(note_step, log);
    FAILS(coil_run_until_complete(coil_get_running_loop(), inner, NULL), -EBUSY);
    CHECK(coil_cancel(inner) || check_walking());
    return NULL;
}

TEST(EventLoopTestsMixin, test_run_until_complete_nesting)
{
    struct record log = {""};
    WORLD(w);
    PASS(world_run(&w, nests, &log));
    PASS(world_turn(&w));
    CHECK_STR(log.text, "");
}

TEST(EventLoopTestsMixin, test_run_until_complete)
{
    static const coil_time delay = COIL_MS(100);
    WORLD(w);
    PASS(world_run(&w, sleeps, (void *)&delay));
    CHECK_TIME(world_time(&w), COIL_MS(100));
}

static void *stops(void *unused)
{
    coil_stop(coil_get_running_loop());
    (void)!coil_sleep(COIL_MS(1));
    return unused;
}

TEST(EventLoopTestsMixin, test_run_until_complete_stopped)
{
    WORLD(w);
    FAILS(world_run(&w, stops, NULL), check_walking() ? 0 : -COIL_ESTOPPED);
}

static int note_and_stop(void *arg)
{
    struct scene *scene = arg;
    record(&scene->log, "stop");
    coil_stop(scene->loop);
    return 0;
}

TEST(EventLoopTestsMixin, test_call_later)
{
    WORLD(w);
    struct scene scene = {.loop = w.loop};
    if (coil_handle_error(coil_call_later(w.loop, COIL_MS(100), note_and_stop, &scene)) < 0)
        return;
    PASS(coil_run_forever(w.loop));
    CHECK_STR(scene.log.text, "stop");
    CHECK_TIME(world_time(&w), COIL_MS(100));
}

TEST(EventLoopTestsMixin, test_call_soon)
{
    WORLD(w);
    struct scene scene = {.loop = w.loop};
    if (coil_handle_error(coil_call_soon(w.loop, note_and_stop, &scene)) < 0)
        return;
    PASS(coil_run_forever(w.loop));
    CHECK_STR(scene.log.text, "stop");
}

static const coil_sim_options foreign = {.size = sizeof(foreign), .foreign_threads = true};

static void *posts(void *arg)
{
    struct scene *scene = arg;
    coil_handle handle = coil_call_soon_threadsafe(scene->loop, note, &scene->log);
    PASS(coil_handle_error(handle));
    do {
        handle = coil_call_soon_threadsafe(scene->loop, note_and_stop, scene);
    } while (coil_handle_error(handle) < 0); /* the walk: once */
    return NULL;
}

TEST(EventLoopTestsMixin, test_call_soon_threadsafe)
{
    WORLD_WITH(w, &foreign);
    struct scene scene = {.loop = w.loop};
    pthread_t thread;
    if (coil_err(w.loop) < 0 || !CHECK(pthread_create(&thread, NULL, posts, &scene) == 0))
        return;
    PASS(coil_run_forever(w.loop));
    pthread_join(thread, NULL);
    CHECK_STR(scene.log.text, "called stop");
}

struct named {
    struct record *log;
    const char *name;
};

static int note_name(void *arg)
{
    const struct named *named = arg;
    record(named->log, "%s", named->name);
    return 0;
}

TEST(EventLoopTestsMixin, test_call_soon_threadsafe_same_thread)
{
    struct record log = {""};
    struct named a = {&log, "a"}, b = {&log, "b"};
    WORLD(w);
    PASS(coil_handle_error(coil_call_soon_threadsafe(w.loop, note_name, &a)));
    PASS(coil_handle_error(coil_call_soon_threadsafe(w.loop, note_name, &b)));
    PASS(world_turn(&w));
    CHECK_STR(log.text, "a b");
}

static void *runs_nothing(void *unused)
{
    return unused;
}

static int closes(void *loop)
{
    FAILS(coil_close(loop), -EBUSY);
    return 0;
}

TEST(EventLoopTestsMixin, test_close_running_event_loop)
{
    WORLD(w);
    soon(w.loop, closes, w.loop);
    PASS(world_turn(&w));
    CHECK(!coil_is_closed(w.loop) || check_walking());
}

TEST(EventLoopTestsMixin, test_close)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    PASS(coil_close(w.loop));
    FAILS(coil_run_forever(w.loop), -COIL_ECLOSED);
    FAILS(coil_run_once(w.loop, 0), -COIL_ECLOSED);
    FAILS(coil_run_until_complete(w.loop, future, NULL), -COIL_ECLOSED);
    FAILS(coil_handle_error(coil_call_soon(w.loop, fails, NULL)), -COIL_ECLOSED);
    FAILS(coil_handle_error(coil_call_soon_threadsafe(w.loop, fails, NULL)), -COIL_ECLOSED);
    FAILS(coil_handle_error(coil_call_later(w.loop, 1, fails, NULL)), -COIL_ECLOSED);
    FAILS(coil_handle_error(coil_call_at(w.loop, 1, fails, NULL)), -COIL_ECLOSED);
    FAILS(coil_err(coil_create_task_with(w.loop, runs_nothing, NULL, NULL)), -COIL_ECLOSED);
    FAILS(coil_err(coil_create_future(w.loop)), -COIL_ECLOSED);
    FAILS(coil_add_signal_handler(w.loop, SIGUSR1, fails, NULL), -COIL_ECLOSED);
    FAILS(coil_err(coil_run_coroutine_threadsafe(w.loop, runs_nothing, NULL)), -COIL_ECLOSED);
}

static int open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int n = 0;
    while (folder && readdir(folder))
        n++;
    if (folder)
        closedir(folder);
    return n;
}

TEST(EventLoopTestsMixin, test_internal_fds)
{
    int before = open_descriptors();
    {
        WORLD(w);
        (void)coil_loop_fd(w.loop);
        PASS(world_turn(&w));
        PASS(coil_close(w.loop));
        CHECK_EQ(open_descriptors(), before);
    }
}

static void *sleeps_ever_less(void *unused)
{
    static const coil_time delays[] = {10000000, 100000, 1000, 10, 0};
    for (int i = 0; i < 5; i++)
        PASS(coil_sleep(delays[i]));
    return unused;
}

TEST(EventLoopTestsMixin, test_timeout_rounding)
{
    WORLD(w);
    PASS(world_run(&w, sleeps_ever_less, NULL));
    if (!err_is(w.loop) && !w.loop->sched->closing)
        CHECK((w.sim ? world_counts(&w).enters : kernel_ring(w.loop)->enters) <= 20);
}

/* ---- signals --------------------------------------------------------------------------------- */

TEST(EventLoopTestsMixin, test_add_signal_handler)
{
    struct record log = {""};
    DISPOSITION(former, SIGUSR1, SIG_IGN);
    WORLD(w);
    FAILS(coil_add_signal_handler(w.loop, 999, note, &log), -EINVAL);
    FAILS(coil_add_signal_handler(w.loop, -1, note, &log), -EINVAL);
    FAILS(coil_add_signal_handler(w.loop, SIGKILL, note, &log), -EINVAL);
    PASS(coil_add_signal_handler(w.loop, SIGUSR1, note, &log));
    raise(SIGUSR1);
    CHECK_STR(log.text, "");
    PASS(world_turn(&w));
    CHECK_STR(log.text, "called");
    CHECK_EQ(coil_remove_signal_handler(w.loop, SIGUSR1), !check_walking());
    CHECK(disposition_is(SIGUSR1, SIG_IGN));
    CHECK_EQ(coil_remove_signal_handler(w.loop, SIGUSR1), 0);
}

static void *signals(void *unused)
{
    kill(getpid(), SIGUSR1);
    return unused;
}

TEST(EventLoopTestsMixin, test_signal_handling_while_selecting)
{
    DISPOSITION(former, SIGUSR1, SIG_IGN);
    WORLD_WITH(w, &foreign);
    struct scene scene = {.loop = w.loop};
    pthread_t thread;
    if (coil_add_signal_handler(w.loop, SIGUSR1, note_and_stop, &scene) < 0)
        return;
    if (!CHECK(pthread_create(&thread, NULL, signals, NULL) == 0))
        return;
    PASS(coil_run_forever(w.loop));
    pthread_join(thread, NULL);
    PASS(world_turn(&w));
    CHECK_STR(scene.log.text, "stop");
}

static int note_argument(void *arg)
{
    ++*(int *)arg;
    return 0;
}

TEST(EventLoopTestsMixin, test_signal_handling_args)
{
    int argument = 41;
    DISPOSITION(former, SIGUSR1, SIG_IGN);
    WORLD(w);
    PASS(coil_add_signal_handler(w.loop, SIGUSR1, note_argument, &argument));
    raise(SIGUSR1);
    PASS(world_turn(&w));
    CHECK_EQ(argument, check_walking() ? argument : 42);
}

/* ---- handles --------------------------------------------------------------------------------- */

TEST(HandleTests, test_handle)
{
    struct record log = {""};
    WORLD(w);
    coil_handle handles[] = {soon(w.loop, note, &log), later(w.loop, 0, note, &log),
                             coil_call_soon_threadsafe(w.loop, note, &log)};
    for (int i = 0; i < 3; i++) {
        CHECK(!coil_handle_cancelled(w.loop, handles[i]));
        CHECK(coil_handle_cancel(w.loop, handles[i]) || check_walking());
        CHECK(coil_handle_cancelled(w.loop, handles[i]) || check_walking());
        CHECK(!coil_handle_cancel(w.loop, handles[i]));
    }
    PASS(world_turn(&w));
    CHECK_STR(log.text, "");
    CHECK(coil_handle_cancelled(w.loop, handles[0]) || check_walking());
}

struct ear {
    int calls;
    coil_exception_context last;
};

static void hear(coil_loop *loop, const coil_exception_context *context, void *userdata)
{
    struct ear *ear = userdata;
    (void)loop;
    ear->calls++;
    ear->last = *context;
}

TEST(HandleTests, test_callback_with_exception)
{
    struct ear ear = {.calls = 0};
    WORLD(w);
    PASS(coil_set_exception_handler(w.loop, hear, &ear));
    soon(w.loop, fails, &ear);
    PASS(world_turn(&w));
    CHECK_EQ(ear.calls, check_walking() ? ear.calls : 1);
    CHECK_EQ(ear.last.code, -EIO);
    CHECK(ear.last.message != NULL || check_walking());
    CHECK((ear.last.callback == fails && ear.last.userdata == &ear) || check_walking());
}

TEST(HandleTests, test_handle_source_traceback)
{
    struct ear ear = {.calls = 0};
    WORLD(w);
    PASS(coil_set_debug(w.loop, true));
    PASS(coil_set_exception_handler(w.loop, hear, &ear));
    for (int i = 0; i < 3; i++) {
        coil_handle handle = i == 0   ? coil_call_soon(w.loop, fails, NULL)
                             : i == 1 ? coil_call_soon_threadsafe(w.loop, fails, NULL)
                                      : coil_call_later(w.loop, 0, fails, NULL);
        PASS(coil_handle_error(handle));
        ear.last.origin = NULL;
        PASS(world_turn(&w));
        CHECK(ear.last.origin != NULL || check_walking());
    }
}

TEST(TimerTests, test_when)
{
    coil_time when = 0;
    WORLD(w);
    coil_time asked = coil_loop_time(w.loop) + COIL_SEC(5);
    coil_handle handle = coil_call_at(w.loop, asked, fails, NULL);
    PASS(coil_handle_when(w.loop, handle, &when));
    CHECK_EQ(when, asked);
}

TEST(TimerTests, test_timer)
{
    coil_time when = 0;
    WORLD(w);
    coil_handle handle = later(w.loop, COIL_SEC(5), fails, NULL);
    CHECK(!coil_handle_cancelled(w.loop, handle));
    CHECK(coil_handle_cancel(w.loop, handle) || check_walking());
    CHECK(coil_handle_cancelled(w.loop, handle) || check_walking());
    FAILS(coil_handle_when(w.loop, handle, &when), -EINVAL); /* nothing of it is kept */
}

TEST(TimerTests, test_timer_comparison)
{
    struct record log = {""};
    struct named a = {&log, "a"}, b = {&log, "b"}, c = {&log, "c"}, d = {&log, "d"};
    WORLD(w);
    coil_time now = coil_loop_time(w.loop);
    coil_handle gone = coil_call_at(w.loop, now + 5, note_name, &d);
    CHECK(coil_handle_cancel(w.loop, gone) || check_walking());
    coil_handle live = coil_call_at(w.loop, now + 5, note_name, &b);
    CHECK(gone.index != live.index || gone.generation != live.generation);
    CHECK(!coil_handle_cancel(w.loop, gone)); /* it is not the live one */
    PASS(coil_handle_error(coil_call_at(w.loop, now + 5, note_name, &c)));
    PASS(coil_handle_error(coil_call_at(w.loop, now + 1, note_name, &a)));
    for (int i = 0; i < 9 && strlen(log.text) < 5; i++)
        PASS(coil_run_once(w.loop, COIL_MS(1)));
    CHECK_STR(log.text, "a b c");
}

/* ---- the thread's loop ----------------------------------------------------------------------- */

/* Each in a thread of its own: what a thread has is made and freed there. */
static void in_a_thread(void *(*fn)(void *), void *arg)
{
    pthread_t thread;
    if (CHECK(pthread_create(&thread, NULL, fn, arg) == 0))
        pthread_join(thread, NULL);
}

static void *asks_twice(void *unused)
{
    coil_loop *loop = coil_get_event_loop();
    PASS(coil_err(loop));
    CHECK_PTR(coil_get_event_loop(), check_walking() ? coil_get_event_loop() : loop);
    CHECK(coil_err(loop) || (!coil_is_closed(loop) && !coil_is_running(loop)));
    return unused;
}

TEST(PolicyTests, test_get_event_loop)
{
    in_a_thread(asks_twice, NULL);
}

static void *asks_set(void *unused)
{
    coil_loop *loop = coil_get_event_loop();
    COIL_AUTO coil_task *task = coil_create_task(runs_nothing, NULL); /* on the thread's loop */
    PASS(coil_run_until_complete(loop, task, NULL));
    return unused;
}

TEST(PolicyTests, test_get_event_loop_calls_set_event_loop)
{
    in_a_thread(asks_set, NULL);
}

static void *asks_for_its_own(void *loop)
{
    CHECK(coil_get_event_loop() != loop);
    return NULL;
}

TEST(PolicyTests, test_get_event_loop_thread)
{
    WORLD(w);
    PASS(coil_set_event_loop(w.loop));
    in_a_thread(asks_for_its_own, w.loop);
    PASS(coil_set_event_loop(NULL));
}

TEST(PolicyTests, test_new_event_loop)
{
    WORLD(w);
    CHECK(!coil_is_closed(w.loop) || check_walking());
    CHECK(!coil_is_running(w.loop));
    PASS(coil_close(w.loop));
    CHECK(coil_is_closed(w.loop));
}

TEST(PolicyTests, test_set_event_loop)
{
    WORLD(one);
    WORLD(two);
    PASS(coil_set_event_loop(one.loop));
    CHECK(coil_get_event_loop() == one.loop || check_walking());
    PASS(coil_set_event_loop(two.loop));
    CHECK(coil_get_event_loop() == two.loop || check_walking());
    PASS(coil_set_event_loop(NULL));
}

static int run_in_child(void)
{
    coil_sim *sim = world_is_virtual() ? coil_sim_new(NULL) : NULL;
    const coil_loop_options options = {.size = sizeof(options), .sim = sim};
    int mark = 0;
    void *result = NULL;
    int rc = coil_run_with(runs_nothing, &mark, &result, &options);
    return rc == 0 && result == &mark ? 0 : 1;
}

TEST(GetEventLoopTestsMixin, test_get_event_loop_new_process)
{
    WORLD(w);
    PASS(world_turn(&w));
    if (check_walking())
        return;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(run_in_child());
    int status = 1;
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_EQ(status, 0);
    PASS(world_turn(&w));
}

static void *asks_inside(void *loop)
{
    CHECK_PTR(coil_get_running_loop(), loop);
    CHECK_PTR(coil_get_event_loop(), loop);
    return NULL;
}

TEST(GetEventLoopTestsMixin, test_get_event_loop_returns_running_loop2)
{
    WORLD(other);
    WORLD(w);
    FAILS(coil_err(coil_get_running_loop()), -COIL_ENOLOOP);
    PASS(coil_set_event_loop(other.loop));
    PASS(world_run(&w, asks_inside, w.loop));
    FAILS(coil_err(coil_get_running_loop()), -COIL_ENOLOOP);
    PASS(coil_set_event_loop(NULL));
}
