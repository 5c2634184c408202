// SPDX-License-Identifier: MIT
/*
 * Futures: a result that is not there yet, and those who wait for it.
 *
 * A future is pending, then once and for all finished (with a result or an error) or cancelled.
 * A task is a future, too: what is said here of futures holds for tasks unless said otherwise.
 *
 * Ownership. A function that makes a future gives its caller a reference, returned by coil_unref.
 * Whoever needs a future internally (an unfinished task's loop, an awaiter, gather) holds its own.
 * A future stays readable as long as somebody holds it, also after its loop is gone.
 */
#ifndef COIL_FUTURE_H
#define COIL_FUTURE_H

#include <coil/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum coil_state { COIL_PENDING, COIL_CANCELLED, COIL_FINISHED } coil_state;

/* Called once, on the loop, after `future` is done. */
typedef void (*coil_done_callback)(coil_future *future, void *userdata);

/* Called at the last unref with a result that nobody took. */
typedef void (*coil_dispose_fn)(void *result);

/*
 * Makes a pending future on `loop`; NULL means the running loop, else this thread's.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the caller gets a reference.
 * Cancellation: none.
 * Errors: -ENOMEM; -COIL_ECLOSED; those of coil_get_event_loop. Error-encoded.
 */
COIL_API coil_future *coil_create_future(coil_loop *loop);

/*
 * Finishes a future with a result. Its awaiters and callbacks run on a later turn, in the order in
 * which they came.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the result belongs to whoever takes it; see coil_set_dispose.
 * Cancellation: none.
 * Errors: -EINVAL for NULL, for an error-encoded result (use coil_set_error) and for a task, whose
 *         result is what its coroutine returns; -COIL_EINVALSTATE when it is done.
 */
COIL_API int coil_set_result(coil_future *future, void *result);

/*
 * Finishes a future with a negative code, which its awaiters get. -ECANCELED is refused: cancel the
 * future instead.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: unchanged.
 * Cancellation: none.
 * Errors: -EINVAL for NULL, for a task, for a code outside [-4095, -1] and for -ECANCELED;
 *         -COIL_EINVALSTATE when it is done.
 */
COIL_API int coil_set_error(coil_future *future, int code);

/* An error that says more than its code. */
typedef struct coil_error_info {
    size_t size;         /* sizeof(coil_error_info) */
    int code;            /* negative; 0: no error */
    const char *message; /* NULL: none */
    const char *file;    /* where it was raised; NULL: not known */
    int line;
} coil_error_info;

/*
 * As coil_set_error, with a message and a place.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the texts are copied.
 * Cancellation: none.
 * Errors: as coil_set_error; -EINVAL for no info or one of a wrong size; -ENOMEM.
 */
COIL_API int coil_set_error_with(coil_future *future, const coil_error_info *info);

/*
 * Asks a done future for its error: 1 when it has one, which goes to `info` when that is given, its
 * `size` set; 0 when it has a result. The error counts as retrieved: one that nobody retrieves, by
 * this call or by reading or awaiting the future, is reported to the loop's exception handler when
 * the last reference goes.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the texts in `info` are the future's, valid as long as it is held.
 * Cancellation: -ECANCELED when the future was cancelled.
 * Errors: -COIL_EINVALSTATE while it is pending; -EINVAL for NULL and for info of a wrong size; the
 *         code of an error-encoded pointer.
 */
COIL_API int coil_error(coil_future *future, coil_error_info *info);

/*
 * Waits until a future is done and takes its result. A done future is read at once, without a
 * suspension.
 *
 * Suspends: yes, unless the future is done.
 * Thread: the loop's, in a task.
 * Ownership: with `result` given, the caller takes the result; the reference stays the caller's.
 *            With NULL the result stays in the future.
 * Cancellation: cancels the awaited future, too; -ECANCELED when this task or that future was
 *               cancelled. A result that came together with the cancellation stays in the future.
 * Errors: the future's own code; -EINVAL for NULL; the code of an error-encoded pointer;
 *         -COIL_ENOLOOP outside a task; -EDEADLK when a task awaits itself; -EXDEV for another
 *         loop's future.
 */
COIL_API COIL_NODISCARD int coil_await(coil_future *future, void **result);

