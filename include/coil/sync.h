// SPDX-License-Identifier: MIT
/*
 * What tasks of one loop wait for each other with: lock, event, condition, semaphore, barrier,
 * reader-writer lock. The rules are asyncio's.
 *
 * Each is the caller's memory with a static initializer, `coil_lock lock = COIL_LOCK_INIT;`, usable
 * before any loop runs; there is nothing to destroy. It must not move or go while a task waits for
 * it. It belongs to the first loop that makes a task wait for it: a task of another loop that would
 * have to wait gets -EXDEV. Threads exclude each other by other means.
 *
 * Waiters are served first come, first served. What is free is taken without a switch to another
 * task. A task that was cancelled while it waited has nothing, and what was meant for it goes to
 * the next one. The members of the structs are coil's own.
 */
#ifndef COIL_SYNC_H
#define COIL_SYNC_H

#include <coil/base.h>

#include <limits.h>

#ifdef __cplusplus
extern "C" {
#endif

struct coil_link;

/* Those who wait, in order; zeroed: nobody. */
typedef struct coil_line {
    struct coil_link *first;
    struct coil_link *pending; /* the first that was not woken yet */
    uint64_t loop;             /* which it belongs to; 0: none yet */
} coil_line;

/* clang-format off */
#define COIL_LINE_INIT {NULL, NULL, 0}
/* clang-format on */

/* ---- lock --------------------------------------------------------------------------------- */

/* For one task at a time. It knows no owner: any task may release it. */
typedef struct coil_lock {
    coil_line line;
    bool locked;
} coil_lock;

/* clang-format off */
#define COIL_LOCK_INIT {COIL_LINE_INIT, false}
/* clang-format on */

/*
 * Makes a lock, as COIL_LOCK_INIT does.
 *
 * Suspends: no.
 * Thread: any, while nobody else uses it.
 * Ownership: the caller's memory; nothing to give back while no task waits.
 * Cancellation: none.
 * Errors: -EINVAL for NULL.
 */
COIL_API int coil_lock_init(coil_lock *lock);

/*
 * Acquires the lock, after those who came before.
 *
 * Suspends: only when it is locked, or others are in line.
 * Thread: the loop's, in a task.
 * Ownership: the lock is held until coil_lock_release.
 * Cancellation: ends the wait with -ECANCELED; the lock is not held.
 * Errors: -ECANCELED; -EINVAL for NULL; -EXDEV when it belongs to another loop; -COIL_ENOLOOP
 *         outside a task.
 */
COIL_API COIL_NODISCARD int coil_lock_acquire(coil_lock *lock);

/*
 * Acquires the lock if it is free and nobody is in line for it.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: as coil_lock_acquire.
 * Cancellation: none.
 * Errors: -EAGAIN; -EINVAL for NULL.
 */
COIL_API COIL_NODISCARD int coil_lock_try_acquire(coil_lock *lock);

/*
 * Releases the lock and wakes the first in line, to whom it will belong: who comes before that task
 * runs queues behind it.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EPERM when it is not locked; -EINVAL for NULL.
 */
COIL_API int coil_lock_release(coil_lock *lock);

/*
 * Tells whether the lock is held. Between a release and the step of the task that it woke it is
 * not.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none; false for NULL.
 */
COIL_API bool coil_lock_locked(const coil_lock *lock);

/*
 * Acquires the lock for a scope: `COIL_LOCKED coil_lock *held = coil_lock_enter(&lock);` releases
 * it at the end of the scope. Returns the lock.
 *
 * Suspends: as coil_lock_acquire.
 * Thread: the loop's, in a task.
 * Ownership: as coil_lock_acquire.
 * Cancellation: as coil_lock_acquire.
 * Errors: as coil_lock_acquire, error-encoded: then the scope holds nothing.
 */
COIL_API COIL_NODISCARD coil_lock *coil_lock_enter(coil_lock *lock);

/*
 * Releases a lock that coil_lock_enter returned, and sets the pointer to NULL.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none; NULL and error-encoded pointers are left alone.
 */
COIL_API void coil_lock_releasep(coil_lock **lock);

#if defined(__GNUC__)
#define COIL_LOCKED __attribute__((cleanup(coil_lock_releasep), unused))
#endif

/* ---- event -------------------------------------------------------------------------------- */

/* A flag that tasks wait for. */
typedef struct coil_event {
    coil_line line;
    bool set;
} coil_event;

/* clang-format off */
#define COIL_EVENT_INIT {COIL_LINE_INIT, false}
/* clang-format on */

/*
 * Makes an event that is not set, as COIL_EVENT_INIT does.
 *
 * Suspends: no.
 * Thread: any, while nobody else uses it.
 * Ownership: the caller's memory; nothing to give back while no task waits.
 * Cancellation: none.
 * Errors: -EINVAL for NULL.
 */
COIL_API int coil_event_init(coil_event *event);

/*
 * Sets the event and wakes all who wait now, also when it is cleared before they run. Returns how
 * many.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EINVAL for NULL.
 */
COIL_API int coil_event_set(coil_event *event);

/*
 * Clears the event: who waits from now on waits for the next set.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EINVAL for NULL.
 */
COIL_API int coil_event_clear(coil_event *event);

/*
 * Tells whether the event is set.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none; false for NULL.
 */
COIL_API bool coil_event_is_set(const coil_event *event);

/*
 * Waits until the event is set.
 *
 * Suspends: unless it is set.
 * Thread: the loop's, in a task.
 * Ownership: none.
 * Cancellation: ends the wait with -ECANCELED.
 * Errors: -ECANCELED; -EINVAL for NULL; -EXDEV when it belongs to another loop; -COIL_ENOLOOP
 *         outside a task.
 */
COIL_API COIL_NODISCARD int coil_event_wait(coil_event *event);

/* ---- condition ------------------------------------------------------------------------------ */

/* A lock, and a line of those who wait for a change of what it protects. */
typedef struct coil_condition {
    coil_line line;
    coil_lock own;
    coil_lock *given; /* NULL: its own */
} coil_condition;

/* clang-format off */
#define COIL_CONDITION_INIT {COIL_LINE_INIT, COIL_LOCK_INIT, NULL}
#define COIL_CONDITION_INIT_WITH(lock) {COIL_LINE_INIT, COIL_LOCK_INIT, (lock)}
/* clang-format on */

/* Whether what is waited for is so. */
typedef bool (*coil_predicate)(void *userdata);

/*
 * Makes a condition on a lock; NULL: on one of its own. Several conditions may share a lock.
 *
 * Suspends: no.
 * Thread: any, while nobody else uses it.
 * Ownership: the caller's memory; nothing to give back while no task waits.
 * Cancellation: none.
 * Errors: -EINVAL when the condition is NULL.
 */
COIL_API int coil_condition_init(coil_condition *condition, coil_lock *lock);

/*
 * Acquires the condition's lock.
 *
 * Suspends: as coil_lock_acquire.
 * Thread: the loop's, in a task.
 * Ownership: as coil_lock_acquire.
 * Cancellation: as coil_lock_acquire.
 * Errors: as coil_lock_acquire.
 */
COIL_API COIL_NODISCARD int coil_condition_acquire(coil_condition *condition);

/*
 * Releases the condition's lock.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: none.
 * Cancellation: none.
 * Errors: as coil_lock_release.
 */
COIL_API int coil_condition_release(coil_condition *condition);

/*
 * Tells whether the condition's lock is held.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none; false for NULL.
 */
COIL_API bool coil_condition_locked(const coil_condition *condition);

/*
 * Releases the lock, waits for a notification, and acquires the lock again. Whenever it has waited
 * it returns with the lock held.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: none.
 * Cancellation: ends the wait for the notification, not the one for the lock: once that is held,
 *               -ECANCELED. A notification that the task was given before goes to the next one.
 * Errors: -EPERM when the lock is not held; -ECANCELED; -EINVAL for NULL; -EXDEV when it belongs to
 *         another loop; -COIL_ENOLOOP outside a task.
 */
COIL_API COIL_NODISCARD int coil_condition_wait(coil_condition *condition);

/*
 * Waits until the predicate holds; it is asked at once and after each notification, with the lock
 * held.
 *
 * Suspends: unless the predicate holds.
 * Thread: the loop's, in a task.
 * Ownership: none.
 * Cancellation: as coil_condition_wait.
 * Errors: as coil_condition_wait; -EINVAL without a predicate. When the predicate holds at once:
 *         none, also without the lock.
 */
COIL_API COIL_NODISCARD int coil_condition_wait_for(coil_condition *condition,
                                                    coil_predicate predicate, void *userdata);

/*
 * Wakes the n tasks that have waited longest, or all when fewer wait. Each goes on when it gets the
 * lock. Returns how many.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EPERM when the lock is not held; -EINVAL for NULL or a negative n.
 */
COIL_API int coil_condition_notify(coil_condition *condition, int n);

/*
 * Wakes all who wait. Returns how many.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EPERM when the lock is not held; -EINVAL for NULL.
 */
COIL_API int coil_condition_notify_all(coil_condition *condition);

/*
 * Acquires the condition's lock for a scope, as coil_lock_enter, with COIL_CONDITION_LOCKED.
 * Returns the condition.
 *
 * Suspends: as coil_lock_acquire.
 * Thread: the loop's, in a task.
 * Ownership: as coil_lock_acquire.
 * Cancellation: as coil_lock_acquire.
 * Errors: as coil_lock_acquire, error-encoded: then the scope holds nothing.
 */
COIL_API COIL_NODISCARD coil_condition *coil_condition_enter(coil_condition *condition);

/*
 * Releases what coil_condition_enter acquired, and sets the pointer to NULL.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none; NULL and error-encoded pointers are left alone.
 */
COIL_API void coil_condition_releasep(coil_condition **condition);

#if defined(__GNUC__)
#define COIL_CONDITION_LOCKED __attribute__((cleanup(coil_condition_releasep), unused))
#endif

/* ---- semaphore ------------------------------------------------------------------------------ */

/* A number of permits. */
typedef struct coil_semaphore {
    coil_line line;
    int value;
    int bound; /* the value never exceeds it */
} coil_semaphore;

/* clang-format off */
#define COIL_SEMAPHORE_INIT(value) {COIL_LINE_INIT, (value), INT_MAX}
#define COIL_BOUNDED_SEMAPHORE_INIT(value) {COIL_LINE_INIT, (value), (value)}
/* clang-format on */

/*
 * Makes a semaphore of so many permits.
 *
 * Suspends: no.
 * Thread: any, while nobody else uses it.
 * Ownership: the caller's memory; nothing to give back while no task waits.
 * Cancellation: none.
 * Errors: -EINVAL for NULL or a negative value.
 */
COIL_API int coil_semaphore_init(coil_semaphore *semaphore, int value);

/*
 * Makes a semaphore that never has more permits than at its beginning.
 *
 * Suspends: no.
 * Thread: any, while nobody else uses it.
 * Ownership: the caller's memory; nothing to give back while no task waits.
 * Cancellation: none.
 * Errors: -EINVAL for NULL or a negative value.
 */
COIL_API int coil_semaphore_init_bounded(coil_semaphore *semaphore, int value);

/*
 * Takes a permit, after those who came before.
 *
 * Suspends: only when there is none, or others are in line.
 * Thread: the loop's, in a task.
 * Ownership: the permit is held until coil_semaphore_release.
 * Cancellation: ends the wait with -ECANCELED; a permit that was given already goes to the next
 *               one.
 * Errors: -ECANCELED; -EINVAL for NULL or an initializer with a negative value; -EXDEV when it
 *         belongs to another loop; -COIL_ENOLOOP outside a task.
 */
COIL_API COIL_NODISCARD int coil_semaphore_acquire(coil_semaphore *semaphore);

/*
 * Takes a permit if there is one and nobody is in line.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: as coil_semaphore_acquire.
 * Cancellation: none.
 * Errors: -EAGAIN; -EINVAL for NULL or an initializer with a negative value.
 */
COIL_API COIL_NODISCARD int coil_semaphore_try_acquire(coil_semaphore *semaphore);

/*
 * Gives a permit to the first in line, or back.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EOVERFLOW above the bound, INT_MAX when it has none; -EINVAL for NULL or an initializer
 *         with a negative value.
 */
COIL_API int coil_semaphore_release(coil_semaphore *semaphore);

/*
 * Tells whether an acquire would wait: no permit is left, or others are in line.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none; false for NULL.
 */
COIL_API bool coil_semaphore_locked(const coil_semaphore *semaphore);

/*
 * Returns how many permits are left; one that was given to a task in line is not.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EINVAL for NULL or an initializer with a negative value.
 */
COIL_API int coil_semaphore_value(const coil_semaphore *semaphore);

/* ---- barrier -------------------------------------------------------------------------------- */

/* Lets tasks go on when a number of them, the parties, have come. */
typedef struct coil_barrier {
    coil_condition condition;
    int parties;
    int count; /* inside */
    unsigned char state;
} coil_barrier;

/* clang-format off */
#define COIL_BARRIER_INIT(parties) {COIL_CONDITION_INIT, (parties), 0, 0}
/* clang-format on */

/*
 * Makes a barrier for so many parties.
 *
 * Suspends: no.
 * Thread: any, while nobody else uses it.
 * Ownership: the caller's memory; nothing to give back while no task waits.
 * Cancellation: none.
 * Errors: -EINVAL for NULL or fewer than one party.
 */
COIL_API int coil_barrier_init(coil_barrier *barrier, int parties);

/*
 * Waits until all parties have come. Returns a number that no other party of the round gets: 0 for
 * the first that came. Who comes while a full barrier drains is held outside until all have left,
 * and counts for the next round.
 *
 * Suspends: unless it is the last party and nobody holds the barrier back.
 * Thread: the loop's, in a task.
 * Ownership: none.
 * Cancellation: ends the wait with -ECANCELED; the party is not counted.
 * Errors: -ECANCELED; -COIL_EBROKEN when the barrier is broken, or was reset or aborted meanwhile;
 *         -EINVAL for NULL or fewer than one party; -EXDEV when it belongs to another loop;
 *         -COIL_ENOLOOP outside a task.
 */
COIL_API COIL_NODISCARD int coil_barrier_wait(coil_barrier *barrier);

/*
 * Empties the barrier: who waits inside gets -COIL_EBROKEN, and it fills again when they are out. A
 * broken barrier works again.
 *
 * Suspends: only when the parties that leave are at the barrier's lock.
 * Thread: the loop's, in a task.
 * Ownership: none.
 * Cancellation: ends the wait with -ECANCELED; nothing was changed.
 * Errors: -ECANCELED; -EINVAL for NULL or fewer than one party; -EXDEV when it belongs to another
 *         loop; -COIL_ENOLOOP outside a task.
 */
COIL_API COIL_NODISCARD int coil_barrier_reset(coil_barrier *barrier);

/*
 * Breaks the barrier: who waits, and who comes, gets -COIL_EBROKEN until a reset.
 *
 * Suspends: only when the parties that leave are at the barrier's lock.
 * Thread: the loop's, in a task.
 * Ownership: none.
 * Cancellation: ends the wait with -ECANCELED; nothing was changed.
 * Errors: -ECANCELED; -EINVAL for NULL or fewer than one party; -EXDEV when it belongs to another
 *         loop; -COIL_ENOLOOP outside a task.
 */
COIL_API COIL_NODISCARD int coil_barrier_abort(coil_barrier *barrier);

/*
 * Returns how many parties let each other go.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EINVAL for NULL or fewer than one party.
 */
COIL_API int coil_barrier_parties(const coil_barrier *barrier);

/*
 * Returns how many parties wait for others; 0 while it drains.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EINVAL for NULL or fewer than one party.
 */
COIL_API int coil_barrier_n_waiting(const coil_barrier *barrier);

/*
 * Tells whether the barrier is broken.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none; false for NULL.
 */
COIL_API bool coil_barrier_broken(const coil_barrier *barrier);

/* ---- reader-writer lock --------------------------------------------------------------------- */

/* For any number of readers, or one writer. Who comes after a writer waits behind it. */
typedef struct coil_rwlock {
    coil_line line;
    int readers; /* -1: a writer */
} coil_rwlock;

/* clang-format off */
#define COIL_RWLOCK_INIT {COIL_LINE_INIT, 0}
/* clang-format on */

/*
 * Makes a reader-writer lock, as COIL_RWLOCK_INIT does.
 *
 * Suspends: no.
 * Thread: any, while nobody else uses it.
 * Ownership: the caller's memory; nothing to give back while no task waits.
 * Cancellation: none.
 * Errors: -EINVAL for NULL.
 */
COIL_API int coil_rwlock_init(coil_rwlock *lock);

/*
 * Acquires the lock for reading: beside other readers, not beside a writer.
 *
 * Suspends: only when it cannot be had at once, or others are in line.
 * Thread: the loop's, in a task.
 * Ownership: the lock is held until coil_rwlock_release_read.
 * Cancellation: ends the wait with -ECANCELED; the lock is not held, and those behind go on where
 *               they can.
 * Errors: -ECANCELED; -EINVAL for NULL; -EXDEV when it belongs to another loop; -COIL_ENOLOOP
 *         outside a task.
 */
COIL_API COIL_NODISCARD int coil_rwlock_acquire_read(coil_rwlock *lock);

/*
 * Acquires the lock for writing: alone.
 *
 * Suspends: only when it cannot be had at once, or others are in line.
 * Thread: the loop's, in a task.
 * Ownership: the lock is held until coil_rwlock_release_write.
 * Cancellation: ends the wait with -ECANCELED; the lock is not held, and those behind go on where
 *               they can.
 * Errors: -ECANCELED; -EINVAL for NULL; -EXDEV when it belongs to another loop; -COIL_ENOLOOP
 *         outside a task.
 */
COIL_API COIL_NODISCARD int coil_rwlock_acquire_write(coil_rwlock *lock);

/*
 * Acquires the lock as coil_rwlock_acquire_read, if it can be had at once and nobody is in line.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: as coil_rwlock_acquire_read.
 * Cancellation: none.
 * Errors: -EAGAIN; -EINVAL for NULL.
 */
COIL_API COIL_NODISCARD int coil_rwlock_try_acquire_read(coil_rwlock *lock);

/*
 * Acquires the lock as coil_rwlock_acquire_write, if it can be had at once and nobody is in line.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: as coil_rwlock_acquire_write.
 * Cancellation: none.
 * Errors: -EAGAIN; -EINVAL for NULL.
 */
COIL_API COIL_NODISCARD int coil_rwlock_try_acquire_write(coil_rwlock *lock);

/*
 * Releases the lock of a reader and gives it to those in front who can have it now.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EPERM when no reader holds it; -EINVAL for NULL.
 */
COIL_API int coil_rwlock_release_read(coil_rwlock *lock);

/*
 * Releases the lock of a writer and gives it to those in front who can have it now.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EPERM when no writer holds it; -EINVAL for NULL.
 */
COIL_API int coil_rwlock_release_write(coil_rwlock *lock);

#ifdef __cplusplus
}
#endif

#endif
