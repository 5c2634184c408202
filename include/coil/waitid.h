// SPDX-License-Identifier: MIT
/*
 * Waiting for child processes.
 */
#ifndef COIL_WAITID_H
#define COIL_WAITID_H

#include <coil/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What became of a child. */
typedef struct coil_child {
    uint32_t pid;
    int code;   /* CLD_* of signal.h */
    int status; /* what it exited with, or the signal */
} coil_child;

/*
 * Waits for a child of this process to change its state, as waitid(2).
 *
 * Suspends: yes, until a child did.
 * Thread: the loop's, in a task.
 * Ownership: `child` stays the caller's. NULL: nobody wants to know.
 * Cancellation: -ECANCELED, and no child was taken.
 * Errors: -ECANCELED; those of waitid(2) but -EINTR; -EOPNOTSUPP before Linux 6.7 for a type other
 *         than P_PID and P_PIDFD (see coil_features); -COIL_ENOLOOP outside a task; -ENOMEM.
 */
COIL_API COIL_NODISCARD int coil_waitid(int type, uint32_t id, coil_child *child, int options);

#ifdef __cplusplus
}
#endif

#endif
