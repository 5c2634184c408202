// SPDX-License-Identifier: MIT
/*
 * Task-local values: what a request's id or a user's name is to all that works for it.
 *
 * A task starts with the values of the place where it was made, a callback with those of the place
 * where it was asked for. What it sets then it sees alone, and those whom it starts afterwards. It
 * is what contextvars are to Python. Callbacks on readiness, of signals and of other threads start
 * with none.
 */
#ifndef COIL_LOCAL_H
#define COIL_LOCAL_H

#include <coil/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A local is a variable of the program, known by its address:
 *     static const coil_local request = {"request", NULL}; */
typedef struct coil_local {
    const char *name; /* for people */
    void *fallback;   /* the value where none was set */
} coil_local;

/* A set of values that tasks may share. */
typedef struct coil_context coil_context;

/*
 * Returns the value of a local in the running task or callback.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: the value is whoever's it was when it was set.
 * Cancellation: none.
 * Errors: -EINVAL for NULL, error-encoded. Where no loop runs it is the fallback.
 */
COIL_API void *coil_local_get(const coil_local *local);

/*
 * Sets a local in the running task or callback; `previous`, when it is given, gets the value that
 * it had, with which one sets it back.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the caller keeps what the value points to alive as long as anybody may see it.
 * Cancellation: none.
 * Errors: -EINVAL for NULL; -COIL_ENOLOOP where no loop runs; -ENOMEM, and the old value stays.
 */
COIL_API int coil_local_set(const coil_local *local, void *value, void **previous);

/*
 * Makes a context with the values of the running task or callback, to be given to tasks that are to
 * share it (coil_task_options).
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the caller gets a reference.
 * Cancellation: none.
 * Errors: -ENOMEM. Error-encoded.
 */
COIL_API coil_context *coil_copy_context(void);

/*
 * Returns the context that a task runs in: what the task sets can be read there.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the caller gets a reference.
 * Cancellation: none.
 * Errors: -EINVAL for NULL and for a future that is not a task; -ENOMEM; the code of an
 *         error-encoded pointer. Error-encoded.
 */
COIL_API coil_context *coil_task_context(coil_task *task);

/*
 * Returns the value of a local in a context.
 *
 * Suspends: no.
 * Thread: that of the tasks that share it.
 * Ownership: as coil_local_get.
 * Cancellation: none.
 * Errors: -EINVAL for NULL; the code of an error-encoded pointer. Error-encoded.
 */
COIL_API void *coil_context_get(const coil_context *context, const coil_local *local);

/*
 * Gives the reference to a context back.
 *
 * Suspends: no.
 * Thread: that of the tasks that share it.
 * Ownership: the caller's reference ends.
 * Cancellation: none.
 * Errors: none; NULL and error-encoded pointers are ignored.
 */
COIL_API void coil_context_unref(coil_context *context);

#ifdef __cplusplus
}
#endif

#endif
