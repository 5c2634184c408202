/* SPDX-License-Identifier: MIT */
/*
 * create_await: one, from its creation to its result. cancel_unwind: one that waits with something
 * to clean up, from its creation over its cancellation to its end. An item is one of them.
 */
#include "main_task.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

static void *identity(void *argument)
{
    return argument;
}

static void clean_up(void *cleaned)
{
    ++*(uint64_t *)cleaned;
}

/* ---- coil ----------------------------------------------------------------------------------- */

static void *create_tasks(void *argument)
{
    struct bench *bench = argument;
    const uint64_t items = bench_items(bench);
    int rc = 0;

    bench_begin(bench);
    for (uint64_t i = 0; i < items; i++) {
        coil_task *task = coil_create_task(identity, bench);
        rc |= coil_await(task, NULL);
        coil_unref(task);
    }
    bench_end(bench);
    return COIL_ERR(rc);
}

static void create_coil(struct bench *bench)
{
    bench_main_task(bench, create_tasks, 0);
}
BENCH("create_await/coil", create_coil, BENCH_CPU)

static void *waiting_task(void *cleaned)
{
    coil_cleanup cleanup;

    coil_cleanup_push(&cleanup, clean_up, cleaned);
    int rc = coil_sleep(COIL_NEVER);
    coil_cleanup_pop(&cleanup, true);
    return COIL_ERR(rc);
}

static void *cancel_tasks(void *argument)
{
    struct bench *bench = argument;
    const uint64_t items = bench_items(bench);
    uint64_t cleaned = 0;
    int rc = 0;

    bench_begin(bench);
    for (uint64_t i = 0; i < items; i++) {
        coil_task *task = coil_create_task(waiting_task, &cleaned);
        rc |= coil_yield_now(); /* now it waits */
        coil_cancel(task);
        if (coil_await(task, NULL) != -ECANCELED)
            rc = -EPROTO;
        coil_unref(task);
    }
    bench_end(bench);
    return COIL_ERR(cleaned == items ? rc : -EPROTO);
}

static void cancel_coil(struct bench *bench)
{
    bench_main_task(bench, cancel_tasks, 0);
}
BENCH("cancel_unwind/coil", cancel_coil, BENCH_CPU)

/* ---- thread --------------------------------------------------------------------------------- */

static void create_thread(struct bench *bench)
{
    const uint64_t items = bench_items(bench);

    bench_begin(bench);
    for (uint64_t i = 0; i < items; i++) {
        pthread_t thread;
        if (bench_failed(bench, -pthread_create(&thread, NULL, identity, bench)))
            return;
        pthread_join(thread, NULL);
    }
    bench_end(bench);
}
BENCH("create_await/thread", create_thread, BENCH_CPU)

static void *waiting_thread(void *cleaned)
{
    pthread_cleanup_push(clean_up, cleaned);
    for (;;)
        pause();
    pthread_cleanup_pop(1);
    return NULL;
}

static void cancel_thread(struct bench *bench)
{
    const uint64_t items = bench_items(bench);
    uint64_t cleaned = 0;

    bench_begin(bench);
    for (uint64_t i = 0; i < items; i++) {
        pthread_t thread;
        if (bench_failed(bench, -pthread_create(&thread, NULL, waiting_thread, &cleaned)))
            return;
        pthread_cancel(thread); /* it waits, or is on its way: pause notices either */
        pthread_join(thread, NULL);
    }
    bench_end(bench);
}
BENCH("cancel_unwind/thread", cancel_thread, BENCH_CPU)
