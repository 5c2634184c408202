// SPDX-License-Identifier: MIT
/*
 * A pool of threads for plain C jobs that would block a loop. A job is run on some thread and
 * handed back to the client that gave it, by the client's queue and wake.
 *
 * A job is a cell on the heap, and what it works on belongs to it (contract 9): whoever waits for
 * it may lose interest at any moment by job_abandon, and the cell is freed by whoever touches it
 * last. Threads are started when a job finds none idle, up to the limit, and stay.
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

/* No thread is started yet. NULL: no memory. */
struct pool *pool_new(unsigned threads_max);

/* Waits for the jobs that run; those that are queued are freed without having run. */
void pool_free(struct pool *pool);

/* Gives a job to the pool. -EAGAIN: there is no thread and none can be started; the job stays the
 * caller's. */
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
