/* SPDX-License-Identifier: MIT */
/*
 * channel: two hand a value to each other over channels without room, in turn. An item is a round
 * trip.
 */
#include "partner.h"

#include <pthread.h>

/* ---- coil ----------------------------------------------------------------------------------- */

struct coil_table {
    struct partner_table partner;
    coil_channel ping, pong;
};

static void *answer_tasks(void *argument)
{
    struct coil_table *table = argument;
    int rc = 0;

    for (uint64_t i = 0; i < table->partner.items; i++) {
        void *value = NULL;
        rc |= coil_channel_recv(&table->ping, &value);
        rc |= coil_channel_send(&table->pong, value);
    }
    return COIL_ERR(rc);
}

static void *ask_tasks(void *argument)
{
    struct coil_table *table = argument;
    int rc = 0;

    for (uint64_t i = 0; i < table->partner.items; i++) {
        void *value = table;
        rc |= coil_channel_send(&table->ping, value);
        rc |= coil_channel_recv(&table->pong, &value);
    }
    return COIL_ERR(rc);
}

static void channel_coil(struct bench *bench)
{
    struct coil_table table = {{answer_tasks, ask_tasks, 0}, COIL_CHANNEL_INIT, COIL_CHANNEL_INIT};

    partner_tasks(bench, &table.partner);
}
BENCH("channel/coil", channel_coil, BENCH_CPU)

/* ---- thread: one place, which its sender watches until it is empty --------------------------- */

struct place {
    pthread_mutex_t mutex;
    pthread_cond_t filled, emptied;
    void *value;
};

#define PLACE_INIT                                                                                 \
    {                                                                                              \
        PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL        \
    }

struct thread_table {
    struct partner_table partner;
    struct place ping, pong;
};

static void place_send(struct place *place, void *value)
{
    pthread_mutex_lock(&place->mutex);
    place->value = value;
    pthread_cond_signal(&place->filled);
    while (place->value)
        pthread_cond_wait(&place->emptied, &place->mutex);
    pthread_mutex_unlock(&place->mutex);
}

static void *place_recv(struct place *place)
{
    pthread_mutex_lock(&place->mutex);
    while (!place->value)
        pthread_cond_wait(&place->filled, &place->mutex);
    void *value = place->value;
    place->value = NULL;
    pthread_cond_signal(&place->emptied);
    pthread_mutex_unlock(&place->mutex);
    return value;
}

static void *answer_threads(void *argument)
{
    struct thread_table *table = argument;

    for (uint64_t i = 0; i < table->partner.items; i++)
        place_send(&table->pong, place_recv(&table->ping));
    return NULL;
}

static void *ask_threads(void *argument)
{
    struct thread_table *table = argument;

    for (uint64_t i = 0; i < table->partner.items; i++) {
        place_send(&table->ping, table);
        (void)place_recv(&table->pong);
    }
    return NULL;
}

static void channel_thread(struct bench *bench)
{
    struct thread_table table = {{answer_threads, ask_threads, 0}, PLACE_INIT, PLACE_INIT};

    partner_threads(bench, &table.partner);
}
BENCH("channel/thread", channel_thread, BENCH_CPU)
