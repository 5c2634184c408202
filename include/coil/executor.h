// SPDX-License-Identifier: MIT
/*
 * Threads for plain functions that block, with their results as futures.
 *
 * A function that is given to an executor runs on one of its threads, beside the loop: it may block
 * as long as it likes, and must not call what belongs to the loop. What it works on is the job's:
 * who waits for a job may be cancelled, and then the thread still works. So the argument is copied
 * (`copy_arg`), or given away (`free_arg`), or lives until the function has returned for certain;
 * an argument on a task's stack does not. What nobody takes goes to `dispose`. A function that ends
 * its thread by pthread_exit ends its job with -EOWNERDEAD, and another thread does what is left.
 *
 * On a simulated engine the threads are real ones. The virtual clock stands still while a loop
 * waits for one: a job takes no time there, and no timeout passes because of it unless the program
 * moves the clock (coil_sim_advance).
 */
#ifndef COIL_EXECUTOR_H
#define COIL_EXECUTOR_H

#include <coil/base.h>
#include <coil/future.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A set of threads, and the jobs that wait for one. */
typedef struct coil_executor coil_executor;

typedef struct coil_executor_options {
    size_t size;          /* sizeof(coil_executor_options) */
    unsigned max_workers; /* threads, started when they are needed; 0: 4 more than there are
                             processors, 32 at most; not more than COIL_WORKERS_MAX */
    const char *name;     /* the threads are called NAME-0, NAME-1, ...; its first 10 characters
                             count. NULL: "coil" */
} coil_executor_options;

enum { COIL_WORKERS_MAX = 4096 };

typedef struct coil_job_options {
    size_t size;     /* sizeof(coil_job_options) */
    size_t copy_arg; /* bytes of *arg to copy; the function gets the copy. 0: arg itself */
    /* Gives the argument away: called with it, on any thread, after the function has returned or
     * when it will not be called, because the call failed, too. NULL: nothing is done */
    void (*free_arg)(void *arg);
    /* As coil_set_dispose; for a job whose future was cancelled, on the executor's thread */
    coil_dispose_fn dispose;
} coil_job_options;

enum coil_shutdown_flags {
    COIL_SHUTDOWN_WAIT = 1,  /* wait until the threads have ended */
    COIL_SHUTDOWN_CANCEL = 2 /* what has not begun is cancelled, and not run */
};

/*
 * Makes an executor without threads: they come with the jobs, and wait for more when they have done
 * them. NULL means no options.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: the caller gets a reference, given back with coil_executor_unref.
 * Cancellation: none.
 * Errors: -EINVAL for options of a wrong size or with too many workers; -ENOMEM. Error-encoded.
 */
COIL_API coil_executor *coil_executor_new(const coil_executor_options *options);

/*
 * Takes one more reference and returns the executor; NULL and error-encoded pointers pass through.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: the caller gets a reference.
 * Cancellation: none.
 * Errors: none.
 */
COIL_API coil_executor *coil_executor_ref(coil_executor *executor);

/*
 * Gives a reference back. The last one shuts the executor down and waits for nobody: what was given
 * to it still runs, and its threads end then.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: the caller's reference ends.
 * Cancellation: none.
 * Errors: none; NULL and error-encoded pointers are ignored.
 */
COIL_API void coil_executor_unref(coil_executor *executor);

/*
 * Shuts an executor down: it takes no more jobs, and its threads end when they have run what they
 * were given before; coil_shutdown_flags change that. It can be called again, with other flags.
 *
 * Suspends: no; with COIL_SHUTDOWN_WAIT it blocks the thread.
 * Thread: any.
 * Ownership: unchanged; references are still to be given back.
 * Cancellation: with COIL_SHUTDOWN_CANCEL, of jobs that have not begun.
 * Errors: -EINVAL for NULL and for unknown flags; -EDEADLK for a wait on one of its own threads; it
 *         is shut down all the same; the code of an error-encoded pointer.
 */
COIL_API int coil_executor_shutdown(coil_executor *executor, unsigned flags);

