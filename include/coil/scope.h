// SPDX-License-Identifier: MIT
/*
 * Level-triggered cancellation, as Trio has it: once a scope is cancelled, every wait in it is
 * refused with -ECANCELED until the scope is left.
 *
 * coil_cancel is edge-triggered, as asyncio's: it is delivered once, and a task that goes on is not
 * told again. That is what tasks, timeouts and groups use. A scope is for code that must come to
 * its end although it calls others that may swallow a cancellation:
 *
 *     coil_scope scope = COIL_SCOPE_INIT;
 *     int rc = coil_scope_enter(&scope, coil_loop_time(loop) + COIL_SEC(5), 0);
 *     if (rc == 0)
 *         rc = coil_scope_exit(&scope, talk_to_somebody());
 *
 * Scopes belong to the task that enters them and stand in each other. One that is cancelled covers
 * those inside it, but for what stands in a scope with COIL_SCOPE_SHIELD: there clean-up may wait,
 * best with a deadline of its own. A shield stops the scopes around it; it stops neither
 * coil_cancel nor the end of the loop. Tasks that are started in a scope are not covered by it;
 * what the task awaits is cancelled with it, once.
 */
#ifndef COIL_SCOPE_H
#define COIL_SCOPE_H

#include <coil/base.h>
#include <coil/cleanup.h>
#include <coil/loop.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    COIL_SCOPE_SHIELD = 1 /* the scopes around it do not reach into it */
};

/* The members are coil's own. A scope stays where it is from the entry to the exit. */
typedef struct coil_scope {
    struct coil_scope *outer;
    coil_task *task;
    coil_handle handle;
    coil_cleanup cleanup; /* where the task ends inside */
    int cancelling;       /* the task's requests that were over at the entry */
    uint8_t phase;
    bool shield;
    bool cancelled;
    bool late; /* by its deadline */
} coil_scope;

/* Not entered yet. */
#define COIL_SCOPE_INIT                                                                            \
    {                                                                                              \
        NULL, NULL, {0, 0}, {NULL, NULL, NULL, NULL}, 0, 0, false, false, false                    \
    }

/*
 * Begins a scope in the running task, which is cancelled at `deadline`, a point on the loop's clock
 * (coil_loop_time); COIL_NEVER: without one. `flags` is 0 or COIL_SCOPE_SHIELD.
 *
 * Suspends: no.
 * Thread: the loop's, in a task.
 * Ownership: the scope stays the caller's, and in place, until its exit.
 * Cancellation: none; a scope that was cancelled before refuses the first wait.
 * Errors: -EINVAL for NULL or an unknown flag; -COIL_ENOLOOP outside a task; -EBUSY for a scope
 *         that is entered; -COIL_EINVALSTATE for one that was left; -ENOMEM.
 */
COIL_API COIL_NODISCARD int coil_scope_enter(coil_scope *scope, coil_time deadline, unsigned flags);

/*
 * Cancels a scope: the wait of its task ends with -ECANCELED, and so does every further one.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: this is it. An operation of the kernel that succeeded all the same gives its
 *               result; the next wait is refused.
 * Errors: none; NULL, and a scope that was left, are ignored.
 */
COIL_API void coil_scope_cancel(coil_scope *scope);

/*
 * Tells whether a scope was cancelled, by its deadline or by coil_scope_cancel.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none; false for NULL.
 */
COIL_API bool coil_scope_cancelled(const coil_scope *scope);

/*
 * Ends a scope and turns the outcome `rc` of what was inside into the scope's. -ECANCELED of a
 * scope that was cancelled becomes -ETIMEDOUT when its deadline did it, else 0; it stays -ECANCELED
 * when a scope around it, coil_cancel or the end of the loop wants the task to end, too.
 *
 * Suspends: no.
 * Thread: the loop's, in the task that entered.
 * Ownership: the scope's memory is the caller's again.
 * Cancellation: see above.
 * Errors: `rc`; -ETIMEDOUT; -EINVAL for NULL; -COIL_EINVALSTATE for a scope that is not entered or
 *         in which another one is; -EPERM in another task than the one that entered it.
 */
COIL_API COIL_NODISCARD int coil_scope_exit(coil_scope *scope, int rc);

#ifdef __cplusplus
}
#endif

#endif
