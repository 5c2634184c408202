// SPDX-License-Identifier: MIT
/*
 * The exception handler of a loop: where errors go that nobody is there to take. A callback
 * returned a negative code, a task failed and nobody asked, a task did not end when its loop was
 * closed. The default handler writes one line to the sink of warnings.
 */
#ifndef COIL_EXCEPTION_H
#define COIL_EXCEPTION_H

#include <coil/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct coil_error_info;

/* What happened. Everything it points to is valid during the call. */
typedef struct coil_exception_context {
    size_t size;                        /* sizeof(coil_exception_context) */
    const char *message;                /* one line, without a newline */
    int code;                           /* the negative code; 0: none */
    coil_future *future;                /* the future or task that it is about, or NULL */
    coil_callback callback;             /* the callback that it is about, or NULL */
    void *userdata;                     /* the callback's */
    const void *origin;                 /* in debug mode: the instruction that asked for it */
    const struct coil_error_info *info; /* the error's message and place, where it has them */
} coil_exception_context;

/*
 * Called on the loop's thread, where the error is found. No task runs in it: a call that waits
 * gives -COIL_ENOLOOP. An error that is reported while it runs goes to the default handler.
 */
typedef void (*coil_exception_handler)(coil_loop *loop, const coil_exception_context *context,
                                       void *userdata);

/*
 * Replaces a loop's exception handler; NULL brings the default back.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the caller keeps userdata alive.
 * Cancellation: none.
 * Errors: -EINVAL for no loop; the code of an error-encoded pointer.
 */
COIL_API int coil_set_exception_handler(coil_loop *loop, coil_exception_handler handler,
                                        void *userdata);

/*
 * Returns a loop's exception handler; NULL when it is the default one, which is not an error.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none; NULL for no loop and for an error-encoded pointer.
 */
COIL_API coil_exception_handler coil_get_exception_handler(const coil_loop *loop);

/*
 * Calls a loop's exception handler.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the context stays the caller's.
 * Cancellation: none.
 * Errors: -EINVAL for NULL, a wrong size, no message or a code above 0; the code of an
 *         error-encoded pointer.
 */
COIL_API int coil_call_exception_handler(coil_loop *loop, const coil_exception_context *context);

/*
 * The default handler: one line to the sink of warnings. A handler may pass on to it what it does
 * not handle itself; the loop and userdata are not looked at.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the context stays the caller's.
 * Cancellation: none.
 * Errors: none; a context that coil_call_exception_handler would refuse is ignored.
 */
COIL_API void coil_default_exception_handler(coil_loop *loop, const coil_exception_context *context,
                                             void *userdata);

#ifdef __cplusplus
}
#endif

#endif
