// SPDX-License-Identifier: MIT
/*
 * The end of a pool. Whoever cannot wait leaves it: its threads then belong to nobody, and the last
 * one frees it.
 */
#include "pool/inner.h"

#include "base/alloc.h"

#include <errno.h>

void pool_destroy(struct pool *pool)
{
    if (!is_forked(pool)) {
        int rc = pthread_cond_destroy(&pool->came);
        ASSERT(rc == 0);
        rc = pthread_cond_destroy(&pool->ended);
        ASSERT(rc == 0);
        rc = pthread_mutex_destroy(&pool->lock);
        ASSERT(rc == 0);
    }
    coil__free(pool->threads);
    coil__free(pool);
}

/* All have ended, as far as others can see. */
static void join(struct pool *pool)
{
    ASSERT(pool->live == 0);
    for (unsigned i = 0; i < pool->thread_count; i++) {
        int rc = pthread_join(pool->threads[i], NULL);
        ASSERT(rc == 0);
    }
}

/* Under the lock. */
static void shut(struct pool *pool)
{
    pool->shut = true;
    broadcast(&pool->came);
}

void pool_free(struct pool *pool)
{
    struct job *job;

    if (!pool)
        return;
    if (is_forked(pool)) {
        pool_destroy(pool);
        return;
    }
    lock(pool);
    while ((job = take_queued(pool)))
        job->free(job);
    shut(pool);
    unlock(pool);
    int rc = pool_wait(pool);
    ASSERT(rc == 0);
    join(pool);
    pool_destroy(pool);
}

void pool_leave(struct pool *pool)
{
    if (is_forked(pool)) {
        pool_destroy(pool);
        return;
    }
    lock(pool);
    bool busy = pool->working || pool->queued;
    pool->left = busy;
    for (unsigned i = 0; busy && i < pool->thread_count; i++) {
        int rc = pthread_detach(pool->threads[i]);
        ASSERT(rc == 0);
    }
    shut(pool);
    unlock(pool);
    if (!busy) /* else it may be gone */
        pool_free(pool);
}

void pool_shut(struct pool *pool, bool drop)
{
    struct job *job;

    if (is_forked(pool))
        return;
    lock(pool);
    shut(pool);
    while (drop && (job = take_queued(pool)))
        pool_give_back(job);
    unlock(pool);
}

/* Under the lock. */
static bool is_own_thread(const struct pool *pool)
{
    for (unsigned i = 0; i < pool->thread_count; i++)
        if (pthread_equal(pool->threads[i], pthread_self()))
            return true;
    return false;
}

int pool_wait(struct pool *pool)
{
    if (is_forked(pool))
        return 0;
    lock(pool);
    ASSERT(pool->shut);
    int rc = pool->live && is_own_thread(pool) ? -EDEADLK : 0;
    while (pool->live && rc == 0) {
        int waited = pthread_cond_wait(&pool->ended, &pool->lock);
        ASSERT(waited == 0);
    }
    unlock(pool);
    return rc;
}

bool pool_watch_end(struct pool *pool, struct pool_end *end)
{
    if (is_forked(pool))
        return false;
    lock(pool);
    ASSERT(pool->shut);
    bool watching = pool->live > 0;
    if (watching)
        list_append(&pool->ends, &end->link);
    unlock(pool);
    return watching;
}

bool pool_unwatch_end(struct pool *pool, struct pool_end *end)
{
    if (is_forked(pool))
        return true;
    lock(pool);
    bool watching = list_linked(&end->link);
    if (watching)
        list_remove(&end->link);
    unlock(pool);
    return watching;
}
