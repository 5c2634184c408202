// SPDX-License-Identifier: MIT
/*
 * Groups: a task starts others and does not go on before they have ended.
 *
 *     coil_group group = COIL_GROUP_INIT;
 *     int rc = coil_group_enter(&group);
 *     if (rc == 0) {
 *         for (size_t i = 0; rc == 0 && i < n; i++)
 *             rc = coil_err(coil_group_create_task(&group, fetch, &pages[i]));
 *         rc = coil_group_exit(&group, rc);
 *     }
 *     coil_group_fini(&group);
 *
 * What stands between the entry and the exit is the group's body, and its task the group's parent.
 * The first task that fails has the others cancelled, and the parent, once, if it is in the body:
 * the call in which it waits returns -ECANCELED, and the body goes to the exit with that. A task
 * that was cancelled has not failed.
 */
#ifndef COIL_GROUP_H
#define COIL_GROUP_H

#include <coil/base.h>
#include <coil/cleanup.h>
#include <coil/task.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One that failed. */
typedef struct coil_group_error {
    coil_task *task; /* the group's reference; NULL: the body */
    int code;
} coil_group_error;

/* The members are coil's own. */
typedef struct coil_group {
    struct coil_group_state *state;
    coil_cleanup cleanup; /* where the parent ends inside */
    uint8_t phase;
    bool cancelled; /* before the entry */
} coil_group;

/* Not entered yet. */
#define COIL_GROUP_INIT                                                                            \
    {                                                                                              \
        NULL, {NULL, NULL, NULL, NULL}, 0, false                                                   \
    }

/*
 * Makes the running task the parent of a group.
 *
 * Suspends: no.
 * Thread: the loop's, in a task.
 * Ownership: the group stays the caller's until its exit; coil_group_fini afterwards.
 * Cancellation: none; a group that was cancelled before cancels the parent's next wait.
 * Errors: -EINVAL for NULL; -COIL_ENOLOOP outside a task; -EBUSY for a group that is entered;
 *         -COIL_EINVALSTATE for one that was left; -ENOMEM.
 */
COIL_API COIL_NODISCARD int coil_group_enter(coil_group *group);

/*
 * Starts a coroutine as a task of the group. Any task of the loop may do so, as long as the group
 * has tasks or its body runs.
 *
 * Suspends: no; the first step is taken on a later turn.
 * Thread: the loop's.
 * Ownership: the reference is the group's until the task has ended: coil_ref it to read its result.
 *            `arg` must outlive the task: what lives as long as the body does.
 * Cancellation: none.
 * Errors: as coil_create_task; -COIL_EINVALSTATE when the group is not entered, has ended, or is
 *         cancelling its tasks. Error-encoded; nothing was started then.
 */
COIL_API coil_task *coil_group_create_task(coil_group *group, coil_fn fn, void *arg);

/*
 * As coil_group_create_task, with options for the task.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: as coil_group_create_task; options are copied.
 * Cancellation: none.
 * Errors: as coil_group_create_task and coil_create_task_with.
 */
COIL_API coil_task *coil_group_create_task_with(coil_group *group, coil_fn fn, void *arg,
                                                const coil_task_options *options);

/*
 * Returns how many tasks of the group have not ended.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none; 0 for NULL.
 */
COIL_API size_t coil_group_size(const coil_group *group);

/*
 * Cancels what the group does: its tasks, and the parent if it is in the body. That is no failure:
 * the exit makes 0 of the parent's -ECANCELED. Before the entry it takes effect at the entry.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: this is it; again, or after the exit, it does nothing.
 * Errors: none; NULL is ignored.
 */
COIL_API void coil_group_cancel(coil_group *group);

/*
 * Ends the body with its outcome `rc` and waits until every task of the group has ended; a negative
 * `rc` cancels them first.
 *
 * Suspends: yes, while tasks are left; also when the loop closes.
 * Thread: the loop's, in the parent.
 * Ownership: the tasks' references are given back but for those of coil_group_errors.
 * Cancellation: has the tasks cancelled, waits for them, and gives -ECANCELED. If some fail their
 *               errors outrank it: then it is delivered again at the parent's next wait.
 * Errors: the code of the first that failed, the body being the last, see coil_group_errors; but
 *         -COIL_EINTERRUPTED if that is among them; -ECANCELED; -EINVAL for NULL;
 *         -COIL_EINVALSTATE for a group that is not entered; -EPERM in another task than the
 *         parent. Otherwise `rc`.
 */
COIL_API COIL_NODISCARD int coil_group_exit(coil_group *group, int rc);

/*
 * Returns those that failed, in the order in which they did, and in *n, how many they are.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the array and its references are the group's, until coil_group_fini.
 * Cancellation: none.
 * Errors: none; NULL, and *n is 0, when there are none.
 */
COIL_API const coil_group_error *coil_group_errors(const coil_group *group, size_t *n);

/*
 * Forgets the errors of a group that was left; it can be entered again.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: gives the references of coil_group_errors back.
 * Cancellation: none.
 * Errors: none; NULL is ignored. A group that is entered ends the program: its tasks would go on
 *         without it.
 */
COIL_API void coil_group_fini(coil_group *group);

#ifdef __cplusplus
}
#endif

#endif
