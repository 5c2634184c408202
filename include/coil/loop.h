// SPDX-License-Identifier: MIT
/*
 * The loop: runs tasks and callbacks of one thread, turn by turn.
 *
 * Everything that is ready waits in one queue and runs in the order in which it came. A turn hands
 * what was queued to the engine, takes what came back, adds what other threads sent and the timers
 * that are due, and runs what is then in the queue.
 */
#ifndef COIL_LOOP_H
#define COIL_LOOP_H

#include <coil/base.h>
#include <coil/future.h>
#include <coil/sim.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct coil_loop_options {
    size_t size;        /* sizeof(coil_loop_options) */
    coil_sim *sim;      /* run on this simulated engine; NULL: on the kernel's */
    size_t stack_size;  /* bytes of a task's stack; 0: 64 KiB; 16 KiB at least, 8 MiB at most */
    size_t stacks_kept; /* free stacks that keep their memory; 0: 1024 */
    bool keep_sigint;   /* SIGINT does not interrupt this loop's runs */
    /* The kernel refuses this loop's ring, for good, what names a file by its path: open, statx,
     * rename, unlink, mkdir, symlink and link give -EACCES. Filters of system calls do not see what
     * a ring carries. Nothing on a simulated engine. */
    bool no_paths;
    int debug; /* debug mode: > 0: on; < 0: off; 0: on when COIL_DEBUG is set, and not to 0 */
} coil_loop_options;

/*
 * A callback that was asked for: a value, nothing to free. `generation` is negative and a code when
 * it could not be made. A handle means something to the loop that gave it only.
 */
typedef struct coil_handle {
    uint32_t index;
    int32_t generation;
} coil_handle;

/*
 * Runs a coroutine as the main task of a new loop, then cancels and awaits the tasks that are left,
 * waits 5 minutes at most for the threads of its default executor (coil/executor.h), and closes the
 * loop.
 *
 * SIGINT cancels the main task: when that ends it, the code is -COIL_EINTERRUPTED; when it goes on,
 * it goes on. A second SIGINT ends the run at once: what waits is refused, as in coil_close. So it
 * is in the process's first thread, and where SIGINT had the system's own effect, which it has
 * again afterwards. An option of the loop leaves SIGINT alone, and a handler by
 * coil_add_signal_handler comes before this rule.
 *
 * Suspends: no; it runs a loop itself.
 * Thread: any on which no loop runs.
 * Ownership: the caller takes the result when `result` is given.
 * Cancellation: -ECANCELED when the main task ended as cancelled.
 * Errors: the main task's code; -COIL_EINTERRUPTED; -EINVAL for NULL; -EBUSY inside a running loop;
 * those of coil_loop_new and coil_run_until_complete.
 */
COIL_API int coil_run(coil_fn main, void *arg, void **result);

/*
 * As coil_run, with options for the loop.
 *
 * Suspends: no; it runs a loop itself.
 * Thread: any on which no loop runs.
 * Ownership: as coil_run; options are copied, a simulated engine stays the caller's.
 * Cancellation: as coil_run.
 * Errors: as coil_run.
 */
COIL_API int coil_run_with(coil_fn main, void *arg, void **result,
                           const coil_loop_options *options);

/*
 * Makes a loop. It belongs to the thread that first runs it.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: the caller closes it with coil_close and frees it with coil_loop_free.
 * Cancellation: none.
 * Errors: -EINVAL for options of a wrong size or a stack size out of bounds; -EBUSY when the
 *         simulated engine has a loop; -ENOMEM; -EPERM, -ENOSYS or -EINVAL when this system has
 *         no io_uring for us, with a warning that says what to do. Error-encoded.
 */
COIL_API coil_loop *coil_loop_new(const coil_loop_options *options);

/*
 * Returns this thread's loop, made with default options on first use and freed at the thread's end.
 * Inside a running loop it is that loop.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: the loop is borrowed; it may be closed, and the next call then makes a new one. A
 *            loop that coil_set_event_loop has set stays, also closed.
 * Cancellation: none.
 * Errors: as coil_loop_new. Error-encoded.
 */
COIL_API coil_loop *coil_get_event_loop(void);

/*
 * Makes `loop` this thread's loop; NULL takes it away.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the loop stays the caller's to free; a loop that coil_get_event_loop had made is
 *            closed and freed when another takes its place.
 * Cancellation: none.
 * Errors: the code of an error-encoded pointer; -EBUSY inside a running loop.
 */
COIL_API int coil_set_event_loop(coil_loop *loop);

/*
 * Returns the loop that runs on this thread.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: the loop is borrowed.
 * Cancellation: none.
 * Errors: -COIL_ENOLOOP when none runs. Error-encoded.
 */
COIL_API coil_loop *coil_get_running_loop(void);

