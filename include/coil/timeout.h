// SPDX-License-Identifier: MIT
/*
 * Timeouts: a task says until when what it does next may take.
 *
 *     coil_timeout timeout = COIL_TIMEOUT_INIT;
 *     int rc = coil_timeout_enter(&timeout, COIL_SEC(2));
 *     if (rc == 0)
 *         rc = coil_timeout_exit(&timeout, talk_to_somebody());
 *
 * At the deadline the task is cancelled, once: the call in which it waits returns -ECANCELED. What
 * is inside hands that on, and the exit makes -ETIMEDOUT of it. Whoever was cancelled by somebody
 * else, too, keeps -ECANCELED, and whoever goes on in spite of it keeps his own outcome. Scopes may
 * stand in each other; each has its own deadline. A scope that does not fire asks nothing of the
 * kernel.
 */
#ifndef COIL_TIMEOUT_H
#define COIL_TIMEOUT_H

#include <coil/base.h>
#include <coil/cleanup.h>
#include <coil/loop.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A scope; the members are coil's own. It stays where it is from the entry to the exit. */
typedef struct coil_timeout {
    coil_loop *loop;
    coil_task *task;
    coil_handle handle;
    coil_time when;
    coil_cleanup cleanup; /* where the task ends inside */
    int cancelling;       /* the task's requests that were over at the entry */
    uint8_t state;
} coil_timeout;

/* Not entered yet. A scope is entered once; to use its memory again is to initialize it again. */
#define COIL_TIMEOUT_INIT                                                                          \
    {                                                                                              \
        NULL, NULL, {0, 0}, COIL_NEVER, {NULL, NULL, NULL, NULL}, 0, 0                             \
    }

/*
 * Begins a scope that ends `delay` from now; COIL_NEVER: without a deadline. With a delay of 0 or
 * less what is inside runs until it first waits.
 *
 * Suspends: no.
 * Thread: the loop's, in a task.
 * Ownership: the scope stays the caller's, and in place, until its exit.
 * Cancellation: none.
 * Errors: -EINVAL for NULL; -COIL_ENOLOOP outside a task; -EBUSY for a scope that is entered;
 *         -COIL_EINVALSTATE for one that was left; -ENOMEM.
 */
COIL_API COIL_NODISCARD int coil_timeout_enter(coil_timeout *timeout, coil_time delay);

/*
 * As coil_timeout_enter, with the deadline as a point on the loop's clock (coil_loop_time).
 *
 * Suspends: no.
 * Thread: the loop's, in a task.
 * Ownership: as coil_timeout_enter.
 * Cancellation: none.
 * Errors: as coil_timeout_enter.
 */
COIL_API COIL_NODISCARD int coil_timeout_enter_at(coil_timeout *timeout, coil_time when);

/*
 * Ends a scope and turns the outcome `rc` of what was inside into the scope's: -ECANCELED becomes
 * -ETIMEDOUT when the deadline has passed and nobody else cancelled the task. The request for
 * cancellation that the deadline made is taken back.
 *
 * Suspends: no.
 * Thread: the loop's, in the task that entered.
 * Ownership: the scope's memory is the caller's again.
 * Cancellation: see above.
 * Errors: `rc`; -ETIMEDOUT; -EINVAL for NULL; -COIL_EINVALSTATE for a scope that is not entered;
 *         -EPERM in another task than the one that entered it.
 */
COIL_API COIL_NODISCARD int coil_timeout_exit(coil_timeout *timeout, int rc);

/*
 * Moves the deadline of a scope that is entered; COIL_NEVER takes it away. Any task of the loop may
 * do so.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EINVAL for NULL; -COIL_EINVALSTATE for a scope that is not entered or whose deadline has
 *         passed; -ENOMEM.
 */
COIL_API int coil_timeout_reschedule(coil_timeout *timeout, coil_time when);

/*
 * Tells whether the deadline has passed before the scope was left.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none; false for NULL.
 */
COIL_API bool coil_timeout_expired(const coil_timeout *timeout);

/*
 * Returns the deadline; COIL_NEVER when there is none, also before the entry.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EINVAL for NULL.
 */
COIL_API coil_time coil_timeout_when(const coil_timeout *timeout);

#ifdef __cplusplus
}
#endif

#endif
