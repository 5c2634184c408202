// SPDX-License-Identifier: MIT
/*
 * Coroutines for other threads: one is run on a loop by a thread that has nothing to do with it,
 * and that thread blocks for the result. For callbacks there is coil_call_soon_threadsafe.
 */
#ifndef COIL_THREAD_H
#define COIL_THREAD_H

#include <coil/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The result of a coroutine that runs on another thread's loop. */
typedef struct coil_concurrent_future coil_concurrent_future;

/*
 * Has a coroutine run as a task of a loop, and wakes the loop if it sleeps.
 *
 * Suspends: no.
 * Thread: any, until coil_loop_free.
 * Ownership: the caller gives it back with coil_concurrent_unref; the argument stays valid until
 *            the coroutine has ended.
 * Cancellation: when the loop closes it ends as cancelled.
 * Errors: -EINVAL for NULL; -ENOMEM; -COIL_ECLOSED; the code of an error-encoded loop.
 *         Error-encoded.
 */
COIL_API coil_concurrent_future *coil_run_coroutine_threadsafe(coil_loop *loop, coil_fn fn,
                                                               void *arg);

/*
 * Blocks the thread until the coroutine has ended, `timeout` at most (COIL_NEVER: without end), and
 * reads its result. It can be read again.
 *
 * Suspends: no; it blocks.
 * Thread: any but the loop's own while that runs.
 * Ownership: the result is the caller's when `result` is given.
 * Cancellation: -ECANCELED when it was cancelled, on either side.
 * Errors: the coroutine's own code; -ETIMEDOUT, and the coroutine goes on; -EDEADLK in the loop's
 *         own run; -EINVAL for NULL; the code of an error-encoded pointer.
 */
COIL_API COIL_NODISCARD int coil_concurrent_result(coil_concurrent_future *future,
                                                   coil_time timeout, void **result);

/*
 * Cancels it: true when it was not done. It is done from now on, and the loop is asked to cancel
 * the task.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: none.
 * Cancellation: this is it.
 * Errors: none; false for NULL and error-encoded pointers.
 */
COIL_API bool coil_concurrent_cancel(coil_concurrent_future *future);

/*
 * Tells whether it is done: it has a result, a code, or was cancelled.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none; true for NULL and error-encoded pointers.
 */
COIL_API bool coil_concurrent_done(coil_concurrent_future *future);

/*
 * Gives it back. A coroutine that has not ended goes on.
 *
 * Suspends: no.
 * Thread: any; once for each coil_run_coroutine_threadsafe.
 * Ownership: the caller's reference ends.
 * Cancellation: cancels nothing.
 * Errors: none; NULL and error-encoded pointers are ignored.
 */
COIL_API void coil_concurrent_unref(coil_concurrent_future *future);

#ifdef __cplusplus
}
#endif

#endif
