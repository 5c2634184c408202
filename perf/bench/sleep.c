/* SPDX-License-Identifier: MIT */
/*
 * sleep: how much later than asked a sleep of 1 ms ends. sleep_100k_*: 100,000 at once for 0.2 s,
 * from their creation to the last one's end: on stacks that were never touched (cold), or that the
 * pool has kept (warm). million_asleep: a million for 3 s, for the first time. `floor_ms` is what
 * the kernel takes for as many guards and first touches, in the same run.
 */
#include "../touch.h"
#include "main_task.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

enum { MANY = 100000, MILLION = 1000000, MILLION_KIB = 5000000 };

/* ---- coil ----------------------------------------------------------------------------------- */

static void *sleep_task(void *argument)
{
    struct bench *bench = argument;
    const uint64_t items = bench_items(bench);
    int rc = 0;

    bench_begin(bench);
    for (uint64_t i = 0; i < items; i++)
        rc |= coil_sleep(COIL_SEC(0.001));
    bench_end(bench);
    bench_subtract(bench, (int64_t)items * COIL_SEC(0.001));
    return COIL_ERR(rc);
}

static void sleep_coil(struct bench *bench)
{
    bench_main_task(bench, sleep_task, 0);
}
BENCH("sleep/coil", sleep_coil, BENCH_SLEEP)

static void *sleeping(void *duration)
{
    return COIL_ERR(coil_sleep(*(coil_time *)duration));
}

/* All of them are one gather. */
static int gather_sleeps(size_t n, coil_time duration)
{
    coil_coro *coroutines = calloc(n, sizeof(*coroutines));

    if (!coroutines)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        coroutines[i] = (coil_coro){sleeping, &duration};
    coil_future *all = coil_gather(coroutines, n, 0);
    int rc = coil_await(all, NULL);
    coil_unref(all);
    free(coroutines);
    return rc;
}

static void *cold_sleeps(void *argument)
{
    struct bench *bench = argument;

    bench_begin(bench);
    int rc = gather_sleeps(MANY, COIL_SEC(0.2));
    bench_end(bench);
    return COIL_ERR(rc);
}

static void cold_coil(struct bench *bench)
{
    bench_counter(bench, "floor_ms", touch_floor(MANY) * 1e3);
    bench_main_task(bench, cold_sleeps, MANY);
}
BENCH("sleep_100k_cold/coil", cold_coil, BENCH_ONCE)

static void *warm_sleeps(void *argument)
{
    int rc = gather_sleeps(MANY, COIL_SEC(0.001)); /* the stacks are touched */

    return rc < 0 ? COIL_ERR(rc) : cold_sleeps(argument);
}

static void warm_coil(struct bench *bench)
{
    bench_main_task(bench, warm_sleeps, MANY);
}
BENCH("sleep_100k_warm/coil", warm_coil, BENCH_ONCE)

struct million {
    struct bench *bench;
    size_t begun, asleep;
    long resident; /* KiB, when the last one begins to sleep */
};

static void *one_of_a_million(void *argument)
{
    struct million *million = argument;

    million->asleep++;
    if (++million->begun == MILLION)
        million->resident = touch_kib(TOUCH_SELF, "VmRSS:");
    int rc = coil_sleep(COIL_SEC(3));
    if (million->begun < MILLION)
        million->asleep--;
    return COIL_ERR(rc);
}

static void *million_sleeps(void *argument)
{
    struct million million = {.bench = argument};
    const long before = touch_kib(TOUCH_SELF, "VmRSS:");
    int rc = 0;

    bench_begin(million.bench);
    for (size_t made = 0; made < MILLION && rc == 0; made++)
        rc = coil_go(one_of_a_million, &million);
    rc |= coil_yield_now(); /* all have begun: what main sleeps from now ends last */
    rc |= coil_sleep(COIL_SEC(3));
    bench_end(million.bench);
    bench_counter(million.bench, "asleep", (double)million.asleep);
    bench_counter(million.bench, "resident_bytes", 1024.0 * (double)(million.resident - before));
    return COIL_ERR(rc);
}

static void million_coil(struct bench *bench)
{
    if (touch_kib(TOUCH_MACHINE, "MemAvailable:") < MILLION_KIB) {
        (void)bench_failed(bench, -ENOMEM);
        return;
    }
    bench_counter(bench, "floor_ms", touch_floor(MILLION) * 1e3);
    bench_main_task(bench, million_sleeps, 0);
}
BENCH("million_asleep/coil", million_coil, BENCH_ONCE)

/* ---- thread --------------------------------------------------------------------------------- */

static void sleep_thread(struct bench *bench)
{
    const uint64_t items = bench_items(bench);
    const struct timespec duration = {.tv_nsec = 1000000};
    int rc = 0;

    bench_begin(bench);
    for (uint64_t i = 0; i < items; i++)
        rc |= nanosleep(&duration, NULL);
    bench_end(bench);
    bench_subtract(bench, (int64_t)items * duration.tv_nsec);
    (void)bench_failed(bench, rc);
}
BENCH("sleep/thread", sleep_thread, BENCH_SLEEP)
