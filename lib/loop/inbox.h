// SPDX-License-Identifier: MIT
/*
 * The thread-safe entrance: callbacks from any thread. A lock guards the table and the queue; it is
 * held for a few stores. The loop looks at `any` alone while nothing comes.
 *
 * The loop that is woken takes the lock at once, often before the call that woke it returns: so the
 * wake is under a lock of its own, which is there for the close of the loop to wait for.
 *
 * No wake is lost: before the loop sleeps it sets `asleep` and then looks at `any`; a poster sets
 * `any` and then looks at `asleep`; both in sequentially consistent order, so one of them sees the
 * other.
 */
#ifndef LOOP_INBOX_H
#define LOOP_INBOX_H

#include "loop/handle.h"

#include <pthread.h>
#include <stdatomic.h>

/* The bit of a coil_handle's index that says: the slot is one of the inbox. */
#define INBOX_INDEX 0x80000000u

struct sched;
struct engine;

struct inbox {
    pthread_mutex_t lock;
    pthread_mutex_t waking;
    struct handles handles; /* the rest is under `lock` */
    struct handle *first, **end;
    bool closed;
    atomic_bool any;
    atomic_bool asleep;
};

void inbox_init(struct inbox *inbox);
void inbox_fini(struct inbox *inbox);

/* Refuses what comes from now on and drops what is there. */
void inbox_close(struct inbox *inbox);

/* Moves what came to the ready queue. */
void inbox_drain(struct inbox *inbox, struct sched *sched);

static inline bool inbox_empty(const struct inbox *inbox)
{
    return !atomic_load_explicit(&inbox->any, memory_order_relaxed);
}

/* Has the loop look here; also from a signal handler. Whether it sleeps, and is to be woken. */
static inline bool inbox_ring(struct inbox *inbox)
{
    atomic_store(&inbox->any, true);
    return atomic_load(&inbox->asleep) && atomic_exchange(&inbox->asleep, false);
}

/* Before the engine blocks; false: something came, do not block. */
bool inbox_may_sleep(struct inbox *inbox);
void inbox_awake(struct inbox *inbox);

bool inbox_cancel(struct inbox *inbox, coil_handle handle);
bool inbox_cancelled(struct inbox *inbox, coil_handle handle);

/* From any thread: has a call of the caller's own run on the loop, or be dropped when it closes.
 * -COIL_ECLOSED. */
int inbox_post(coil_loop *loop, struct handle *handle);

#endif
