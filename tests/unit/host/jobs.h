// SPDX-License-Identifier: MIT
/* Jobs that tests give to executors: each says that it has begun and waits until it is let go. */
#ifndef TESTS_UNIT_HOST_JOBS_H
#define TESTS_UNIT_HOST_JOBS_H

#include "world.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

struct gate {
    sem_t begun, go;
    atomic_int calls; /* how many have begun */
    atomic_int freed; /* arguments that were given away and let go */
    atomic_int disposed;
    void *result;
    _Atomic(pthread_t) thread; /* of the job that began last */
};

static inline void gate_init(struct gate *gate)
{
    *gate = (struct gate){.result = gate};
    sem_init(&gate->begun, 0, 0);
    sem_init(&gate->go, 0, 0);
}

static inline void gate_fini(struct gate *gate)
{
    sem_destroy(&gate->begun);
    sem_destroy(&gate->go);
}

/* Declared before the world and before the executor whose threads use it. */
#define GATE(name)                                                                                 \
    __attribute__((cleanup(gate_fini))) struct gate name;                                          \
    gate_init(&name)

static inline void gate_wait(sem_t *semaphore)
{
    while (sem_wait(semaphore) < 0) {
    }
}

/* Passes at once. */
static inline void *job_pass(void *arg)
{
    struct gate *gate = arg;

    gate->thread = pthread_self();
    atomic_fetch_add(&gate->calls, 1);
    return gate->result;
}

/* Waits at the gate. */
static inline void *job_wait(void *arg)
{
    struct gate *gate = arg;
    void *result = job_pass(arg);

    sem_post(&gate->begun);
    gate_wait(&gate->go);
    return result;
}

/* What frees an argument, and what disposes of a result, when both are the gate. */
static inline void gate_free(void *arg)
{
    atomic_fetch_add(&((struct gate *)arg)->freed, 1);
}

static inline void gate_dispose(void *result)
{
    atomic_fetch_add(&((struct gate *)result)->disposed, 1);
}

/* An executor that has no threads any more at the end of its scope. */
static inline void executor_end(coil_executor **executor)
{
    PASS(coil_executor_shutdown(*executor, COIL_SHUTDOWN_WAIT));
    coil_executor_unref(*executor);
}

static inline coil_executor *executor_of(unsigned workers)
{
    const coil_executor_options options = {
        .size = sizeof(options), .max_workers = workers, .name = "test"};

    return coil_executor_new(&options);
}

/* Outlives the world: it is declared before it. */
#define EXECUTOR(variable, workers)                                                                \
    __attribute__((cleanup(executor_end))) coil_executor *variable = executor_of(workers)

#endif
