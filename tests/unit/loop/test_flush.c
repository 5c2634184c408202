// SPDX-License-Identifier: MIT
#include "loop/flush.h"

#include "kernel.h"

#include <poll.h>

/* Writes its name and when it ran, and asks so many times for another run. */
struct scribe {
    struct flush flush;
    coil_loop *loop;
    struct record *log;
    struct scribe *asks; /* for this one's run; NULL: nobody's */
    const char *name;
    int times;
};

static void run(struct flush *flush)
{
    struct scribe *scribe = container_of(flush, struct scribe, flush);

    record(scribe->log, "%s@%d", scribe->name, (int)(coil_loop_time(scribe->loop) / COIL_SEC(1)));
    if (scribe->times && scribe->asks) {
        scribe->times--;
        flush_soon(scribe->loop, &scribe->asks->flush);
    }
}

static struct scribe scribe_of(struct world *w, struct record *log, const char *name)
{
    return (struct scribe){.flush = {.run = run}, .loop = w->loop, .log = log, .name = name};
}

static void soon(struct scribe *scribe)
{
    if (!coil_is_err(scribe->loop))
        flush_soon(scribe->loop, &scribe->flush);
}

/* The clock of a world begins at one second. */

TEST(flush, runs_once_and_in_order)
{
    struct record log = {""};
    WORLD(w);
    struct scribe a = scribe_of(&w, &log, "a"), b = scribe_of(&w, &log, "b"),
                  c = scribe_of(&w, &log, "c");
    soon(&b);
    soon(&a);
    soon(&b);
    soon(&c);
    CHECK_STR(log.text, "");
    PASS(world_turn(&w));
    CHECK_STR(log.text, "b@1 a@1 c@1");
    PASS(world_turn(&w));
    CHECK_STR(log.text, "b@1 a@1 c@1");
    soon(&b); /* it can be asked for again */
    PASS(world_turn(&w));
    CHECK_STR(log.text, "b@1 a@1 c@1 b@1");
}

static int note(void *log)
{
    record(log, "called");
    return 0;
}

TEST(flush, what_is_queued_meanwhile_is_for_the_next_turn_which_does_not_wait)
{
    struct record log = {""};
    WORLD(w);
    struct scribe a = scribe_of(&w, &log, "a"), b = scribe_of(&w, &log, "b");
    a.asks = &a;
    a.times = 2;
    b.asks = &b;
    b.times = 1;
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_SEC(5), note, &log)));
    soon(&a);
    soon(&b);
    CHECK_EQ(coil_run_once(w.loop, COIL_NEVER), 0);
    CHECK_STR(log.text, "a@1 b@1");
    CHECK_EQ(coil_run_once(w.loop, COIL_NEVER), 0);
    CHECK_STR(log.text, "a@1 b@1 a@1 b@1");
    CHECK_EQ(world_time(&w), 0);
    CHECK_EQ(coil_run_once(w.loop, COIL_NEVER), 0);
    CHECK_STR(log.text, "a@1 b@1 a@1 b@1 a@1 called");
    CHECK_EQ(world_time(&w), COIL_SEC(5));
}

TEST(flush, one_that_another_asks_for_runs_a_turn_later_too)
{
    struct record log = {""};
    WORLD(w);
    struct scribe a = scribe_of(&w, &log, "a"), b = scribe_of(&w, &log, "b");
    a.asks = &b;
    a.times = 1;
    soon(&a);
    PASS(coil_run_once(w.loop, 0));
    CHECK_STR(log.text, "a@1");
    PASS(coil_run_once(w.loop, 0));
    CHECK_STR(log.text, "a@1 b@1");
}

/* ---- when ----------------------------------------------------------------------------------- */

static void *asks(void *scribe)
{
    struct scribe *s = scribe;

    record(s->log, "asked");
    soon(s);
    return NULL;
}

TEST(flush, runs_after_all_that_ask_in_a_turn)
{
    struct record log = {""};
    WORLD(w);
    struct scribe a = scribe_of(&w, &log, "a");
    COIL_AUTO coil_task *one = coil_create_task_with(w.loop, asks, &a, NULL);
    COIL_AUTO coil_task *two = coil_create_task_with(w.loop, asks, &a, NULL);
    PASS(coil_run_once(w.loop, 0));
    PASS(coil_run_once(w.loop, 0));
    CHECK_STR(log.text, "asked asked a@1");
}

static void *yields_on(void *argument)
{
    struct scribe *scribe = argument;

    for (int i = 0; i < 3; i++) {
        PASS(coil_yield_now());
        record(scribe->log, "%s", "on");
    }
    return NULL;
}

static void *asks_and_yields(void *argument)
{
    COIL_AUTO coil_task *other = coil_create_task(yields_on, argument);

    (void)asks(argument);
    (void)yields_on(argument);
    PASS(coil_await(other, NULL));
    return NULL;
}

