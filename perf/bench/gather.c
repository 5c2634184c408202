/* SPDX-License-Identifier: MIT */
/* gather_1000: a thousand at once, from their creation to their results. An item is one of them. */
#include "main_task.h"

#include <pthread.h>

enum { FAN = 1000 };

static void *identity(void *argument)
{
    return argument;
}

/* ---- coil ----------------------------------------------------------------------------------- */

static void *gather_tasks(void *argument)
{
    struct bench *bench = argument;
    const uint64_t items = bench_items(bench);
    coil_coro coroutines[FAN];
    int rc = 0;

    for (int i = 0; i < FAN; i++)
        coroutines[i] = (coil_coro){identity, bench};
    bench_begin(bench);
    for (uint64_t done = 0; done < items; done += FAN) {
        const uint64_t n = items - done < FAN ? items - done : FAN;
        coil_future *all = coil_gather(coroutines, n, 0);
        rc |= coil_await(all, NULL);
        coil_unref(all);
    }
    bench_end(bench);
    return COIL_ERR(rc);
}

static void gather_coil(struct bench *bench)
{
    bench_main_task(bench, gather_tasks, 0);
}
BENCH("gather_1000/coil", gather_coil, BENCH_CPU)

/* ---- thread --------------------------------------------------------------------------------- */

static void gather_thread(struct bench *bench)
{
    const uint64_t items = bench_items(bench);
    pthread_t threads[FAN];
    int rc = 0;

    bench_begin(bench);
    for (uint64_t done = 0; done < items && rc == 0; done += FAN) {
        const uint64_t n = items - done < FAN ? items - done : FAN;
        uint64_t made = 0;
        while (made < n && rc == 0) {
            rc = -pthread_create(&threads[made], NULL, identity, bench);
            made += rc == 0;
        }
        while (made)
            pthread_join(threads[--made], NULL);
    }
    bench_end(bench);
    (void)bench_failed(bench, rc);
}
BENCH("gather_1000/thread", gather_thread, BENCH_CPU)
