/* SPDX-License-Identifier: MIT */
/*
 * timer_arm_cancel_1M: arms a timer at a random deadline beside a million others, and cancels it,
 * as a wait does that ends in time. timer_arm_cancel_1M_later cancels the one that was armed 64
 * before it, timer_arm_cancel_1M_any any of the million. An item is one arming with one
 * cancellation. The floor of the last one is a read of any of a million handles, in the order of
 * which each says the next: an access that has to be waited for. timeout_scope: a limit of time is
 * set for what follows, and taken away; an item is both.
 */
#include "main_task.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

/* ---- coil ----------------------------------------------------------------------------------- */

enum { OTHERS = 1000000, LATER = 64, NUMBERS = 1 << 20 };

struct timers {
    coil_loop *loop;
    coil_time start;
    uint64_t numbers[NUMBERS]; /* drawn beforehand: the generator is not what is measured */
    size_t drawn;
    coil_handle handles[OTHERS + LATER];
};

static int nothing(void *unused)
{
    (void)unused;
    return 0;
}

static uint64_t draw(struct timers *timers)
{
    return timers->numbers[timers->drawn++ % NUMBERS];
}

/* Within a minute, an hour from now. */
static coil_handle arm(struct timers *timers)
{
    coil_time when = timers->start + (coil_time)(draw(timers) % UINT64_C(60000000000));

    return coil_call_at(timers->loop, when, nothing, NULL);
}

/* xorshift64*. */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

/* All that are armed, once for the whole process: a million take longer than what is measured.
 * NULL: there is no memory for them. */
static struct timers *million(void)
{
    static struct timers *kept;
    struct timers *timers = kept ? kept : malloc(sizeof(*timers));
    uint64_t random = 1;

    if (kept || !timers)
        return timers;
    timers->loop = coil_loop_new(NULL);
    if (coil_err(timers->loop) < 0) {
        free(timers);
        return NULL;
    }
    timers->start = coil_loop_time(timers->loop) + COIL_SEC(3600);
    timers->drawn = 0;
    for (size_t i = 0; i < NUMBERS; i++)
        timers->numbers[i] = next_random(&random);
    for (size_t i = 0; i < OTHERS + LATER; i++)
        timers->handles[i] = arm(timers);
    return kept = timers;
}

/* Each item cancels the timer that was armed `distance` before it, of the million when it is
 * OTHERS: any of them. */
static void arm_and_cancel(struct bench *bench, size_t distance)
{
    const uint64_t items = bench_items(bench);
    struct timers *timers = million();
    bool lost = false;

    if (!timers) {
        (void)bench_failed(bench, -ENOMEM);
        return;
    }
    bench_begin(bench);
    for (uint64_t i = 0; i < items; i++) {
        if (distance == 0) {
            lost |= !coil_handle_cancel(timers->loop, arm(timers));
        } else {
            coil_handle *handle =
                &timers->handles[distance == OTHERS ? draw(timers) % OTHERS : OTHERS + i % LATER];
            lost |= !coil_handle_cancel(timers->loop, *handle);
            *handle = arm(timers);
        }
    }
    bench_end(bench);
    (void)bench_failed(bench, lost ? -EPROTO : 0);
}

static void timer_coil(struct bench *bench)
{
    arm_and_cancel(bench, 0);
}
BENCH("timer_arm_cancel_1M/coil", timer_coil, BENCH_CPU)

static void timer_later_coil(struct bench *bench)
{
    arm_and_cancel(bench, LATER);
}
BENCH("timer_arm_cancel_1M_later/coil", timer_later_coil, BENCH_CPU)

static void timer_any_coil(struct bench *bench)
{
    arm_and_cancel(bench, OTHERS);
}
BENCH("timer_arm_cancel_1M_any/coil", timer_any_coil, BENCH_CPU)

/* ---- floor: of timer_arm_cancel_1M_any ------------------------------------------------------ */

enum { HANDLE_BYTES = 112 };

struct place {
    uint64_t next;
    char rest[HANDLE_BYTES - sizeof(uint64_t)];
};

static void timer_any_floor(struct bench *bench)
{
    const uint64_t items = bench_items(bench);
    struct place *places = malloc(OTHERS * sizeof(*places));
    uint64_t random = 1, at = 0;

    if (!places) {
        (void)bench_failed(bench, -ENOMEM);
        return;
    }
    /* Sattolo's: one cycle through all of them. */
    for (uint64_t i = 0; i < OTHERS; i++)
        places[i].next = i;
    for (uint64_t i = OTHERS - 1; i > 0; i--) {
        const uint64_t other = next_random(&random) % i, next = places[i].next;
        places[i].next = places[other].next;
        places[other].next = next;
    }
    bench_begin(bench);
    for (uint64_t i = 0; i < items; i++)
        at = places[at].next;
    bench_end(bench);
    (void)bench_failed(bench, at < OTHERS ? 0 : -EPROTO);
    free(places);
}
BENCH("timer_arm_cancel_1M_any/floor", timer_any_floor, BENCH_CPU)

/* ---- coil: a scope -------------------------------------------------------------------------- */

static void *scopes(void *argument)
{
    struct bench *bench = argument;
    const uint64_t items = bench_items(bench);
    int rc = 0;

    bench_begin(bench);
    for (uint64_t i = 0; i < items; i++) {
        coil_timeout timeout = COIL_TIMEOUT_INIT;
        rc |= coil_timeout_enter(&timeout, COIL_SEC(1));
        rc |= coil_timeout_exit(&timeout, 0);
    }
    bench_end(bench);
    return COIL_ERR(rc);
}

static void scope_coil(struct bench *bench)
{
    bench_main_task(bench, scopes, 0);
}
BENCH("timeout_scope/coil", scope_coil, BENCH_CPU)

/* ---- thread: a timer of POSIX --------------------------------------------------------------- */

static void scope_thread(struct bench *bench)
{
    const uint64_t items = bench_items(bench);
    const struct itimerspec second = {.it_value.tv_sec = 1}, none = {.it_value.tv_sec = 0};
    struct sigevent event = {.sigev_notify = SIGEV_NONE};
    timer_t timer;
    int rc = 0;

    if (bench_failed(bench, timer_create(CLOCK_MONOTONIC, &event, &timer)))
        return;
    bench_begin(bench);
    for (uint64_t i = 0; i < items; i++) {
        rc |= timer_settime(timer, 0, &second, NULL);
        rc |= timer_settime(timer, 0, &none, NULL);
    }
    bench_end(bench);
    (void)bench_failed(bench, rc);
    timer_delete(timer);
}
BENCH("timeout_scope/thread", scope_thread, BENCH_CPU)
