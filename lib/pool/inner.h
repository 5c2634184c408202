// SPDX-License-Identifier: MIT
/* The pool's own view of itself: its jobs and threads (pool.c), its end (end.c). */
#ifndef POOL_INNER_H
#define POOL_INNER_H

#include "pool/pool.h"

#include <pthread.h>
#include <unistd.h>

enum { NAME_SIZE = 16 /* as the kernel has it */, PREFIX_LENGTH = NAME_SIZE - 6 };

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t came;  /* a job, or the end */
    pthread_cond_t ended; /* the last thread */
    struct list queue;
    struct list ends; /* struct pool_end */
    pthread_t *threads;
    unsigned thread_count, threads_max, idle;
    unsigned live;    /* threads that have not ended */
    unsigned working; /* those that have a job */
    size_t queued;
    pid_t process; /* the one that has the threads */
    bool shut;
    bool left; /* the last thread frees it */
    char prefix[PREFIX_LENGTH + 1];
};

static inline void lock(struct pool *pool)
{
    int rc = pthread_mutex_lock(&pool->lock);
    ASSERT(rc == 0);
}

static inline void unlock(struct pool *pool)
{
    int rc = pthread_mutex_unlock(&pool->lock);
    ASSERT(rc == 0);
}

static inline void broadcast(pthread_cond_t *condition)
{
    int rc = pthread_cond_broadcast(condition);
    ASSERT(rc == 0);
}

static inline bool is_forked(const struct pool *pool)
{
    return pool->process != getpid();
}

/* Under the lock: the oldest job that waits, or NULL. */
static inline struct job *take_queued(struct pool *pool)
{
    struct list_node *node = list_take_first(&pool->queue);

    if (!node)
        return NULL;
    pool->queued--;
    return list_entry(node, struct job, link);
}

/* Under the lock: it is on its way back. */
void pool_give_back(struct job *job);

/* Nobody uses it any more. */
void pool_destroy(struct pool *pool);

#endif