/*
 * Runs a loop until a future of it is done, and reads the future.
 *
 * Suspends: no; it runs the loop.
 * Thread: the loop's.
 * Ownership: the caller takes the result when `result` is given.
 * Cancellation: -ECANCELED when the future was cancelled.
 * Errors: the future's own code; -EINVAL for NULL; the code of an error-encoded pointer; -EXDEV
 *         for another loop's future; -COIL_ESTOPPED when the loop was stopped first; those of
 *         coil_run_forever.
 */
COIL_API COIL_NODISCARD int coil_run_until_complete(coil_loop *loop, coil_future *future,
                                                    void **result);

/*
 * Runs a loop until coil_stop. Tasks and callbacks stay as they are and go on at the next run.
 * SIGINT ends the run, in the same way and under the same conditions as in coil_run.
 *
 * Suspends: no; it runs the loop.
 * Thread: the loop's: the first run decides which.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EINVAL for NULL; the code of an error-encoded pointer; -EBUSY while a loop runs on this
 *         thread; -COIL_ECLOSED; -COIL_EINTERRUPTED; -COIL_EDEADLOCK on a simulated engine when
 * nothing can happen any more.
 */
COIL_API COIL_NODISCARD int coil_run_forever(coil_loop *loop);

/*
 * Takes one turn of a loop: waits when nothing is ready, for max_wait at most (0: not at all), and
 * runs what is ready. It is for a loop of another library that this one lives in; see coil_loop_fd.
 *
 * Suspends: no; it runs the loop.
 * Thread: the loop's: the first run decides which.
 * Ownership: none.
 * Cancellation: none.
 * Errors: 1 when something is ready still: the next turn would not wait. Otherwise 0, or those of
 *         coil_run_forever, or -COIL_ESTOPPED when coil_stop was called; the turn was taken.
 */
COIL_API COIL_NODISCARD int coil_run_once(coil_loop *loop, coil_time max_wait);

/*
 * Returns a descriptor that polls readable (POLLIN, level-triggered) when coil_run_once has
 * something to do. Poll it in a foreign loop, and call coil_run_once(loop, 0) when it is readable:
 *
 * - an operation completed, a deadline has come, another thread or a signal has sent something;
 * - the last turn left something ready;
 * - a callback outside a turn used coil_call_soon, coil_call_later or coil_call_at.
 *
 * What else such a callback does to this loop (coil_create_task, coil_set_result, coil_cancel) does
 * not make it readable: it goes on in the next turn, so call coil_run_once, or do it in a
 * coil_call_soon. Nothing but coil reads or writes the descriptor.
 *
 * Suspends: no.
 * Thread: the loop's: as for a first run.
 * Ownership: the descriptor is the loop's, which closes it.
 * Cancellation: none.
 * Errors: -EINVAL for NULL; the code of an error-encoded pointer; -COIL_ECLOSED; -EOPNOTSUPP on a
 *         simulated engine, whose time does not pass by itself; -EMFILE, -ENOMEM.
 */
COIL_API int coil_loop_fd(coil_loop *loop);

/*
 * Blocks the thread as a call that knows no coil would, such as sleep(3), with everything on its
 * loop. On a loop with a simulated engine the virtual clock moves instead. The loop is the running
 * one, else this thread's; without one the thread blocks.
 *
 * Suspends: no, and that is the point.
 * Thread: any.
 * Ownership: none.
 * Cancellation: none; signal handlers that run meanwhile do not shorten it.
 * Errors: -EINVAL for a delay that never ends; otherwise 0, at once for one that is not above 0.
 */
COIL_API int coil_block_for(coil_time delay);

/*
 * Has a loop return after the items that are ready now have run; before a run, after one turn.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: cancels nothing.
 * Errors: none; NULL and error-encoded pointers are ignored.
 */
COIL_API void coil_stop(coil_loop *loop);

/*
 * Closes a loop: callbacks that did not run are dropped, every task gets -ECANCELED from each of
 * its waits until it ends, operations in flight are drained, stacks are freed. A task that goes on
 * to wait more than 100 times is abandoned where it stands, and a warning names it. Closing again
 * does nothing.
 *
 * Suspends: no; it runs the loop until its tasks have ended.
 * Thread: the loop's.
 * Ownership: futures that somebody holds stay readable.
 * Cancellation: see above.
 * Errors: -EINVAL for NULL; the code of an error-encoded pointer; -EBUSY while the loop runs.
 *         Otherwise how many tasks were abandoned.
 */
COIL_API int coil_close(coil_loop *loop);

/*
 * Closes a loop if need be, and frees it.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the loop ends; its futures live until their last unref.
 * Cancellation: as coil_close.
 * Errors: -EBUSY while the loop runs; NULL and error-encoded pointers are ignored and give 0.
 */
