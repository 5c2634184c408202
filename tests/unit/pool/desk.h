// SPDX-License-Identifier: MIT
/* A client of a pool, and jobs that write down what happens to them. */
#ifndef TESTS_UNIT_POOL_DESK_H
#define TESTS_UNIT_POOL_DESK_H

#include "check.h"

#include "base/alloc.h"
#include "pool/pool.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

/* A client, and the book in which its jobs write what happens to them. */
struct desk {
    struct pool_client client; /* first: wake finds the desk by it */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int woken, freed;
    char ran[64]; /* a letter a job, in the order of running */
    size_t ran_count;
    sem_t started, release; /* of jobs that wait in the middle */
    pthread_barrier_t meeting;
};

struct note {
    struct job job;
    struct desk *desk;
    char *text; /* its own, as contract 9 wants */
    void (*act)(struct note *note);
};

static inline void wake(struct pool_client *client)
{
    struct desk *desk = container_of(client, struct desk, client);

    pthread_mutex_lock(&desk->lock);
    desk->woken++;
    pthread_cond_signal(&desk->changed);
    pthread_mutex_unlock(&desk->lock);
}

static inline void desk_init(struct desk *desk)
{
    memset(desk, 0, sizeof(*desk));
    pthread_mutex_init(&desk->lock, NULL);
    pthread_cond_init(&desk->changed, NULL);
    sem_init(&desk->started, 0, 0);
    sem_init(&desk->release, 0, 0);
    pthread_barrier_init(&desk->meeting, NULL, 2);
    pool_client_init(&desk->client, wake);
}

static inline void desk_fini(struct desk *desk)
{
    pthread_barrier_destroy(&desk->meeting);
    sem_destroy(&desk->release);
    sem_destroy(&desk->started);
    pthread_cond_destroy(&desk->changed);
    pthread_mutex_destroy(&desk->lock);
}

#define DESK(name)                                                                                 \
    __attribute__((cleanup(desk_fini))) struct desk name;                                          \
    desk_init(&name)

/* Declared after the desk, so that the threads are gone before it is. */
static inline void pool_end(struct pool **pool)
{
    pool_free(*pool);
}

#define POOL(name, threads)                                                                        \
    __attribute__((cleanup(pool_end))) struct pool *name = pool_new(threads, "test")

/* ---- jobs --------------------------------------------------------------------------------- */

static inline void note_run(struct job *job)
{
    struct note *note = container_of(job, struct note, job);
    struct desk *desk = note->desk;

    if (note->act)
        note->act(note);
    /* After the act, in which its waiter may have left: what it needs is still its own. */
    pthread_mutex_lock(&desk->lock);
    if (desk->ran_count < sizeof(desk->ran) - 1)
        desk->ran[desk->ran_count++] = note->text[0];
    pthread_mutex_unlock(&desk->lock);
}

static inline void note_free(struct job *job)
{
    struct note *note = container_of(job, struct note, job);
    struct desk *desk = note->desk;

    coil__free(note->text);
    coil__free(note);
    pthread_mutex_lock(&desk->lock);
    desk->freed++;
    pthread_mutex_unlock(&desk->lock);
}

static inline struct note *note_new(struct desk *desk, char letter, void (*act)(struct note *note))
{
    struct note *note = coil__alloc_zeroed(sizeof(*note));
    char *text = coil__alloc(2);

    if (!CHECK(note && text)) {
        coil__free(note);
        coil__free(text);
        return NULL;
    }
    text[0] = letter;
    text[1] = '\0';
    *note = (struct note){{.run = note_run, .free = note_free}, desk, text, act};
    return note;
}

/* NULL: it did not come to that. */
static inline struct note *submit(struct pool *pool, struct desk *desk, char letter,
                                  void (*act)(struct note *note))
{
    struct note *note = pool ? note_new(desk, letter, act) : NULL;

    if (note && !CHECK_EQ(pool_submit(pool, &desk->client, &note->job), 0)) {
        note_free(&note->job);
        note = NULL;
    }
    return note;
}

/* Tells that it runs, and goes on when the test says so. */
static inline void hold(struct note *note)
{
    sem_post(&note->desk->started);
    sem_wait(&note->desk->release);
}

static inline void meet(struct note *note)
{
    pthread_barrier_wait(&note->desk->meeting);
}

static inline int freed(struct desk *desk)
{
    pthread_mutex_lock(&desk->lock);
    int count = desk->freed;
    pthread_mutex_unlock(&desk->lock);
    return count;
}

static inline void wait_for_wakes(struct desk *desk, int count)
{
    pthread_mutex_lock(&desk->lock);
    while (desk->woken < count)
        pthread_cond_wait(&desk->changed, &desk->lock);
    pthread_mutex_unlock(&desk->lock);
}

/* Takes what is done: the letters in the order of coming. */
static inline void take_all(struct desk *desk, char *letters, size_t size)
{
    struct job *job;
    size_t count = 0;

    while ((job = pool_client_take(&desk->client))) {
        if (count < size - 1)
            letters[count++] = container_of(job, struct note, job)->text[0];
        CHECK_EQ(job->state, JOB_DONE);
        job->free(job);
    }
    letters[count] = '\0';
}

static inline void expect_done(struct desk *desk, const char *expected)
{
    char letters[64];

    take_all(desk, letters, sizeof(letters));
    CHECK_STR(letters, expected);
}

#endif
