/* SPDX-License-Identifier: MIT */
/* lock: one acquire and release that nobody contests is an item. */
#include "main_task.h"

#include <pthread.h>

#define KEEP(object) __asm__ volatile("" : : "r"(&(object)) : "memory")

/* ---- coil ----------------------------------------------------------------------------------- */

static void *lock_task(void *argument)
{
    struct bench *bench = argument;
    const uint64_t items = bench_items(bench);
    coil_lock lock = COIL_LOCK_INIT;
    int rc = 0;

    bench_begin(bench);
    for (uint64_t i = 0; i < items; i++) {
        rc |= coil_lock_acquire(&lock);
        KEEP(lock);
        rc |= coil_lock_release(&lock);
    }
    bench_end(bench);
    return COIL_ERR(rc);
}

static void lock_coil(struct bench *bench)
{
    bench_main_task(bench, lock_task, 0);
}
BENCH("lock/coil", lock_coil, BENCH_CPU)

/* ---- thread --------------------------------------------------------------------------------- */

static void lock_thread(struct bench *bench)
{
    const uint64_t items = bench_items(bench);
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    int rc = 0;

    bench_begin(bench);
    for (uint64_t i = 0; i < items; i++) {
        rc |= -pthread_mutex_lock(&lock);
        KEEP(lock);
        rc |= -pthread_mutex_unlock(&lock);
    }
    bench_end(bench);
    (void)bench_failed(bench, rc);
}
BENCH("lock/thread", lock_thread, BENCH_CPU)
