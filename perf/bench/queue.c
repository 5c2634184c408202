/* SPDX-License-Identifier: MIT */
/* queue_pingpong: two put an item into each other's queue, in turn. An item is a round trip. */
#include "partner.h"

#include <pthread.h>

/* ---- coil ----------------------------------------------------------------------------------- */

struct coil_table {
    struct partner_table partner;
    coil_queue ping, pong;
};

static void *answer_tasks(void *argument)
{
    struct coil_table *table = argument;
    int rc = 0;

    for (uint64_t i = 0; i < table->partner.items; i++) {
        void *item = NULL;
        rc |= coil_queue_get(&table->ping, &item);
        rc |= coil_queue_put(&table->pong, item);
    }
    return COIL_ERR(rc);
}

static void *ask_tasks(void *argument)
{
    struct coil_table *table = argument;
    int rc = 0;

    for (uint64_t i = 0; i < table->partner.items; i++) {
        void *item = table;
        rc |= coil_queue_put(&table->ping, item);
        rc |= coil_queue_get(&table->pong, &item);
    }
    return COIL_ERR(rc);
}

static void queue_coil(struct bench *bench)
{
    struct coil_table table = {
        {answer_tasks, ask_tasks, 0}, COIL_QUEUE_INIT(0), COIL_QUEUE_INIT(0)};

    partner_tasks(bench, &table.partner);
    coil_queue_fini(&table.ping);
    coil_queue_fini(&table.pong);
}
BENCH("queue_pingpong/coil", queue_coil, BENCH_CPU)

/* ---- thread: a ring of pointers, a mutex and a condition variable ---------------------------- */

enum { ROOM = 16 }; /* more than ever wait */

struct thread_queue {
    pthread_mutex_t mutex;
    pthread_cond_t filled;
    unsigned first, count;
    void *items[ROOM];
};

#define THREAD_QUEUE_INIT                                                                          \
    {                                                                                              \
        PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0,                                 \
        {                                                                                          \
            NULL                                                                                   \
        }                                                                                          \
    }

struct thread_table {
    struct partner_table partner;
    struct thread_queue ping, pong;
};

static void thread_queue_put(struct thread_queue *queue, void *item)
{
    pthread_mutex_lock(&queue->mutex);
    queue->items[(queue->first + queue->count++) % ROOM] = item;
    pthread_cond_signal(&queue->filled);
    pthread_mutex_unlock(&queue->mutex);
}

static void *thread_queue_get(struct thread_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    while (queue->count == 0)
        pthread_cond_wait(&queue->filled, &queue->mutex);
    void *item = queue->items[queue->first++ % ROOM];
    queue->count--;
    pthread_mutex_unlock(&queue->mutex);
    return item;
}

static void *answer_threads(void *argument)
{
    struct thread_table *table = argument;

    for (uint64_t i = 0; i < table->partner.items; i++)
        thread_queue_put(&table->pong, thread_queue_get(&table->ping));
    return NULL;
}

static void *ask_threads(void *argument)
{
    struct thread_table *table = argument;

    for (uint64_t i = 0; i < table->partner.items; i++) {
        thread_queue_put(&table->ping, table);
        (void)thread_queue_get(&table->pong);
    }
    return NULL;
}

static void queue_thread(struct bench *bench)
{
    struct thread_table table = {
        {answer_threads, ask_threads, 0}, THREAD_QUEUE_INIT, THREAD_QUEUE_INIT};

    partner_threads(bench, &table.partner);
}
BENCH("queue_pingpong/thread", queue_thread, BENCH_CPU)
