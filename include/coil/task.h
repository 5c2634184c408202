// SPDX-License-Identifier: MIT
/*
 * Tasks: coroutines that a loop runs.
 *
 * A coroutine has pthread's signature. It runs on its own stack, may wait at any call depth, and
 * ends by returning a result or COIL_ERR(-errno); COIL_ERR(-ECANCELED) ends it as cancelled. A
 * task's first step is taken on a later turn; until then it has no stack, and after its end it has
 * none. A started task stays on its thread.
 */
#ifndef COIL_TASK_H
#define COIL_TASK_H

#include <coil/base.h>
#include <coil/future.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct coil_task_options {
    size_t size;       /* sizeof(coil_task_options) */
    const char *name;  /* copied; NULL: "task-N" */
    size_t stack_size; /* bytes; 0: the loop's; rounded up to a power of two from 16 KiB */
    size_t copy_arg;   /* bytes of *arg to copy; the copy lives as long as the task is held. 0: arg
                          itself */
    coil_dispose_fn dispose;      /* as coil_set_dispose */
    bool eager;                   /* as coil_set_eager_tasks, for this task */
    struct coil_context *context; /* coil/local.h: share this one; NULL: a copy of what is set here
                                   */
} coil_task_options;

/*
 * Starts a coroutine as a task of the running loop, else of this thread's loop.
 *
 * Suspends: no; the first step is taken on a later turn.
 * Thread: the loop's.
 * Ownership: the caller gets a reference; the loop holds its own until the task is done. `arg`
 *            must outlive the task.
 * Cancellation: none.
 * Errors: -EINVAL for NULL; -ENOMEM; -COIL_ECLOSED; those of coil_get_event_loop. Error-encoded.
 */
COIL_API coil_task *coil_create_task(coil_fn fn, void *arg);

/*
 * Starts a coroutine as a task of `loop`, with options; NULL means the running loop or this
 * thread's, and no options.
 *
 * Suspends: no; the first step is taken on a later turn.
 * Thread: the loop's.
 * Ownership: as coil_create_task; options are copied, and `arg` as far as copy_arg says.
 * Cancellation: none.
 * Errors: as coil_create_task; -EINVAL for options of a wrong size, a stack of more than 8 MiB or
 *         copy_arg without arg. Error-encoded.
 */
COIL_API coil_task *coil_create_task_with(coil_loop *loop, coil_fn fn, void *arg,
                                          const coil_task_options *options);

/*
 * Has every task of a loop that is made while it runs take its first steps at once, in the call
 * that makes it, until it waits first. A task that does not wait is then done on return, and was in
 * no queue. It is what asyncio's eager_task_factory is. Off unless set.
 *
 * Suspends: no; the new task runs in the caller's place until it waits.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EINVAL for NULL; the code of an error-encoded pointer. Making such a task gives -ENOMEM
 *         when there is none for its stack.
 */
COIL_API int coil_set_eager_tasks(coil_loop *loop, bool eager);

/*
 * Tells whether a loop's tasks start at once.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none; false for NULL and error-encoded pointers.
 */
COIL_API bool coil_get_eager_tasks(const coil_loop *loop);

/*
 * Starts a coroutine of which nobody wants to know the end, as a task of the running loop, else of
 * this thread's.
 *
 * Suspends: no; the first step is taken on a later turn.
 * Thread: the loop's.
 * Ownership: there is nothing to give back; `arg` must outlive the task.
 * Cancellation: none.
 * Errors: as coil_create_task, returned.
 */
COIL_API int coil_go(coil_fn fn, void *arg);

/*
 * Returns the task that runs now; NULL when none does. This is not an error, so it is not encoded.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: the reference is borrowed.
 * Cancellation: none.
 * Errors: none.
 */
COIL_API coil_task *coil_current_task(void);

/*
 * Says what is wrong, and where, in the running task: `return coil_raise(-EPROTO, "no header");`.
 * When the task ends with this code, coil_error and reports tell the message and the place. The
 * last one counts. Outside a task it is COIL_ERR(code).
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the texts are copied; `file` may be NULL.
 * Cancellation: none.
 * Errors: COIL_ERR(code), always; without memory the texts are lost.
 */
COIL_API void *coil_raise_at(int code, const char *message, const char *file, int line);

#define coil_raise(code, message) coil_raise_at(code, message, __FILE__, __LINE__)

/*
 * Waits for `delay`. A delay of 0 or less lets every ready item run once and returns on the next
 * turn.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: none.
 * Cancellation: ends the wait with -ECANCELED.
 * Errors: -ECANCELED; -ENOMEM; -COIL_ENOLOOP outside a task; -EINVAL for INT64_MIN, which is what
 *         COIL_SEC makes of NaN on x86-64.
 */
COIL_API COIL_NODISCARD int coil_sleep(coil_time delay);

/*
 * Lets every ready item run once, as coil_sleep(0).
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: none.
 * Cancellation: -ECANCELED on the next turn.
 * Errors: -ECANCELED; -COIL_ENOLOOP outside a task.
 */
COIL_API COIL_NODISCARD int coil_yield_now(void);

/*
 * Returns how many cancellations were asked of a task and not taken back.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EINVAL for NULL and for a future that is not a task; the code of an error-encoded
 *         pointer.
 */
COIL_API int coil_cancelling(const coil_task *task);

/*
 * Takes back one cancellation that was asked of a task and dealt with; returns how many are left.
 * When none is left, one that was not delivered yet is dropped.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: see above; at 0 it stays 0.
 * Errors: as coil_cancelling.
 */
COIL_API int coil_uncancel(coil_task *task);

/*
 * Returns a task's name.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the text goes to `buffer`, cut to `size` bytes with its NUL.
 * Cancellation: none.
 * Errors: as coil_cancelling; -EINVAL for no buffer. Otherwise the whole name's length.
 */
COIL_API int coil_task_name(const coil_task *task, char *buffer, size_t size);

/*
 * Gives a task another name; the text is copied.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the caller keeps the text.
 * Cancellation: none.
 * Errors: as coil_cancelling; -EINVAL for no name; -ENOMEM, and the old name stays.
 */
COIL_API int coil_task_set_name(coil_task *task, const char *name);

/*
 * Reads which coroutine a task was made of, also after its end.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: with copy_arg `arg` is the copy, which lives as long as the task is held.
 * Cancellation: none.
 * Errors: as coil_cancelling; -EINVAL for nowhere to write to.
 */
COIL_API int coil_task_coroutine(const coil_task *task, coil_coro *coroutine);

enum coil_tasks_flags {
    COIL_TASKS_PENDING = 0, /* tasks that are not done */
    COIL_TASKS_ALL = 1      /* also those that are done and that somebody still holds */
};

/*
 * Lists the tasks of a loop in the order of their creation; NULL means the running loop.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the caller gets a reference to each task in `out`.
 * Cancellation: none.
 * Errors: -EINVAL for an unknown flag and for room in no array; the code of an error-encoded
 *         pointer; -COIL_ENOLOOP for NULL when no loop runs. Otherwise how many tasks there are,
 *         of which the first `capacity` were written.
 */
COIL_API int coil_all_tasks(coil_loop *loop, coil_task **out, size_t capacity, unsigned flags);

#ifdef __cplusplus
}
#endif

#endif