/*
 * Has a function run on a thread of an executor; its result is the future's. Of the loop NULL means
 * the running one, else this thread's; of the executor the loop's default one, which is made when
 * it is first needed.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the caller gets a reference to the future. `arg` must live until the function has
 *            returned, also when the future was cancelled.
 * Cancellation: cancelling the future ends it at once. A job that has not begun never begins; one
 *               that has goes on, and its result goes to `dispose`. The same happens to those that
 *               are left when the loop closes. A function that returns COIL_ERR(-ECANCELED) ends
 *               the future as cancelled.
 * Errors: the function's own code is the future's, or -EOWNERDEAD when it has ended its thread.
 *         -EINVAL for NULL; -ENOMEM; -ESHUTDOWN after the executor was shut down; -EAGAIN when no
 *         thread can be started; -COIL_ECLOSED; those of coil_get_event_loop; the code of an
 *         error-encoded pointer. Error-encoded.
 */
COIL_API coil_future *coil_run_in_executor(coil_loop *loop, coil_executor *executor, coil_fn fn,
                                           void *arg);

/*
 * As coil_run_in_executor, with options; NULL means none.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: as the options say.
 * Cancellation: as coil_run_in_executor.
 * Errors: as coil_run_in_executor; -EINVAL for options of a wrong size, and for copy_arg without
 * arg or with free_arg. Error-encoded.
 */
COIL_API coil_future *coil_run_in_executor_with(coil_loop *loop, coil_executor *executor,
                                                coil_fn fn, void *arg,
                                                const coil_job_options *options);

/*
 * Runs a function on a thread of the loop's default executor and waits for its result. The function
 * sees the task's locals (coil/local.h); what it sets itself nobody else sees.
 *
 * Suspends: always.
 * Thread: in a task.
 * Ownership: with `result` given, the caller takes the result. `arg` must live until the function
 *            has returned, also when the task was cancelled: what lies on the task's stack does
 *            not.
 * Cancellation: -ECANCELED at once. The function is not stopped; one that has not begun never
 *               begins.
 * Errors: the function's own code; -EINVAL for NULL; -COIL_ENOLOOP outside a task; else as
 *         coil_run_in_executor.
 */
COIL_API COIL_NODISCARD int coil_to_thread(coil_fn fn, void *arg, void **result);

/*
 * As coil_to_thread, with options; NULL means none.
 *
 * Suspends: always.
 * Thread: in a task.
 * Ownership: as the options say.
 * Cancellation: as coil_to_thread.
 * Errors: as coil_to_thread; -EINVAL for options of a wrong size, and for copy_arg without arg or
 *         with free_arg.
 */
COIL_API COIL_NODISCARD int coil_to_thread_with(coil_fn fn, void *arg,
                                                const coil_job_options *options, void **result);

/*
 * Replaces the executor that a loop uses where none is named.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the loop holds its own reference until it closes or gets another one; the former
 *            executor loses its.
 * Cancellation: none.
 * Errors: -EINVAL for NULL; -ENOMEM; -COIL_ECLOSED; the code of an error-encoded pointer.
 */
COIL_API int coil_set_default_executor(coil_loop *loop, coil_executor *executor);

/*
 * Shuts a loop's default executor down and waits until its threads have ended, `timeout` at most
 * (COIL_NEVER: without end). The loop has none afterwards. coil_run does so at its end, with 5
 * minutes.
 *
 * Suspends: yes, unless no thread runs.
 * Thread: the loop's, in a task.
 * Ownership: the loop's reference to the executor ends.
 * Cancellation: -ECANCELED; it is shut down all the same.
 * Errors: -ETIMEDOUT, with a warning: threads still work, and nobody waits for them any more;
 *         -EINVAL for NULL; -EXDEV for another loop than the running one; -COIL_ENOLOOP outside a
 *         task; -ENOMEM; the code of an error-encoded pointer.
 */
COIL_API COIL_NODISCARD int coil_shutdown_default_executor(coil_loop *loop, coil_time timeout);

#ifdef __cplusplus
}
#endif

#endif