COIL_API int coil_loop_free(coil_loop *loop);

/*
 * Tells whether a loop runs.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none; false for NULL and error-encoded pointers.
 */
COIL_API bool coil_is_running(const coil_loop *loop);

/*
 * Tells whether a loop is closed.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none; true for NULL and error-encoded pointers.
 */
COIL_API bool coil_is_closed(const coil_loop *loop);

/*
 * Returns the loop's monotonic clock.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EINVAL for NULL; the code of an error-encoded pointer.
 */
COIL_API coil_time coil_loop_time(const coil_loop *loop);

/*
 * Tells how this loop's stacks are guarded: the weakest guard among them.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EINVAL for NULL; the code of an error-encoded pointer. Otherwise a coil_guard.
 */
COIL_API int coil_loop_guard(const coil_loop *loop);

/*
 * Switches debug mode on or off: each step of a task and each callback is timed, and one that keeps
 * the thread for too long is told to the exception handler; so is where a callback that fails or is
 * slow was asked for, and where a future or task was made that is told of. Everything runs slower.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EINVAL for NULL; the code of an error-encoded pointer.
 */
COIL_API int coil_set_debug(coil_loop *loop, bool on);

/*
 * Tells whether a loop is in debug mode.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none; false for NULL and error-encoded pointers.
 */
COIL_API bool coil_get_debug(const coil_loop *loop);

/*
 * Sets from how long on debug mode reports a step or a callback; 100 ms unless it was set.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EINVAL for NULL and a negative duration; the code of an error-encoded pointer.
 */
COIL_API int coil_set_slow_callback_duration(coil_loop *loop, coil_time duration);

/*
 * Returns from how long on debug mode reports.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EINVAL for NULL; the code of an error-encoded pointer.
 */
COIL_API coil_time coil_get_slow_callback_duration(const coil_loop *loop);

/*
 * Has a callback called on the next turn. Callbacks and first steps of tasks share one queue. What
 * a callback returns below 0 goes to the exception handler.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the caller keeps userdata alive.
 * Cancellation: coil_handle_cancel.
 * Errors: in the handle: -EINVAL for NULL; -ENOMEM; -COIL_ECLOSED; the code of an error-encoded
 *         pointer.
 */
COIL_API coil_handle coil_call_soon(coil_loop *loop, coil_callback callback, void *userdata);

/*
 * Has a callback called after `delay`, counted from this call.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the caller keeps userdata alive.
 * Cancellation: coil_handle_cancel.
 * Errors: as coil_call_soon.
 */
COIL_API coil_handle coil_call_later(coil_loop *loop, coil_time delay, coil_callback callback,
                                     void *userdata);

/*
 * Has a callback called at a point of the loop's clock. Callbacks due at the same time run in the
 * order of the calls.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the caller keeps userdata alive.
 * Cancellation: coil_handle_cancel.
 * Errors: as coil_call_soon.
 */
COIL_API coil_handle coil_call_at(coil_loop *loop, coil_time when, coil_callback callback,
                                  void *userdata);

/*
 * Has a callback called on the loop's thread, and wakes the loop if it sleeps.
 *
 * Suspends: no.
 * Thread: any, until coil_loop_free.
 * Ownership: the caller keeps userdata alive.
 * Cancellation: coil_handle_cancel.
 * Errors: as coil_call_soon.
 */
COIL_API coil_handle coil_call_soon_threadsafe(coil_loop *loop, coil_callback callback,
                                               void *userdata);

/*
 * Returns the code of a handle that could not be made, or 0.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: none.
 * Cancellation: none.
 * Errors: that code.
 */
COIL_API int coil_handle_error(coil_handle handle);

/*
 * Takes a callback back; true when it had neither run nor been cancelled.
 *
 * Suspends: no.
 * Thread: the loop's; any for a handle of coil_call_soon_threadsafe.
 * Ownership: userdata is not used any more.
 * Cancellation: this is it.
 * Errors: none; false for a stale handle or one with an error.
 */
COIL_API bool coil_handle_cancel(coil_loop *loop, coil_handle handle);

/*
 * Tells whether a callback was taken back. A loop remembers this until it has given the same place
 * to another callback and that was taken back, too.
 *
 * Suspends: no.
 * Thread: as coil_handle_cancel.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none; false for a handle with an error.
 */
COIL_API bool coil_handle_cancelled(coil_loop *loop, coil_handle handle);

/*
 * Reads the point of the loop's clock for which a callback was asked.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EINVAL for NULL, for a stale handle and for one without a time; the code of an
 *         error-encoded pointer.
 */
COIL_API int coil_handle_when(coil_loop *loop, coil_handle handle, coil_time *when);

#ifdef __cplusplus
}
#endif

#endif
