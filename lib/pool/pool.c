// SPDX-License-Identifier: MIT
#include "pool/pool.h"

#include "base/alloc.h"
#include "base/machine.h"
#include "os/os.h"

#include <errno.h>

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t came; /* a job, or the end */
    struct list queue;
    pthread_t *threads;
    unsigned thread_count, threads_max, idle;
    size_t queued;
    bool ending;
};

static const uint8_t moves[] = {
    [JOB_NEW] = MACHINE_TO(JOB_QUEUED),
    [JOB_QUEUED] = MACHINE_TO(JOB_RUNNING) | MACHINE_TO(JOB_ABANDONED) | MACHINE_TO(JOB_NEW) |
                   MACHINE_TO(JOB_DONE),
    [JOB_RUNNING] = MACHINE_TO(JOB_DONE) | MACHINE_TO(JOB_ABANDONED),
    [JOB_DONE] = 0,
    [JOB_ABANDONED] = 0,
};

static void lock(struct pool *pool)
{
    int rc = pthread_mutex_lock(&pool->lock);
    ASSERT(rc == 0);
}

static void unlock(struct pool *pool)
{
    int rc = pthread_mutex_unlock(&pool->lock);
    ASSERT(rc == 0);
}

/* ---- the threads -------------------------------------------------------------------------- */

/* Under the lock: the next job, or NULL at the end. */
static struct job *next_job(struct pool *pool)
{
    pool->idle++;
    while (list_empty(&pool->queue) && !pool->ending) {
        int rc = pthread_cond_wait(&pool->came, &pool->lock);
        ASSERT(rc == 0);
    }
    pool->idle--;
    if (pool->ending)
        return NULL;
    struct job *job = list_entry(list_take_first(&pool->queue), struct job, link);
    pool->queued--;
    machine_move(&job->state, JOB_RUNNING, moves);
    return job;
}

/* Under the lock, so that who abandons a job knows whether it is on its way. */
static void give_to_client(struct job *job)
{
    struct pool_client *client = job->client;

    machine_move(&job->state, JOB_DONE, moves);
    mpsc_push(&client->done, &job->done);
    client->wake(client);
}

/* A job that ran: back to its client, or gone with nobody to take it. */
static void hand_back(struct pool *pool, struct job *job)
{
    lock(pool);
    bool abandoned = job->state == JOB_ABANDONED;
    if (!abandoned)
        give_to_client(job);
    unlock(pool);
    if (abandoned)
        job->free(job);
}

static void *work(void *argument)
{
    struct pool *pool = argument;

    for (;;) {
        lock(pool);
        struct job *job = next_job(pool);
        unlock(pool);
        if (!job)
            return NULL;
        job->run(job);
        hand_back(pool, job);
    }
}

/* ---- the pool ----------------------------------------------------------------------------- */

struct pool *pool_new(unsigned threads_max)
{
    ASSERT(threads_max > 0);
    struct pool *pool = coil__alloc_zeroed(sizeof(*pool));
    if (!pool)
        return NULL;
    pool->threads = coil__alloc(threads_max * sizeof(*pool->threads));
    if (!pool->threads) {
        coil__free(pool);
        return NULL;
    }
    pool->threads_max = threads_max;
    list_init(&pool->queue);
    int rc = pthread_mutex_init(&pool->lock, NULL);
    ASSERT(rc == 0);
    rc = pthread_cond_init(&pool->came, NULL);
    ASSERT(rc == 0);
    return pool;
}

void pool_free(struct pool *pool)
{
    struct list_node *node;

    if (!pool)
        return;
    lock(pool);
    pool->ending = true;
    int rc = pthread_cond_broadcast(&pool->came);
    ASSERT(rc == 0);
    unlock(pool);
    for (unsigned i = 0; i < pool->thread_count; i++) {
        rc = pthread_join(pool->threads[i], NULL);
        ASSERT(rc == 0);
    }
    while ((node = list_take_first(&pool->queue))) {
        struct job *job = list_entry(node, struct job, link);
        job->free(job);
    }
    rc = pthread_cond_destroy(&pool->came);
    ASSERT(rc == 0);
    rc = pthread_mutex_destroy(&pool->lock);
    ASSERT(rc == 0);
    coil__free(pool->threads);
    coil__free(pool);
}

/* Under the lock: more jobs wait than threads are idle. A pool with a thread does without another
 * one that cannot be started. */
static int ensure_thread(struct pool *pool)
{
    if (pool->queued <= pool->idle || pool->thread_count == pool->threads_max)
        return 0;
    int rc = os_thread_start(&pool->threads[pool->thread_count], "coil-pool", work, pool);
    if (rc == 0)
        pool->thread_count++;
    return pool->thread_count ? 0 : rc;
}

int pool_submit(struct pool *pool, struct pool_client *client, struct job *job)
{
    ASSERT(job->run && job->free);
    job->client = client;
    job->pool = pool;
    lock(pool);
    machine_move(&job->state, JOB_QUEUED, moves);
    list_append(&pool->queue, &job->link);
    pool->queued++;
    int rc = ensure_thread(pool);
    if (rc < 0) {
        list_remove(&job->link);
        pool->queued--;
        machine_move(&job->state, JOB_NEW, moves);
    } else {
        int signalled = pthread_cond_signal(&pool->came);
        ASSERT(signalled == 0);
    }
    unlock(pool);
    return rc;
}

bool job_abandon(struct job *job)
{
    struct pool *pool = job->pool;

    lock(pool);
    bool done = job->state == JOB_DONE;
    bool queued = job->state == JOB_QUEUED;
    if (queued) {
        list_remove(&job->link);
        pool->queued--;
    }
    if (!done)
        machine_move(&job->state, JOB_ABANDONED, moves);
    unlock(pool);
    if (queued)
        job->free(job);
    return !done;
}

bool job_withdraw(struct job *job)
{
    struct pool *pool = job->pool;

    lock(pool);
    bool queued = job->state == JOB_QUEUED;
    if (queued) {
        list_remove(&job->link);
        pool->queued--;
        give_to_client(job);
    }
    unlock(pool);
    return queued;
}

/* ---- clients ------------------------------------------------------------------------------ */

void pool_client_init(struct pool_client *client, void (*wake)(struct pool_client *client))
{
    mpsc_init(&client->done);
    client->wake = wake;
}

void pool_client_fini(struct pool_client *client, struct pool *pool)
{
    lock(pool); /* a job is handed back and its client woken under it */
    ASSERT(client->wake != NULL);
    client->wake = NULL;
    unlock(pool);
}

struct job *pool_client_take(struct pool_client *client)
{
    struct mpsc_node *node = mpsc_take(&client->done);
    return node ? container_of(node, struct job, done) : NULL;
}
