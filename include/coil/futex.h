// SPDX-License-Identifier: MIT
/*
 * Futexes: a task and a thread of any kind wait for each other on a word of memory.
 */
#ifndef COIL_FUTEX_H
#define COIL_FUTEX_H

#include <coil/base.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    COIL_FUTEX_SHARED = 1 /* the word lies in memory that processes share */
};

/*
 * Waits on a futex: as long as *word is `expected`, until coil_futex_wake or futex(2) wakes it.
 * Threads without a loop and tasks can so wait for each other.
 *
 * Suspends: yes, while *word is `expected`.
 * Thread: the loop's, in a task.
 * Ownership: the word stays the caller's; the kernel reads it during the call.
 * Cancellation: -ECANCELED.
 * Errors: -ECANCELED; -EAGAIN when *word is not `expected`; -EINVAL for NULL, a word that is not
 *         aligned and unknown flags; -EOPNOTSUPP before Linux 6.7 (see coil_features);
 *         -COIL_ENOLOOP outside a task; -ENOMEM.
 */
COIL_API COIL_NODISCARD int coil_futex_wait(const uint32_t *word, uint32_t expected,
                                            unsigned flags);

/*
 * Wakes at most `n` of those who wait on a futex and returns how many.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: as coil_futex_wait.
 * Cancellation: -ECANCELED when it had not begun.
 * Errors: -ECANCELED; -EINVAL for NULL, a word that is not aligned and unknown flags; -COIL_ENOLOOP
 *         outside a task; -ENOMEM.
 */
COIL_API COIL_NODISCARD int coil_futex_wake(const uint32_t *word, uint32_t n, unsigned flags);

#ifdef __cplusplus
}
#endif

#endif