/* Tasks that go on among themselves need no turn; this is a reason to take one. */
TEST(flush, is_not_passed_over_by_tasks_that_are_ready)
{
    struct record log = {""};
    WORLD(w);
    struct scribe a = scribe_of(&w, &log, "a");
    PASS(world_run(&w, asks_and_yields, &a));
    CHECK_STR(log.text, "asked a@1 on on on on on on");
}

TEST(flush, runs_also_when_the_loop_only_closes)
{
    struct record log = {""};
    WORLD(w);
    struct scribe a = scribe_of(&w, &log, "a");
    a.asks = &a;
    a.times = 1;
    soon(&a);
    PASS(coil_close(w.loop));
    CHECK_STR(log.text, "a@1 a@1");
}

/* ---- without memory ------------------------------------------------------------------------- */

/* Finds no memory so many times. */
static void starve(struct flush *flush)
{
    struct scribe *scribe = container_of(flush, struct scribe, flush);

    const coil_time since = coil_loop_time(scribe->loop) - COIL_SEC(1);

    record(scribe->log, "%s@%d", scribe->name, (int)(since / COIL_MS(1)));
    if (scribe->times && scribe->times--)
        flush_starved(scribe->loop, flush);
}

static struct scribe starving(struct world *w, struct record *log, const char *name, int times)
{
    return (struct scribe){
        .flush = {.run = starve}, .loop = w->loop, .log = log, .name = name, .times = times};
}

TEST(flush, one_that_starves_is_tried_again_after_a_moment)
{
    struct record log = {""};
    WORLD(w);
    struct scribe a = starving(&w, &log, "a", 3), b = starving(&w, &log, "b", 1);
    soon(&a);
    soon(&b);
    FAILS(coil_run_forever(w.loop), -COIL_EDEADLOCK);
    CHECK_STR(log.text, "a@0 b@0 a@1 b@1 a@2 a@3");
    CHECK(world_counts(&w).enters < 10);
}

static void *computes_and_yields(void *argument)
{
    const struct world *w = argument;

    for (int i = 0; i < 4; i++) {
        PASS(coil_sim_advance(w->sim, COIL_MS(0.5)));
        PASS(coil_yield_now());
    }
    return NULL;
}

/* Those who need no turn do not starve it for good. */
TEST(flush, one_that_starves_is_not_passed_over_by_tasks_that_are_ready)
{
    struct record log = {""};
    WORLD(w);
    struct scribe a = starving(&w, &log, "a", 1);
    soon(&a);
    PASS(world_run(&w, computes_and_yields, &w));
    CHECK_STR(log.text, "a@0 a@1");
}

TEST(flush, one_that_starves_has_a_last_try_when_the_loop_closes)
{
    struct record log = {""};
    WORLD(w);
    struct scribe a = starving(&w, &log, "a", 1);
    soon(&a);
    PASS(world_turn(&w));
    CHECK_STR(log.text, "a@0");
    PASS(coil_close(w.loop));
    CHECK_STR(log.text, "a@0 a@0");
}

/* ---- in a loop of somebody else's ----------------------------------------------------------- */

/* What is not done yet must not wait for the next event. */
TEST(flush, that_could_not_do_its_work_keeps_a_polled_loop_awake)
{
    struct record log = {""};
    if (!kernel_has_rings())
        return;
    KERNEL(loop);
    struct scribe a = {.flush = {.run = run}, .loop = loop, .log = &log, .name = "a", .times = 2};
    struct pollfd polled = {.fd = coil_loop_fd(loop), .events = POLLIN};
    a.asks = &a;
    if (!PASS(polled.fd))
        return;
    PASS(coil_run_once(loop, 0));
    CHECK_EQ(poll(&polled, 1, 0), 0);
    soon(&a);
    PASS(coil_run_once(loop, 0));
    CHECK(poll(&polled, 1, 0) == 1 || check_walking());
    CHECK_EQ(a.times, 0);
    PASS(coil_run_once(loop, 0));
    CHECK_EQ(poll(&polled, 1, 0), 0);
}

static void starve_once(struct flush *flush)
{
    struct scribe *scribe = container_of(flush, struct scribe, flush);

    if (scribe->times && scribe->times--)
        flush_starved(scribe->loop, flush);
}

TEST(flush, one_that_starves_wakes_a_polled_loop)
{
    if (!kernel_has_rings() || check_walking())
        return;
    KERNEL(loop);
    struct scribe a = {.flush = {.run = starve_once}, .loop = loop, .times = 1};
    struct pollfd polled = {.fd = coil_loop_fd(loop), .events = POLLIN};
    if (!PASS(polled.fd))
        return;
    soon(&a);
    PASS(coil_run_once(loop, 0));
    CHECK(a.flush.queued);
    for (int i = 0; i < 10 && a.flush.queued; i++) {
        CHECK_EQ(poll(&polled, 1, 10000), 1);
        PASS(coil_run_once(loop, 0));
    }
    CHECK(!a.flush.queued);
}
