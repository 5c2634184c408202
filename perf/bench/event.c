/* SPDX-License-Identifier: MIT */
/* event: two set an event for each other, in turn. An item is a round trip. */
#include "partner.h"

#include <pthread.h>

/* ---- coil ----------------------------------------------------------------------------------- */

struct coil_table {
    struct partner_table partner;
    coil_event ping, pong;
};

static int take_event(coil_event *event)
{
    int rc = coil_event_wait(event);
    return rc | coil_event_clear(event);
}

/* It says how many it woke. */
static int set_event(coil_event *event)
{
    int woken = coil_event_set(event);
    return woken < 0 ? woken : 0;
}

static void *answer_tasks(void *argument)
{
    struct coil_table *table = argument;
    int rc = 0;

    for (uint64_t i = 0; i < table->partner.items; i++) {
        rc |= take_event(&table->ping);
        rc |= set_event(&table->pong);
    }
    return COIL_ERR(rc);
}

static void *ask_tasks(void *argument)
{
    struct coil_table *table = argument;
    int rc = 0;

    for (uint64_t i = 0; i < table->partner.items; i++) {
        rc |= set_event(&table->ping);
        rc |= take_event(&table->pong);
    }
    return COIL_ERR(rc);
}

static void event_coil(struct bench *bench)
{
    struct coil_table table = {{answer_tasks, ask_tasks, 0}, COIL_EVENT_INIT, COIL_EVENT_INIT};

    partner_tasks(bench, &table.partner);
}
BENCH("event/coil", event_coil, BENCH_CPU)

/* ---- thread: a condition variable ----------------------------------------------------------- */

struct flag {
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    bool set;
};

#define FLAG_INIT                                                                                  \
    {                                                                                              \
        PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false                                 \
    }

struct thread_table {
    struct partner_table partner;
    struct flag ping, pong;
};

static void set_flag(struct flag *flag)
{
    pthread_mutex_lock(&flag->mutex);
    flag->set = true;
    pthread_cond_signal(&flag->condition);
    pthread_mutex_unlock(&flag->mutex);
}

static void take_flag(struct flag *flag)
{
    pthread_mutex_lock(&flag->mutex);
    while (!flag->set)
        pthread_cond_wait(&flag->condition, &flag->mutex);
    flag->set = false;
    pthread_mutex_unlock(&flag->mutex);
}

static void *answer_threads(void *argument)
{
    struct thread_table *table = argument;

    for (uint64_t i = 0; i < table->partner.items; i++) {
        take_flag(&table->ping);
        set_flag(&table->pong);
    }
    return NULL;
}

static void *ask_threads(void *argument)
{
    struct thread_table *table = argument;

    for (uint64_t i = 0; i < table->partner.items; i++) {
        set_flag(&table->ping);
        take_flag(&table->pong);
    }
    return NULL;
}

static void event_thread(struct bench *bench)
{
    struct thread_table table = {{answer_threads, ask_threads, 0}, FLAG_INIT, FLAG_INIT};

    partner_threads(bench, &table.partner);
}
BENCH("event/thread", event_thread, BENCH_CPU)
