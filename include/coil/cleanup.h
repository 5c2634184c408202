// SPDX-License-Identifier: MIT
/*
 * What is to be done however a task ends: handlers that run at the end of their scope, when the
 * task ends by coil_exit, and when a task that does not end is abandoned by coil_close. The last
 * one pushed runs first.
 */
#ifndef COIL_CLEANUP_H
#define COIL_CLEANUP_H

#include <coil/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The caller's, and where it is until it is popped. What is in it is coil's business. */
typedef struct coil_cleanup {
    struct coil_cleanup *next;
    coil_task *task;
    void (*fn)(void *arg);
    void *arg;
} coil_cleanup;

/*
 * Pushes a handler of the running task. Outside a task it only waits to be popped.
 *
 * A handler may wait, unless its task is abandoned: then it runs on the loop's own stack, where a
 * wait fails with -COIL_ENOLOOP; the frame that pushed it still stands.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the caller keeps `cleanup` where it is and `arg` alive, until it is popped or has run.
 * Cancellation: none.
 * Errors: none.
 */
COIL_API void coil_cleanup_push(coil_cleanup *cleanup, void (*fn)(void *arg), void *arg);

/*
 * Pops a handler, and calls it when `run` is true. A task that returns has popped all of its own.
 *
 * Suspends: as the handler.
 * Thread: the loop's, in the task that pushed it.
 * Ownership: `cleanup` is the caller's again.
 * Cancellation: none.
 * Errors: none.
 */
COIL_API void coil_cleanup_pop(coil_cleanup *cleanup, bool run);

/*
 * Pops a handler and calls it: what COIL_DEFER calls at the end of its scope.
 *
 * Suspends: as the handler.
 * Thread: the loop's, in the task that pushed it.
 * Ownership: `cleanup` is the caller's again.
 * Cancellation: none.
 * Errors: none.
 */
COIL_API void coil_cleanup_run(coil_cleanup *cleanup);

/* `COIL_DEFER(free, memory);` calls free(memory) at the end of the scope, and wherever a handler
 * runs. It stands where a declaration may. */
#if defined(__GNUC__)
#define COIL_DEFER(fn, arg)          COIL_DEFER_AT(fn, arg, __LINE__)
#define COIL_DEFER_AT(fn, arg, line) COIL_DEFER_LINE(fn, arg, line)
#define COIL_DEFER_LINE(fn, arg, line)                                                             \
    __attribute__((cleanup(coil_cleanup_run))) coil_cleanup coil_deferred_##line;                  \
    coil_cleanup_push(&coil_deferred_##line, fn, arg)
#endif

/*
 * Ends the running task with a result, as if its coroutine had returned it, from any depth of
 * calls: its handlers run, its frames are left where they stand. A generator in whose body it is
 * called has ended, too, without a result; it is to be freed all the same.
 *
 * Suspends: as the handlers.
 * Thread: the loop's, in a task; the program ends with a message elsewhere.
 * Ownership: as a coroutine's result.
 * Cancellation: COIL_ERR(-ECANCELED) ends the task as cancelled.
 * Errors: none; it does not return.
 */
COIL_API COIL_NORETURN void coil_exit(void *result);

#ifdef __cplusplus
}
#endif

#endif