/*
 * Reads a done future: 0 and its result, or its code; takes the result when `result` is given.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: with `result` given, the caller takes the result.
 * Cancellation: -ECANCELED when the future was cancelled.
 * Errors: the future's own code; -COIL_EINVALSTATE while it is pending; -EINVAL for NULL.
 */
COIL_API int coil_result(coil_future *future, void **result);

/*
 * Returns the state of a future.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EINVAL for NULL; the code of an error-encoded pointer.
 */
COIL_API int coil_future_state(const coil_future *future);

/*
 * Tells whether a future is finished or cancelled. NULL and error-encoded pointers are done.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none.
 */
COIL_API bool coil_done(const coil_future *future);

/*
 * Tells whether a future was cancelled.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none; false for NULL and error-encoded pointers.
 */
COIL_API bool coil_cancelled(const coil_future *future);

/*
 * Asks that a future be cancelled. A plain future is cancelled at once. A task gets -ECANCELED from
 * the call in which it waits, or from its next one, and may clean up or refuse; one that has not
 * begun never begins. What a task awaits is cancelled first. Of tasks that await each other in a
 * ring, through a gather, too, one leaves its wait.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: unchanged.
 * Cancellation: this is it. True also when an earlier request is still under way.
 * Errors: none; false when the future is done, NULL or error-encoded.
 */
COIL_API bool coil_cancel(coil_future *future);

/*
 * As coil_cancel, and says why. The message goes with the request to all that it reaches.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the message is copied; NULL means none.
 * Cancellation: this is it.
 * Errors: as coil_cancel; without memory the message is lost, and the request is not.
 */
COIL_API bool coil_cancel_with(coil_future *future, const char *message);

/*
 * Returns the message of the last request to cancel a future; NULL when it had none, which is not
 * an error.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the text is the future's, until the next request or the last unref.
 * Cancellation: none.
 * Errors: none; NULL for NULL and error-encoded pointers.
 */
COIL_API const char *coil_cancel_message(const coil_future *future);

/*
 * Has `callback` called on a later turn once the future is done, at the soonest on the next one.
 * Callbacks run in the order in which they were added.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the caller keeps userdata alive; the future is valid during the call.
 * Cancellation: none.
 * Errors: -EINVAL for NULL; the code of an error-encoded pointer; -ENOMEM; -COIL_ECLOSED when its
 *         loop closes or is closed.
 */
COIL_API int coil_add_done_callback(coil_future *future, coil_done_callback callback,
                                    void *userdata);

/*
 * Takes back every callback that equals the pair and was not queued yet; returns how many.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EINVAL for NULL; the code of an error-encoded pointer.
 */
COIL_API int coil_remove_done_callback(coil_future *future, coil_done_callback callback,
                                       void *userdata);

/*
 * Says how to get rid of a result that nobody took: `dispose` is called with it at the last unref.
 * NULL removes it. Errors and NULL results are not disposed of. When a cancellation outranks the
 * result that a task returns, `dispose` is called at once. It is called outside of tasks or in one
 * that gave its reference back, and must not wait.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the future owns an untaken result.
 * Cancellation: none.
 * Errors: -EINVAL for NULL and for a gather, whose array is its own; the code of an error-encoded
 * pointer.
 */
COIL_API int coil_set_dispose(coil_future *future, coil_dispose_fn dispose);

/*
 * Takes one more reference and returns the future; NULL and error-encoded pointers pass through.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the caller gets a reference.
 * Cancellation: none.
 * Errors: none.
 */
COIL_API coil_future *coil_ref(coil_future *future);

/*
 * Gives a reference back. An unfinished task goes on without it.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the caller's reference ends.
 * Cancellation: none.
 * Errors: none; NULL and error-encoded pointers are ignored.
 */
COIL_API void coil_unref(coil_future *future);

/*
 * Gives back the reference that a variable holds and sets the variable to NULL.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the variable's reference ends.
 * Cancellation: none.
 * Errors: none; NULL is ignored.
 */
COIL_API void coil_unrefp(coil_future **future);

/* `COIL_AUTO coil_task *t = ...;` gives the reference back at the end of the scope. To hold it may
 * be all that the variable is for. */
#if defined(__GNUC__)
#define COIL_AUTO __attribute__((cleanup(coil_unrefp), unused))
#endif

#ifdef __cplusplus
}
#endif

#endif
