// SPDX-License-Identifier: MIT
/* Several futures as one, or one under a condition: gather, wait, as_completed, wait_for, shield,
 * and the race. */
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
 * that are done first, each part in its old order. A future that stands in it twice counts once;
 * its repeats come last. Nothing is cancelled.
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

/*
 * Returns a future that ends as `future` does and can be cancelled without it: what is shielded
 * goes on when who awaits it is cancelled. A done future is its own shield.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the caller gets a reference, and keeps the one to `future`. A result that is taken
 *            from the shield is taken from `future`.
 * Cancellation: cancelling the shield ends it at once and leaves `future` alone, whose error, if
 *               one comes, is then its own. When `future` is cancelled, so is the shield.
 * Errors: -EINVAL for NULL; the code of an error-encoded pointer; -ENOMEM; -COIL_ECLOSED.
 *         Error-encoded.
 */
COIL_API coil_future *coil_shield(coil_future *future);

/* An iteration over futures in the order in which they end; the member is coil's own. */
typedef struct coil_as_completed {
    struct coil_as_completed_state *state;
} coil_as_completed;

/*
 * Begins to hand futures out as they end: coil_as_completed_next. One that stands in the array
 * twice is handed out once. After `timeout` no more are; COIL_NEVER: without limit.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the caller keeps his references, and calls coil_as_completed_fini in the end; not
 *            needed after a failure.
 * Cancellation: none; nothing is cancelled.
 * Errors: -EINVAL for NULL, a missing array or entry; the code of the first error-encoded entry;
 *         -EXDEV for futures of several loops; -COIL_ECLOSED; -ENOMEM.
 */
COIL_API int coil_as_completed_init(coil_as_completed *iteration, coil_future *const *futures,
                                    size_t n, coil_time timeout);

/*
 * Waits for the next future that ends and hands it out. Several tasks may do so at a time; each
 * future goes to one of them, and who came first gets the first.
 *
 * Suspends: yes, unless one has ended that nobody was given.
 * Thread: the loop's, in a task.
 * Ownership: *done is borrowed from the iteration; its result stays in it.
 * Cancellation: ends the wait with -ECANCELED; the future goes to the next who asks.
 * Errors: 1 and *done, or 0 when all were handed out; -ETIMEDOUT when the time is up, now and from
 *         then on; -ECANCELED; -EINVAL for NULL; -COIL_ENOLOOP outside a task; -EXDEV in another
 *         loop's task; -COIL_ECLOSED when the iteration was given up meanwhile.
 */
COIL_API COIL_NODISCARD int coil_as_completed_next(coil_as_completed *iteration,
                                                   coil_future **done);

/*
 * Gives an iteration up, at any time.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: gives back what the iteration held; futures that were not handed out go on.
 * Cancellation: none.
 * Errors: none; NULL, and an iteration that failed to begin, are ignored.
 */
COIL_API void coil_as_completed_fini(coil_as_completed *iteration);

/*
 * Starts coroutines one after the other, the next one when the last one has failed or `delay` after
 * it began, until one succeeds: the others are cancelled then, and awaited. This is how happy
 * eyeballs tries addresses.
 *
 * Suspends: yes, unless there are no coroutines.
 * Thread: the loop's, in a task.
 * Ownership: the caller takes the winner's result when `result` is given. A result that comes in
 *            spite of the cancellation, or that nobody takes, is disposed of; `dispose` may
 *            be NULL.
 * Cancellation: cancels and awaits every coroutine; -ECANCELED.
 * Errors: 1 when there is a winner, whose place is in *winner, and 0 when all failed; *winner is n
 *         then. errors[i] is the code of the i-th: -ECANCELED when the winner ended it, 0 for the
 *         winner and for one that was not started. -ECANCELED; -EINVAL for a missing array,
 *         function or winner; -ENOMEM; -COIL_ENOLOOP outside a task.
 */
COIL_API COIL_NODISCARD int coil_staggered_race(const coil_coro *coroutines, size_t n,
                                                coil_time delay, void **result, size_t *winner,
                                                int *errors, coil_dispose_fn dispose);

#ifdef __cplusplus
}
#endif

#endif
