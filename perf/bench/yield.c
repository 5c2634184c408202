/* SPDX-License-Identifier: MIT */
/* yield: two that run the same body take turns. An item is one switch from one to the other. */
#include "main_task.h"

#include <pthread.h>
#include <sched.h>

/* ---- coil ----------------------------------------------------------------------------------- */

static void *yielding_task(void *argument)
{
    const uint64_t rounds = *(uint64_t *)argument;
    int rc = 0;

    for (uint64_t i = 0; i < rounds; i++)
        rc |= coil_yield_now();
    return COIL_ERR(rc);
}

static void *two_tasks(void *argument)
{
    struct bench *bench = argument;
    uint64_t rounds = (bench_items(bench) + 1) / 2;
    coil_task *tasks[2];

    bench_begin(bench);
    for (int i = 0; i < 2; i++)
        tasks[i] = coil_create_task(yielding_task, &rounds);
    for (int i = 0; i < 2; i++) {
        (void)bench_failed(bench, coil_await(tasks[i], NULL));
        coil_unref(tasks[i]);
    }
    bench_end(bench);
    return NULL;
}

static void yield_coil(struct bench *bench)
{
    bench_main_task(bench, two_tasks, 0);
}
BENCH("yield/coil", yield_coil, BENCH_CPU)

/* ---- thread --------------------------------------------------------------------------------- */

static void *yielding_thread(void *argument)
{
    const uint64_t rounds = *(uint64_t *)argument;

    for (uint64_t i = 0; i < rounds; i++)
        sched_yield();
    return NULL;
}

static void yield_thread(struct bench *bench)
{
    uint64_t rounds = (bench_items(bench) + 1) / 2;
    pthread_t threads[2];

    bench_begin(bench);
    for (int i = 0; i < 2; i++)
        if (bench_failed(bench, -pthread_create(&threads[i], NULL, yielding_thread, &rounds)))
            return;
    for (int i = 0; i < 2; i++)
        (void)bench_failed(bench, -pthread_join(threads[i], NULL));
    bench_end(bench);
}
BENCH("yield/thread", yield_thread, BENCH_CPU)
