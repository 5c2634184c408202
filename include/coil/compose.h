// SPDX-License-Identifier: MIT
/* Several futures as one: gather, wait, wait_for. */
#ifndef COIL_COMPOSE_H
#define COIL_COMPOSE_H

#include <coil/base.h>
#include <coil/future.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    COIL_RETURN_ERRORS = 1 /* gather: errors and cancellations become entries of the result */
};

typedef enum coil_return_when {
    COIL_ALL_COMPLETED,
    COIL_FIRST_COMPLETED,
    COIL_FIRST_ERROR /* a cancelled future is no error */
} coil_return_when;

/*
 * Starts coroutines as tasks, in array order, and gathers their results. The future's result is an
 * array of n results in the same order (see coil_gather_results). Without COIL_RETURN_ERRORS the
 * first error becomes the future's, and the others run on.
 *
 * Suspends: no.
 * Thread: the loop's: the running loop, else this thread's.
 * Ownership: the caller gets a reference; the array lives as long as the future. Taking the array
 *            takes every result in it.
 * Cancellation: cancelling the future, or who awaits it, cancels every child that is not done; it
 *               is cancelled itself once all of them are done.
 * Errors: as coil_create_task; -EINVAL for a missing array or function or unknown flags. When a
 *         task cannot be made, those made before it are cancelled. Error-encoded.
 */
COIL_API coil_future *coil_gather(const coil_coro *coroutines, size_t n, unsigned flags);

/*
 * Gathers the results of futures, as coil_gather. A future may appear more than once.
 *
 * Suspends: no.
 * Thread: the futures' loop; without futures the running loop, else this thread's.
 * Ownership: as coil_gather; the children's references stay the caller's.
 * Cancellation: as coil_gather.
 * Errors: -EINVAL for a missing array or entry or unknown flags; the code of the first
 *         error-encoded entry; -EXDEV for futures of several loops; -ENOMEM. Error-encoded.
 */
COIL_API coil_future *coil_gather_futures(coil_future *const *futures, size_t n, unsigned flags);

/*
 * Returns the results of a finished gather and, in *n, how many there are. Errors in it are
 * error-encoded.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the array is the future's; the results count as taken.
 * Cancellation: none.
 * Errors: -EINVAL for NULL or a future that is no gather; -COIL_EINVALSTATE while it is pending;
 *         the future's own code. Error-encoded.
 */
COIL_API void *const *coil_gather_results(coil_future *gather, size_t *n);

/*
 * Waits until enough of the futures are done or `timeout` has passed, and reorders the array: those
 * that are done first, each part in its old order. Nothing is cancelled.
 *
 * Suspends: yes, also when enough are done.
 * Thread: the loop's, in a task.
 * Ownership: the references stay the caller's; results stay in the futures.
 * Cancellation: ends the wait with -ECANCELED and leaves the futures alone.
 * Errors: -ECANCELED; -EINVAL for a missing or empty array, a NULL entry or an unknown return_when;
 *         the code of the first error-encoded entry; -EXDEV for another loop's future; -ENOMEM;
 *         -COIL_ENOLOOP outside a task. Otherwise how many are done, 0 after a timeout without any.
 */
COIL_API COIL_NODISCARD int coil_wait(coil_future **futures, size_t n, coil_time timeout,
                                      int return_when);

/*
 * Awaits a future for at most `timeout`; COIL_NEVER means without limit. At the timeout the future
 * is cancelled and awaited until it is done: a result or an error that it still gives is returned.
 *
 * Suspends: yes, unless the future is done.
 * Thread: the loop's, in a task.
 * Ownership: as coil_await.
 * Cancellation: as coil_await.
 * Errors: as coil_await; -ETIMEDOUT; -ENOMEM.
 */
COIL_API COIL_NODISCARD int coil_wait_for(coil_future *future, coil_time timeout, void **result);

#ifdef __cplusplus
}
#endif

#endif
