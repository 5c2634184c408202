// SPDX-License-Identifier: MIT
/*
 * Signals on a loop: as callbacks, and as something that a task waits for. Nothing of it runs in a
 * signal handler's context.
 *
 * While a loop has a handler for a signal, or a task that waits for it, the signal has no other
 * effect in the process; then the disposition is the former one again. Several loops may want the
 * same signal: each gets it. What arrives twice before its loop looks counts once.
 */
#ifndef COIL_SIGNAL_H
#define COIL_SIGNAL_H

#include <coil/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Has a callback called on the loop whenever a signal arrives; it takes the place of the one that
 * this loop had for it. Calls that block are restarted (SA_RESTART).
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the caller keeps userdata alive.
 * Cancellation: coil_remove_signal_handler; coil_close drops it.
 * Errors: -EINVAL for NULL, for a number that is no signal's, and for one that nobody may handle,
 *         such as SIGKILL; -ENOMEM; -COIL_ECLOSED; the code of an error-encoded pointer.
 */
COIL_API int coil_add_signal_handler(coil_loop *loop, int signal, coil_callback callback,
                                     void *userdata);

/*
 * Removes a loop's handler: 1, or 0 when there was none. A signal that has arrived and whose
 * callback did not run is dropped with it.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: userdata is not used any more.
 * Cancellation: this is it.
 * Errors: -EINVAL for NULL and for a number that is no signal's; the code of an error-encoded
 *         pointer.
 */
COIL_API int coil_remove_signal_handler(coil_loop *loop, int signal);

/*
 * Waits until one of `n` signals arrives and returns its number. Tasks that wait for the same one
 * all get it. A signal that arrives while nobody waits has its former effect: whoever must miss
 * none adds a handler for it, too.
 *
 * Suspends: always.
 * Thread: in a task.
 * Ownership: none.
 * Cancellation: -ECANCELED; a signal that came first is returned, and the cancellation is delivered
 *               at the next wait.
 * Errors: -EINVAL for NULL, for none, for a number that is no signal's, and for one that nobody may
 *         handle; -COIL_ENOLOOP outside a task.
 */
COIL_API COIL_NODISCARD int coil_wait_signal(const int *signals, size_t n);

#ifdef __cplusplus
}
#endif

#endif
