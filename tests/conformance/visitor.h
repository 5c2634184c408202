// SPDX-License-Identifier: MIT
/* A function for threads that says that it runs and waits until it is let go. */
#ifndef CONFORMANCE_VISITOR_H
#define CONFORMANCE_VISITOR_H

#include "world.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

struct visitor {
    sem_t here, go;
    atomic_int visits;
    atomic_int disposed;
    pthread_t thread; /* of the last visit */
};

/* Declared before the world and the executor whose threads use it. */
#define VISITOR(name)                                                                              \
    __attribute__((cleanup(visitor_fini))) struct visitor name;                                    \
    visitor_init(&name)

static inline void visitor_init(struct visitor *visitor)
{
    *visitor = (struct visitor){.visits = 0};
    sem_init(&visitor->here, 0, 0);
    sem_init(&visitor->go, 0, 0);
}

static inline void visitor_fini(struct visitor *visitor)
{
    sem_destroy(&visitor->here);
    sem_destroy(&visitor->go);
}

/* Gives its argument back. */
static inline void *visit(void *arg)
{
    struct visitor *visitor = arg;

    visitor->thread = pthread_self();
    atomic_fetch_add(&visitor->visits, 1);
    return arg;
}

static inline void *visit_and_wait(void *arg)
{
    struct visitor *visitor = arg;

    (void)visit(arg);
    sem_post(&visitor->here);
    while (sem_wait(&visitor->go) < 0) {
    }
    return arg;
}

static inline void visitor_dispose(void *result)
{
    atomic_fetch_add(&((struct visitor *)result)->disposed, 1);
}

/* An executor with one thread, which has ended when its scope does. */
static inline void executor_end(coil_executor **executor)
{
    PASS(coil_executor_shutdown(*executor, COIL_SHUTDOWN_WAIT));
    coil_executor_unref(*executor);
}

static inline coil_executor *executor_of_one(void)
{
    return coil_executor_new(
        &(coil_executor_options){.size = sizeof(coil_executor_options), .max_workers = 1});
}

#define EXECUTOR(name)                                                                             \
    __attribute__((cleanup(executor_end))) coil_executor *name = executor_of_one()

#endif
