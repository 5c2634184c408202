// SPDX-License-Identifier: MIT
/* What a condition asks of its lock. */
#ifndef SYNC_LOCK_H
#define SYNC_LOCK_H

#include <coil/sync.h>

/*
 * Acquires the lock, whatever happens: a cancellation does not end the wait, and a loop that closes
 * lets it stand until the holders, who are refused their waits, have let go. -ECANCELED: the lock
 * is held and the task was cancelled meanwhile.
 */
int lock_acquire_again(coil_lock *lock, coil_task *task);

#endif
