// SPDX-License-Identifier: MIT
/*
 * A layer of a stream: it stands between the bytes of the descriptor, raw, and those of the
 * program, plain, and transforms one into the other, as TLS does. A stream has one at most.
 *
 * The stream calls the layer on the loop's thread and outside of tasks, so a layer never waits; it
 * may deliver and emit in each of these calls and at any other time. With a layer the stream
 * receives by itself, also when nobody reads, until its limit.
 */
#ifndef COIL_LAYER_H
#define COIL_LAYER_H

#include <coil/base.h>
#include <coil/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct coil_layer_class {
    size_t size; /* sizeof(coil_layer_class) */
    /* Raw bytes came, which are gone after the call; 0 bytes: the peer sends no more. It takes all
     * of them. A negative code: as coil_layer_fail with it. */
    int (*received)(void *layer, const void *raw, size_t length);
    /* The program wrote. It takes all, or nothing and returns the negative code of the write. */
    int (*written)(void *layer, const void *plain, size_t length);
    /* The program closes; called once, and not for a connection that was lost. What is to be said
     * at the end is emitted. 0: the stream is closed after it; 1: raw bytes go on coming until
     * coil_layer_closed; a negative code: as coil_layer_fail with it. */
    int (*close)(void *layer);
    /* Always called: the descriptor is closed, after the connection was lost with a code, or 0.
     * Nothing comes and nothing can be emitted any more. Never inside a call of the layer's. */
    void (*lost)(void *layer, int code);
    /* The last call: the stream goes, whose last reference was given back. NULL: `lost` is. */
    void (*free)(void *layer);
} coil_layer_class;

/*
 * Puts a layer between. What was received and not read goes to it at once.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the class is static; the layer stays until its last call.
 * Cancellation: none.
 * Errors: -EINVAL for NULL, a wrong size or a missing function; -EBUSY when there is one, or a task
 *         reads, or sends memory of its own or a file; -EBADF for a descriptor of one direction;
 *         -EPIPE after coil_stream_write_eof; the connection's code; -COIL_ECLOSED. With an error
 *         the layer was not called.
 */
COIL_API int coil_stream_set_layer(coil_stream *stream, const coil_layer_class *layer_class,
                                   void *layer);

/*
 * Returns the layer of this class that a stream has, or had before its descriptor was closed.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: as before.
 * Cancellation: none.
 * Errors: -EINVAL for NULL; -ENOENT: it has none of this class; -COIL_ECLOSED after the loop; the
 *         code of an error-encoded stream. Error-encoded.
 */
COIL_API void *coil_stream_layer(const coil_stream *stream, const coil_layer_class *layer_class);

/*
 * Gives plain bytes to the reader; 0 bytes are its end. After coil_stream_close they are dropped.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the bytes are copied.
 * Cancellation: none.
 * Errors: -ENOMEM: nothing was given; -EINVAL; -COIL_ECLOSED after the loop.
 */
COIL_API int coil_layer_deliver(coil_stream *stream, const void *plain, size_t length);

/*
 * Sends raw bytes after those that were emitted or written before, whatever the hard limit is. They
 * leave at the end of the turn.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the bytes are copied.
 * Cancellation: none.
 * Errors: -ENOMEM: nothing will be sent; -EINVAL; -COIL_ECLOSED when the descriptor is being closed
 *         already.
 */
COIL_API int coil_layer_emit(coil_stream *stream, const void *raw, size_t length);

/*
 * Says that the layer, whose `close` has returned 1, has heard what it waited for.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EINVAL; -COIL_ECLOSED after the loop; 0 also when nobody waits for it.
 */
COIL_API int coil_layer_closed(coil_stream *stream);

/*
 * Gives the connection up: the code is its error from then on; what was emitted before is still
 * sent, then the descriptor is closed.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EINVAL for a code that is none; -COIL_ECLOSED after the loop; 0 also when it is lost
 *         already.
 */
COIL_API int coil_layer_fail(coil_stream *stream, int code);

#ifdef __cplusplus
}
#endif

#endif
