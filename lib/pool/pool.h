// SPDX-License-Identifier: MIT
/*
 * A pool of threads for plain C jobs that would block a loop. A job is run on some thread and
 * handed back to the client that gave it, by the client's queue and wake.
 *
 * A job is a cell on the heap, and what it works on belongs to it (contract 9): whoever waits for
 * it may lose interest at any moment by job_abandon, and the cell is freed by whoever touches it
 * last. Threads are started when a job finds none idle, up to the limit, and stay until the pool is
 * shut. A job that ends its thread by pthread_exit is handed back as any other.
 *
 * In the child of a fork there are no threads: a pool takes no jobs there, whoever abandons a job
 * frees it, and a pool's end waits for nobody.
 */
#ifndef POOL_POOL_H
#define POOL_POOL_H

#include "base/list.h"
#include "base/mpsc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pool;
struct pool_client;

enum job_state { JOB_NEW, JOB_QUEUED, JOB_RUNNING, JOB_DONE, JOB_ABANDONED };

struct job {
    void (*run)(struct job *job);  /* on a thread of the pool */
    void (*free)(struct job *job); /* frees the cell and what it owns; on any thread */
    struct pool_client *client;
    struct list_node link; /* in the pool's queue */
    struct mpsc_node done; /* in the client's */
    struct pool *pool;
    uint8_t state; /* enum job_state; under the pool's lock */
};

/* Where finished jobs go. One thread takes from it. */
struct pool_client {
    struct mpsc done;
    void (*wake)(struct pool_client *client); /* on a thread of the pool, after a job came */
};

void pool_client_init(struct pool_client *client, void (*wake)(struct pool_client *client));

/*
 * Before a client's memory goes, when it has no job left: waits for a thread that has handed the
 * last one back and is still about to wake.
 */
void pool_client_fini(struct pool_client *client, struct pool *pool);

/* The next finished job, or NULL; from its return on it is the caller's to free. */
struct job *pool_client_take(struct pool_client *client);

/* Somebody who wants to know when a shut pool's last thread ends. */
struct pool_end {
    struct list_node link;
    void (*ended)(struct pool_end *end); /* on that thread, under the pool's lock */
};

/* No thread is started yet. The threads are called NAME-0 and so on. NULL: no memory. */
struct pool *pool_new(unsigned threads_max, const char *name);

/* Waits for the jobs that run; those that are queued are freed without having run. */
void pool_free(struct pool *pool);

/* As pool_free, and waits for no job: what runs goes on, what is queued still runs, and the last
 * thread frees the pool. Nobody holds a job of it. */
void pool_leave(struct pool *pool);

/* No jobs are taken any more: the threads end when what is queued has run. With `drop` that goes
 * back to its clients without having run. */
void pool_shut(struct pool *pool, bool drop);

/* Of a pool that is shut: waits until its threads have ended. -EDEADLK on one of them. */
int pool_wait(struct pool *pool);

/* The same without waiting. False: they have ended, or the caller withdrew in time. */
bool pool_watch_end(struct pool *pool, struct pool_end *end);
bool pool_unwatch_end(struct pool *pool, struct pool_end *end);

/* Gives a job to the pool. -EAGAIN: there is no thread and none can be started; -ESHUTDOWN,
 * -COIL_ECLOSED in the child of a fork; the job stays the caller's. */
int pool_submit(struct pool *pool, struct pool_client *client, struct job *job);

/*
 * Nobody waits for this job any more. True: it will not run or be handed back; the cell is gone or
 * will go when its thread is done with it. False: it is done already and comes by
 * pool_client_take.
 */
bool job_abandon(struct job *job);

/*
 * Its client does not want this job to begin, and still waits for it. True: it had not begun, and
 * is on its way back without having run. False: it runs or ran, and comes back as ever.
 */
bool job_withdraw(struct job *job);

#endif
