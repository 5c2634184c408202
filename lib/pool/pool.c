// SPDX-License-Identifier: MIT
#include "pool/inner.h"

#include "base/alloc.h"
#include "base/machine.h"
#include "os/os.h"

#include <coil/base.h>

#include <errno.h>
#include <stdio.h>

static const uint8_t moves[] = {
    [JOB_NEW] = MACHINE_TO(JOB_QUEUED),
    [JOB_QUEUED] = MACHINE_TO(JOB_RUNNING) | MACHINE_TO(JOB_ABANDONED) | MACHINE_TO(JOB_NEW) |
                   MACHINE_TO(JOB_DONE),
    [JOB_RUNNING] = MACHINE_TO(JOB_DONE) | MACHINE_TO(JOB_ABANDONED),
    [JOB_DONE] = 0,
    [JOB_ABANDONED] = 0,
};

/* ---- the threads -------------------------------------------------------------------------- */

/* Under the lock: the next job, or NULL at the end. */
static struct job *next_job(struct pool *pool)
{
    pool->idle++;
    while (list_empty(&pool->queue) && !pool->shut) {
        int rc = pthread_cond_wait(&pool->came, &pool->lock);
        ASSERT(rc == 0);
    }
    pool->idle--;
    struct job *job = take_queued(pool);
    if (!job)
        return NULL;
    machine_move(&job->state, JOB_RUNNING, moves);
    pool->working++;
    return job;
}

/* Under the lock, so that who abandons a job knows whether it is on its way. */
void pool_give_back(struct job *job)
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
    if (job->state == JOB_ABANDONED) {
        unlock(pool);
        job->free(job);
        lock(pool);
    } else {
        pool_give_back(job);
    }
    pool->working--;
    unlock(pool);
}

/* A thread's end. Whoever waits for the last one may free the pool as soon as the lock is free. */
static void end_thread(struct pool *pool)
{
    struct list_node *node;

    lock(pool);
    bool last = --pool->live == 0;
    bool left = pool->left;
    if (last) {
        while ((node = list_take_first(&pool->ends))) {
            struct pool_end *end = list_entry(node, struct pool_end, link);
            end->ended(end);
        }
        broadcast(&pool->ended);
    }
    unlock(pool);
    if (last && left)
        pool_destroy(pool);
}

static void *work(void *argument);

/* Under the lock. */
static int start_thread(struct pool *pool)
{
    char name[NAME_SIZE];
    pthread_t *thread = &pool->threads[pool->thread_count];

    (void)snprintf(name, sizeof(name), "%s-%u", pool->prefix, pool->thread_count % 10000);
    int rc = os_thread_start(thread, name, work, pool);
    if (rc < 0)
        return rc;
    pool->thread_count++;
    pool->live++;
    if (pool->left) {
        rc = pthread_detach(*thread);
        ASSERT(rc == 0);
    }
    return 0;
}

/* Under the lock: this thread is none of the pool's any more, and nobody joins it. */
static void leave_place(struct pool *pool)
{
    unsigned i = 0;

    while (!pthread_equal(pool->threads[i], pthread_self()))
        i++;
    if (!pool->left) {
        int rc = pthread_detach(pool->threads[i]);
        ASSERT(rc == 0);
    }
    pool->threads[i] = pool->threads[--pool->thread_count];
}

/* A job has ended its thread, by pthread_exit: the job is over all the same, and another thread is
 * started where one is needed. Where none can be, what waits goes back without having run. */
static void exited(void *argument)
{
    struct job *job = argument;
    struct pool *pool = job->pool;

    hand_back(pool, job);
    lock(pool);
    leave_place(pool);
    if (pool->queued > pool->idle)
        (void)start_thread(pool);
    while (!pool->thread_count && (job = take_queued(pool)))
        pool_give_back(job);
    unlock(pool);
    end_thread(pool);
}

static NOINLINE void run(struct job *job)
{
    pthread_cleanup_push(exited, job);
    job->run(job);
    pthread_cleanup_pop(0);
}

static void *work(void *argument)
{
    struct pool *pool = argument;

    for (;;) {
        lock(pool);
        struct job *job = next_job(pool);
        unlock(pool);
        if (!job)
            break;
        run(job);
        hand_back(pool, job);
    }
    end_thread(pool);
    return NULL;
}

/* ---- the pool ----------------------------------------------------------------------------- */

struct pool *pool_new(unsigned threads_max, const char *name)
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
    pool->process = getpid();
    (void)snprintf(pool->prefix, sizeof(pool->prefix), "%s", name);
    list_init(&pool->queue);
    list_init(&pool->ends);
    int rc = pthread_mutex_init(&pool->lock, NULL);
    ASSERT(rc == 0);
    rc = pthread_cond_init(&pool->came, NULL);
    ASSERT(rc == 0);
    rc = pthread_cond_init(&pool->ended, NULL);
    ASSERT(rc == 0);
    return pool;
}

/* Under the lock: more jobs wait than threads are idle. A pool with a thread does without another
 * one that cannot be started. */
static int ensure_thread(struct pool *pool)
{
    if (pool->queued <= pool->idle || pool->thread_count == pool->threads_max)
        return 0;
    int rc = start_thread(pool);
    return pool->thread_count ? 0 : rc;
}

/* Under the lock. */
static int append(struct pool *pool, struct job *job)
{
    if (pool->shut)
        return -ESHUTDOWN;
    machine_move(&job->state, JOB_QUEUED, moves);
    list_append(&pool->queue, &job->link);
    pool->queued++;
    int rc = ensure_thread(pool);
    if (rc < 0) {
        list_remove(&job->link);
        pool->queued--;
        machine_move(&job->state, JOB_NEW, moves);
        return rc;
    }
    int signalled = pthread_cond_signal(&pool->came);
    ASSERT(signalled == 0);
    return 0;
}

int pool_submit(struct pool *pool, struct pool_client *client, struct job *job)
{
    ASSERT(job->run && job->free);
    if (is_forked(pool))
        return -COIL_ECLOSED;
    job->client = client;
    job->pool = pool;
    lock(pool);
    int rc = append(pool, job);
    unlock(pool);
    return rc;
}

bool job_abandon(struct job *job)
{
    struct pool *pool = job->pool;

    if (is_forked(pool)) {
        job->free(job);
        return true;
    }
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
        pool_give_back(job);
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
