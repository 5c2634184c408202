// SPDX-License-Identifier: MIT
/* SIGINT and the runs of a loop. Handlers and waits are in tests/unit/host. */
#include "loop/interrupt.h"

#include "loop/loop.h"
#include "signals.h"
#include "world.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>

static int raise_sigint(void *unused)
{
    (void)unused;
    raise(SIGINT);
    return 0;
}

static int note(void *log)
{
    record(log, "later");
    return 0;
}

static void later(coil_loop *loop, coil_time delay, coil_callback fn, void *userdata)
{
    PASS(coil_handle_error(coil_call_later(loop, delay, fn, userdata)));
}

static void *sleeps(void *seconds)
{
    return COIL_ERR(coil_sleep(COIL_SEC(*(const int *)seconds)));
}

TEST(interrupt, ends_a_run_where_it_comes_and_leaves_the_tasks)
{
    static const int one = 1, three = 3;
    DISPOSITION(former, SIGINT, SIG_DFL);
    WORLD(w);
    COIL_AUTO coil_task *first = coil_create_task_with(w.loop, sleeps, (void *)&one, NULL);
    COIL_AUTO coil_task *last = coil_create_task_with(w.loop, sleeps, (void *)&three, NULL);
    later(w.loop, COIL_SEC(1.5), raise_sigint, NULL);
    FAILS(coil_run_until_complete(w.loop, last, NULL), -COIL_EINTERRUPTED);
    CHECK_EQ(world_time(&w), COIL_SEC(1.5));
    CHECK(coil_done(first) || check_walking());
    CHECK(!coil_done(last) || check_walking());
    CHECK(!coil_cancelling(last) || check_walking());
    CHECK(!coil_is_running(w.loop));
    CHECK(signal_is_default(SIGINT));
    CHECK_EQ(coil_run_until_complete(w.loop, last, NULL), 0); /* it goes on */
    CHECK_EQ(world_time(&w), COIL_SEC(3));
}

TEST(interrupt, ends_run_forever_before_what_comes_next)
{
    struct record log = {""};
    DISPOSITION(former, SIGINT, SIG_DFL);
    WORLD(w);
    later(w.loop, COIL_SEC(1), raise_sigint, NULL);
    later(w.loop, COIL_SEC(2), note, &log);
    FAILS(coil_run_forever(w.loop), -COIL_EINTERRUPTED);
    CHECK_EQ(world_time(&w), COIL_SEC(1));
    CHECK_STR(log.text, "");
}

static void *raises_and_ends(void *unused)
{
    raise(SIGINT);
    return unused;
}

TEST(interrupt, one_that_comes_with_the_end_is_not_lost)
{
    DISPOSITION(former, SIGINT, SIG_DFL);
    WORLD(w);
    FAILS(world_run(&w, raises_and_ends, NULL), -COIL_EINTERRUPTED);
    coil_stop(w.loop);
    PASS(coil_handle_error(coil_call_soon(w.loop, raise_sigint, NULL)));
    FAILS(coil_run_forever(w.loop), -COIL_EINTERRUPTED);
    PASS(world_turn(&w));
}

static void *yields_for_ever(void *unused)
{
    while (coil_yield_now() == 0) {
        /* on and on */
    }
    return unused;
}

TEST(interrupt, ends_a_run_that_never_idles)
{
    DISPOSITION(former, SIGINT, SIG_DFL);
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, yields_for_ever, NULL, NULL);
    if (!PASS(coil_handle_error(coil_call_soon(w.loop, raise_sigint, NULL))))
        return; /* it would never end */
    FAILS(coil_run_forever(w.loop), -COIL_EINTERRUPTED);
    CHECK(!coil_done(task) || check_walking());
}

/* ---- where the rule does not hold ----------------------------------------------------------- */

static int came;

static void count(int number)
{
    (void)number;
    came++;
}

TEST(interrupt, a_program_that_handles_sigint_keeps_it)
{
    DISPOSITION(former, SIGINT, count);
    WORLD(w);
    came = 0;
    PASS(coil_handle_error(coil_call_soon(w.loop, raise_sigint, NULL)));
    CHECK_EQ(world_turn(&w), 0);
    CHECK_EQ(came, check_walking() ? came : 1);
    CHECK(disposition_is(SIGINT, count));
}

static int check_default(void *unused)
{
    (void)unused;
    CHECK(signal_is_default(SIGINT));
    return 0;
}

TEST(interrupt, an_option_leaves_sigint_alone)
{
    DISPOSITION(former, SIGINT, SIG_DFL);
    coil_sim *sim = coil_sim_new(NULL);
    const coil_loop_options options = {.size = sizeof(options), .sim = sim, .keep_sigint = true};
    coil_loop *loop = coil_loop_new(&options);
    PASS(coil_handle_error(coil_call_soon(loop, check_default, NULL)));
    coil_stop(loop);
    PASS(coil_run_forever(loop));
    PASS(coil_loop_free(loop));
    PASS(coil_sim_free(sim));
}

static void *runs_a_loop(void *unused)
{
    WORLD(w);
    PASS(coil_handle_error(coil_call_soon(w.loop, check_default, NULL)));
    PASS(world_turn(&w));
    return unused;
}

TEST(interrupt, holds_in_the_first_thread_only)
{
    DISPOSITION(former, SIGINT, SIG_DFL);
    pthread_t thread;
    if (CHECK(pthread_create(&thread, NULL, runs_a_loop, NULL) == 0))
        pthread_join(thread, NULL);
}

/* ---- a handler on another thread while the loop closes -------------------------------------- */

/* The wake of the loop's engine, in the handler: it has not returned when the sink leaves. */
static struct {
    struct engine_class class;
    const struct engine_class *real;
    const struct signal_sink *sink;
    atomic_bool begun, over;
} slow;

static void wake_slowly(struct engine *engine)
{
    atomic_store(&slow.begun, true);
    while (atomic_load(&slow.sink->wanted))
        sched_yield();
    for (int i = 0; i < 1000; i++) /* for who does not wait to go on */
        sched_yield();
    slow.real->wake(engine);
    atomic_store(&slow.over, true);
}

static void detach_after_the_wake(struct engine *engine)
{
    CHECK(atomic_load(&slow.over));
    engine->class = slow.real;
    engine->class->detach(engine);
}

static void *raises(void *unused)
{
    raise(SIGUSR1);
    return unused;
}

TEST(interrupt, closing_waits_for_a_handler_that_wakes_the_loop)
{
    DISPOSITION(former, SIGUSR1, SIG_IGN);
    WORLD(w);
    if (err_is(w.loop))
        return;
    struct signal_watch watch = {.mask = signal_bit(SIGUSR1)};
    struct engine *engine = w.loop->engine;
    slow.real = engine->class;
    slow.class = *engine->class;
    slow.class.wake = wake_slowly;
    slow.class.detach = detach_after_the_wake;
    slow.sink = &w.loop->interrupts.sink;
    atomic_store(&slow.begun, false);
    atomic_store(&slow.over, false);
    engine->class = &slow.class;
    PASS(interrupts_watch(w.loop, &watch));
    CHECK(inbox_may_sleep(&w.loop->inbox));
    pthread_t thread;
    bool raised = CHECK(pthread_create(&thread, NULL, raises, NULL) == 0);
    while (raised && !atomic_load(&slow.begun))
        sched_yield();
    atomic_store(&slow.over, !raised);
    PASS(coil_close(w.loop));
    if (raised)
        pthread_join(thread, NULL);
}
