// SPDX-License-Identifier: MIT
/*
 * One side of a TLS connection over memory: raw bytes are fed and taken, plain ones written and
 * read. It knows no coil but its codes, no descriptor and no clock; nothing in it waits.
 *
 *     fed -> [in] -> SSL -> read          A call that lacks raw bytes says -EAGAIN. Whatever was
 *   taken <- [out] <- SSL <- written      called, there may be something to take after it.
 *
 * An error stays: every later call gives it. What there is to take is then the alert that tells the
 * other side. Each call of OpenSSL's stands with its reading of the error queue in one function,
 * and nothing suspends in between (tls/error.h).
 */
#ifndef TLS_SESSION_H
#define TLS_SESSION_H

#include "tls/error.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <sys/types.h>

/* What is fed and written in one piece at most: bounds the memory that a session keeps. */
enum { TLS_PIECE = 16 * 1024 };

struct tls_session {
    SSL *ssl;
    BIO *in, *out; /* ssl's */
    int failed;    /* the error that stays */
    bool open;     /* the handshake is done */
    bool raw_end;  /* no more is fed */
    bool grown;    /* there may be memory to give back */
    char message[TLS_MESSAGE];
};

/*
 * Begins a session of a context. A client's `hostname`, a name or an address in digits, is what it
 * asks for (SNI, not for addresses) and what the certificate must be for; NULL: neither. -EINVAL
 * for a name that cannot be one, -ENOMEM: there is no session then.
 */
int tls_session_init(struct tls_session *session, SSL_CTX *context, bool server,
                     const char *hostname);
void tls_session_fini(struct tls_session *session);

/* Takes raw bytes of the other side, as many as there is room for; there is room again when a
 * handshake or a read has said -EAGAIN. */
ssize_t tls_session_feed(struct tls_session *session, const void *raw, size_t size);

/* There will be no more of them. */
void tls_session_feed_end(struct tls_session *session);

/* Moves up to `size` raw bytes for the other side to `raw`; 0: there are none now. */
size_t tls_session_take(struct tls_session *session, void *raw, size_t size);

/* After a step, when nothing more comes for now: gives back the memory of raw bytes that are gone,
 * but for a little, which the next message will want. */
void tls_session_rest(struct tls_session *session);

/* 0: done. -EAGAIN; -COIL_ECERTIFICATE; -COIL_ETLS; -ECONNRESET at an end of the raw bytes. */
int tls_session_handshake(struct tls_session *session);

/* How many plain bytes; 0: the other side has ended its own. -EAGAIN; -COIL_ETLS;
 * -COIL_ETRUNCATED at an end of the raw bytes that the other side has not announced. */
ssize_t tls_session_read(struct tls_session *session, void *plain, size_t size);

/* How many of the plain bytes were written: at most TLS_PIECE. -COIL_EINVALSTATE before the end of
 * the handshake; -EPIPE after tls_session_end; -COIL_ETLS. */
ssize_t tls_session_write(struct tls_session *session, const void *plain, size_t size);

/* Announces the end of what is written. Reading goes on until 0, then to be had also at an end of
 * the raw bytes. Nothing to say before the end of the handshake, or the second time. */
int tls_session_end(struct tls_session *session);

#endif
