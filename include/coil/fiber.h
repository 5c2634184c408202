// SPDX-License-Identifier: MIT
/*
 * Fibers: stacks that a program switches between as it likes. For those who write their own
 * schedulers; what greenlet offers Python. Tasks and generators need none of this.
 *
 * A switch carries a value, which the switch that it ends gives; a throw carries a code, with which
 * that switch fails. A fiber whose function returns is dead, and its parent, the one that made it,
 * goes on with the result; a dead parent passes on to its own.
 *
 * Every thread, task and generator that makes fibers is the root of a family, and only members of
 * one family can switch to each other. So a fiber may wait, in a task: the whole family waits,
 * which is the task.
 */
#ifndef COIL_FIBER_H
#define COIL_FIBER_H

#include <coil/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct coil_fiber coil_fiber;

/*
 * Makes a fiber that will run fn(arg) when it is first switched to. It has no stack before that.
 *
 * Suspends: no.
 * Thread: any; the fiber is this thread's, and of the family of the fiber that runs, its parent.
 * Ownership: the caller's, for coil_fiber_free. `arg` must outlive the fiber.
 * Cancellation: none.
 * Errors: -EINVAL for NULL; -ENOMEM. Error-encoded.
 */
COIL_API coil_fiber *coil_fiber_new(coil_fn fn, void *arg);

/*
 * Frees a fiber. One that stands at a switch is ended there first: the switch fails with
 * -COIL_EGENEXIT, as does every further one, until its function returns.
 *
 * Suspends: as its function does.
 * Thread: the fiber's.
 * Ownership: the fiber is gone. NULL is accepted.
 * Cancellation: as its function has it.
 * Errors: -EBUSY, and nothing has changed: it runs, or waits for what it called; -EINVAL: it was
 *         not made by coil_fiber_new; otherwise the code that its function returned, and it is
 *         freed all the same.
 */
COIL_API int coil_fiber_free(coil_fiber *fiber);

/*
 * Goes on with another fiber, whose own switch gives `value`, until somebody switches back. A dead
 * fiber's nearest living ancestor goes on instead. 0: the value of that switch, or the result of a
 * child that has ended, is in `*got` (NULL: not wanted).
 *
 * Suspends: the fiber that runs.
 * Thread: the fibers'.
 * Ownership: none.
 * Cancellation: none.
 * Errors: the code that was thrown, or that a child's function returned; -COIL_EGENEXIT: the
 *         fiber that runs is being freed and returns; -EXDEV: of another family; -ENOMEM: no stack
 *         for it; -EINVAL for NULL, for an error-encoded value, and for a value to a new fiber.
 */
COIL_API COIL_NODISCARD int coil_fiber_switch(coil_fiber *to, void *value, void **got);

/*
 * As coil_fiber_switch, and the switch at which `to` stands fails with `code`. A new fiber dies
 * without having run, and the code goes to its parent.
 *
 * Suspends: the fiber that runs.
 * Thread: the fibers'.
 * Ownership: none.
 * Cancellation: none.
 * Errors: as coil_fiber_switch; -EINVAL for a code that is none.
 */
COIL_API COIL_NODISCARD int coil_fiber_throw(coil_fiber *to, int code, void **got);

/*
 * Returns the fiber that runs. A thread's own stack is a fiber, as are a task's and a generator's.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: borrowed; a thread's, task's or generator's own goes with it.
 * Cancellation: none.
 * Errors: none.
 */
COIL_API coil_fiber *coil_fiber_current(void);

/*
 * Returns a fiber's parent; NULL for one that coil_fiber_new did not make. This is not an error, so
 * it is not encoded.
 *
 * Suspends: no.
 * Thread: the fiber's.
 * Ownership: borrowed.
 * Cancellation: none.
 * Errors: -EINVAL for NULL; -EXDEV: of another family than the fiber that runs. Error-encoded.
 */
COIL_API coil_fiber *coil_fiber_parent(const coil_fiber *fiber);

/*
 * Tells whether a fiber's function has returned, or will never run.
 *
 * Suspends: no.
 * Thread: the fiber's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none; true for NULL and an error-encoded pointer.
 */
COIL_API bool coil_fiber_dead(const coil_fiber *fiber);

#ifdef __cplusplus
}
#endif

#endif
