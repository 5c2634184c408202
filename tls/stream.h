// SPDX-License-Identifier: MIT
/*
 * A session as the layer of a stream.
 *
 *   SHAKING ──handshake──> OPEN ──close──> CLOSING ──the peer's end, or time──> GONE
 *      └──────────an error, a lost connection────────────────────────────────────^
 *
 * In SHAKING a task waits in coil_start_tls, and nobody can write. In CLOSING one's own end was
 * announced and what comes is read and dropped, until the peer has announced his.
 */
#ifndef TLS_STREAM_H
#define TLS_STREAM_H

#include "tls/context.h"
#include "tls/session.h"

#include <coil/layer.h>
#include <coil/loop.h>
#include <coil/sync.h>

enum tls_state { TLS_SHAKING, TLS_OPEN, TLS_CLOSING, TLS_GONE };

struct tls_stream {
    coil_stream *stream;
    uint8_t state; /* enum tls_state */
    bool ended;    /* the peer has announced its end */
    int code;      /* of the handshake, once `shaken` is set */
    coil_event shaken;
    coil_loop *loop;
    coil_handle deadline; /* of the close, when it is limited */
    bool limited;
    size_t unasked; /* bytes to be sent that the program has not written */
    coil_time shutdown_timeout;
    coil_tls_context *context;
    struct tls_session session;
    char alpn[256], name[256]; /* what was agreed on, once it was asked for */
};

/* A layer for a stream, which has not begun. -ENOMEM, -EINVAL for the host's name. */
struct tls_stream *tls_stream_new(coil_stream *stream, coil_tls_context *context,
                                  const char *hostname, coil_time shutdown_timeout);
void tls_stream_free(struct tls_stream *tls);

/* Puts it into its stream, which frees it from then on. As coil_stream_set_layer. */
int tls_stream_set(struct tls_stream *tls);

/* Begins the handshake of one that stands in its stream. */
void tls_stream_begin(struct tls_stream *tls);

/* The TLS of a stream. Error-encoded: -ENOTCONN when there is none. */
struct tls_stream *tls_stream_of(const coil_stream *stream);

#endif
