/* SPDX-License-Identifier: MIT */
/*
 * callback: a function is handed over and called later, each one hands over the next. An item is
 * one call. wake: a thread hands a function to a loop of another thread, which sleeps, and waits
 * until it was called; an item is such a round trip. A thread as the other side takes what it is to
 * call from under a mutex.
 */
#include "main_task.h"

#include <pthread.h>
#include <semaphore.h>

/* ---- coil ----------------------------------------------------------------------------------- */

struct chain {
    coil_loop *loop;
    uint64_t left;
};

static int link_of_chain(void *argument)
{
    struct chain *chain = argument;

    if (--chain->left == 0) {
        coil_stop(chain->loop);
        return 0;
    }
    return coil_handle_error(coil_call_soon(chain->loop, link_of_chain, chain));
}

static void callback_coil(struct bench *bench)
{
    struct chain chain = {coil_loop_new(NULL), bench_items(bench)};

    if (bench_failed(bench, coil_err(chain.loop)))
        return;
    coil_call_soon(chain.loop, link_of_chain, &chain);
    bench_begin(bench);
    int rc = coil_run_forever(chain.loop);
    bench_end(bench);
    (void)bench_failed(bench, rc | coil_loop_free(chain.loop));
}
BENCH("callback/coil", callback_coil, BENCH_CPU)

struct sleeper {
    coil_loop *loop; /* belongs to the thread that runs it */
    sem_t answered;
};

static int answer(void *argument)
{
    struct sleeper *sleeper = argument;

    return sem_post(&sleeper->answered);
}

static int stop(void *argument)
{
    struct sleeper *sleeper = argument;

    coil_stop(sleeper->loop);
    return 0;
}

static void *sleep_in_loop(void *argument)
{
    struct sleeper *sleeper = argument;
    int rc = coil_err(sleeper->loop = coil_loop_new(NULL));

    sem_post(&sleeper->answered);
    if (rc == 0)
        rc = coil_run_forever(sleeper->loop) | coil_loop_free(sleeper->loop);
    return COIL_ERR(rc);
}

static void wake_coil(struct bench *bench)
{
    const uint64_t items = bench_items(bench);
    struct sleeper sleeper;
    pthread_t thread;
    void *result = NULL;

    sem_init(&sleeper.answered, 0, 0);
    if (bench_failed(bench, -pthread_create(&thread, NULL, sleep_in_loop, &sleeper)))
        return;
    sem_wait(&sleeper.answered);
    if (coil_err(sleeper.loop) == 0) {
        bench_begin(bench);
        for (uint64_t i = 0; i < items; i++) {
            coil_call_soon_threadsafe(sleeper.loop, answer, &sleeper);
            sem_wait(&sleeper.answered);
        }
        bench_end(bench);
        coil_call_soon_threadsafe(sleeper.loop, stop, &sleeper);
    }
    pthread_join(thread, &result);
    sem_destroy(&sleeper.answered);
    (void)bench_failed(bench, coil_err(result));
}
BENCH("wake/coil", wake_coil, BENCH_WALL)

/* ---- thread --------------------------------------------------------------------------------- */

struct worker {
    pthread_mutex_t mutex;
    pthread_cond_t given;
    sem_t answered;
    int (*job)(void *argument);
    bool ended;
};

static void give(struct worker *worker, int (*job)(void *))
{
    pthread_mutex_lock(&worker->mutex);
    worker->job = job;
    worker->ended = !job;
    pthread_cond_signal(&worker->given);
    pthread_mutex_unlock(&worker->mutex);
}

static int answer_thread(void *argument)
{
    struct worker *worker = argument;

    return sem_post(&worker->answered);
}

static void *work(void *argument)
{
    struct worker *worker = argument;

    for (;;) {
        pthread_mutex_lock(&worker->mutex);
        while (!worker->job && !worker->ended)
            pthread_cond_wait(&worker->given, &worker->mutex);
        int (*job)(void *) = worker->job;
        worker->job = NULL;
        pthread_mutex_unlock(&worker->mutex);
        if (!job)
            return NULL;
        job(worker);
    }
}

static void wake_thread(struct bench *bench)
{
    const uint64_t items = bench_items(bench);
    struct worker worker = {.mutex = PTHREAD_MUTEX_INITIALIZER, .given = PTHREAD_COND_INITIALIZER};
    pthread_t thread;

    sem_init(&worker.answered, 0, 0);
    if (bench_failed(bench, -pthread_create(&thread, NULL, work, &worker)))
        return;
    bench_begin(bench);
    for (uint64_t i = 0; i < items; i++) {
        give(&worker, answer_thread);
        sem_wait(&worker.answered);
    }
    bench_end(bench);
    give(&worker, NULL);
    pthread_join(thread, NULL);
    sem_destroy(&worker.answered);
}
BENCH("wake/thread", wake_thread, BENCH_WALL)
