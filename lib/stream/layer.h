// SPDX-License-Identifier: MIT
/*
 * A layer between a stream's descriptor and its program, which transforms bytes: what is received
 * goes to `received`, which delivers plain bytes to the reader; what is written goes to `write`,
 * which emits the bytes to be sent. Both may emit, and neither waits. A stream has one at most, and
 * without it these calls cost a test of a pointer.
 */
#ifndef STREAM_LAYER_H
#define STREAM_LAYER_H

#include <coil/base.h>

struct coil_stream;
struct stream_layer;

/* What returns a negative code loses the connection with it. */
struct stream_layer_class {
    /* Bytes came from the peer. They are the stream's, and gone after the call. */
    int (*received)(struct stream_layer *layer, const void *data, size_t size);
    /* The peer sends no more: not that its last word was heard, which is the layer's to judge. */
    int (*ended)(struct stream_layer *layer);
    /* The program wrote. -EAGAIN and -ENOMEM are the writer's alone: nothing was taken. */
    int (*write)(struct stream_layer *layer, const void *data, size_t size);
    /* The program writes no more. NULL: that cannot be said alone. */
    int (*write_eof)(struct stream_layer *layer);
    /* The program closes: the last that is to be sent is emitted. 0: the stream may close after it;
     * 1: it waits for stream_layer_closed. */
    int (*close)(struct stream_layer *layer);
    /* The stream goes, or was lost: nothing can be emitted any more. */
    void (*free)(struct stream_layer *layer);
};

struct stream_layer {
    const struct stream_layer_class *class;
    struct coil_stream *stream;
};

/* From now on the layer stands between; what was received and not read goes to it first. -EBUSY: it
 * has one, or a task reads; -COIL_ECLOSED, or the connection's code. */
int stream_set_layer(struct coil_stream *stream, struct stream_layer *layer);

/* For the reader. -ENOMEM: nothing was delivered. */
int stream_deliver(struct coil_stream *stream, const void *data, size_t size);

/* The reader is at the end. */
void stream_deliver_end(struct coil_stream *stream);

/* To be sent, whatever the hard limit is. -ENOMEM: nothing will be. */
int stream_emit(struct coil_stream *stream, const void *data, size_t size);

/* Receives although nobody reads: the layer waits for the peer. */
int stream_layer_wants(struct coil_stream *stream);

/* What was emitted before is all, and the stream may close. */
void stream_layer_closed(struct coil_stream *stream);

#endif
