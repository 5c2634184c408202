// SPDX-License-Identifier: MIT
/*
 * TLS for streams, by OpenSSL. A library of its own, libcoil-tls (pkg-config: coil-tls), so that
 * programs without TLS do not carry OpenSSL.
 *
 *     coil_stream *stream = coil_open_tls_connection("example.org", 443, context, NULL, NULL);
 *
 * From then on it is a stream like others, but for these: a peer that goes without having said so
 * (close_notify) is an error, -COIL_ETRUNCATED, and no end, so that nobody can cut a message short;
 * a close waits until the peer has heard of it; the end of one direction cannot be said alone
 * (coil_stream_write_eof), though one that the peer has said leaves the other direction open.
 *
 * Clients look at the server's certificate and its name unless they are told not to; the name is
 * one of the certificate's alternative names, its common name does not count. The oldest version is
 * TLS 1.2, with ciphers that keep what was said from whoever gets the key later; renegotiation and
 * compression are off.
 */
#ifndef COIL_TLS_H
#define COIL_TLS_H

#include <coil/base.h>
#include <coil/connection.h>
#include <coil/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- contexts ------------------------------------------------------------------------------- */

/* What sessions have in common: certificates and rules. Reference counted; any number of loops and
 * threads may use one. */
typedef struct coil_tls_context coil_tls_context;

/* Whether a side asks for the other's certificate. */
typedef enum coil_tls_verify {
    COIL_TLS_VERIFY_DEFAULT,  /* a client requires one, a server asks for none */
    COIL_TLS_VERIFY_NONE,     /* whatever comes is taken: no protection against impostors */
    COIL_TLS_VERIFY_OPTIONAL, /* a server takes clients without one; a client as by REQUIRED */
    COIL_TLS_VERIFY_REQUIRED
} coil_tls_verify;

typedef enum coil_tls_protocol { COIL_TLS_1_2, COIL_TLS_1_3 } coil_tls_protocol;

typedef struct coil_tls_options {
    size_t size;              /* sizeof(coil_tls_options) */
    bool server;              /* for the accepting side; a server needs a certificate */
    const char *certificate;  /* a PEM file: one's own, then the chain's; NULL: none */
    const char *key;          /* a PEM file; NULL: it is in the certificate's */
    const char *key_password; /* NULL: a key that needs one is refused */
    const char *ca_file;      /* a PEM file: whom to trust; NULL: whom the system trusts */
    coil_tls_verify verify;
    coil_tls_protocol min_version;
    const char *const *alpn; /* protocols, in order of preference; see coil_tls_alpn */
    size_t alpn_count;
    char *message; /* where OpenSSL's words on an error are put; NULL: nowhere */
    size_t message_size;
} coil_tls_options;

/*
 * Makes a context. The files are read at once, by calls that block; NULL stands for a client that
 * trusts whom the system trusts.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: the caller has a reference, given back by coil_tls_context_unref; what the options
 *            name is copied.
 * Cancellation: none.
 * Errors: -EINVAL for options of a wrong size, unknown values, a server without certificate, a key
 *         without certificate, a protocol whose name is empty or longer than 255 bytes; a file's
 *         errno; -COIL_ETLS for what is not PEM, a key that does not fit or is locked; -ENOMEM.
 *         Error-encoded.
 */
COIL_API coil_tls_context *coil_tls_context_new(const coil_tls_options *options);

/*
 * Takes one more reference.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: the caller has one more reference.
 * Cancellation: none.
 * Errors: none; returns its argument, also when that is error-encoded or NULL.
 */
COIL_API coil_tls_context *coil_tls_context_ref(coil_tls_context *context);

/*
 * Gives a reference back. Sessions hold their own.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: the context ends with its last reference.
 * Cancellation: none.
 * Errors: none; NULL and error-encoded pointers are ignored.
 */
COIL_API void coil_tls_context_unref(coil_tls_context *context);

/*
 * Returns OpenSSL's own object, an SSL_CTX, for what has no option here. It is changed before the
 * first session. Its ALPN callback, its references and its session id context are coil's.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: the context's.
 * Cancellation: none.
 * Errors: -EINVAL for NULL; the code of an error-encoded pointer. Error-encoded.
 */
COIL_API void *coil_tls_context_native(const coil_tls_context *context);

/* ---- sessions ------------------------------------------------------------------------------- */

#define COIL_TLS_HANDSHAKE_TIMEOUT COIL_SEC(60)
#define COIL_TLS_SHUTDOWN_TIMEOUT  COIL_SEC(30)

typedef struct coil_tls_session_options {
    size_t size; /* sizeof(coil_tls_session_options) */
    /* A client's: the name or the address that the server's certificate has to be for. */
    const char *server_hostname;
    coil_time handshake_timeout; /* 0: COIL_TLS_HANDSHAKE_TIMEOUT */
    coil_time shutdown_timeout;  /* how long a close waits; 0: COIL_TLS_SHUTDOWN_TIMEOUT */
    char *message;               /* where OpenSSL's words on an error are put; NULL: nowhere */
    size_t message_size;
} coil_tls_session_options;

/*
 * Begins TLS on a stream that is connected, on the side that the context is for. What was received
 * and not read is the peer's part of the handshake; what was written is sent before. Until it
 * returns nobody can read or write. The running task's next error has OpenSSL's words.
 *
 * Suspends: yes.
 * Thread: the stream's loop's, in a task.
 * Ownership: the stream holds the context; the options are used during the call only.
 * Cancellation: -ECANCELED; the stream is aborted.
 * Errors: -EINVAL for NULL, options of a wrong size or negative times, no name for a client that
 *         verifies, a name that cannot be one; -EBUSY when the stream has a layer or a task reads;
 *         -COIL_ECLOSED; -COIL_ENOLOOP outside a task; the code of an error-encoded argument: the
 *         stream is as before. -COIL_ECERTIFICATE when the peer's is not to be trusted; -COIL_ETLS;
 *         -ETIMEDOUT; -ECONNRESET when the peer goes; -COIL_ECLOSED when somebody closes the stream
 *         meanwhile; the connection's code; -ENOMEM: the stream is closed.
 */
COIL_API COIL_NODISCARD int coil_start_tls(coil_stream *stream, coil_tls_context *context,
                                           const coil_tls_session_options *options);

/*
 * Connects, as coil_open_connection, and begins TLS. The server's name is the host's where the
 * options give none.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: the caller gives the stream back with coil_stream_unref. Options are used during the
 *            call only.
 * Cancellation: -ECANCELED; nothing stays open.
 * Errors: -EINVAL for a server's context; those of coil_open_connection and coil_start_tls.
 *         Error-encoded.
 */
COIL_API coil_stream *coil_open_tls_connection(const char *host, int port,
                                               coil_tls_context *context,
                                               const coil_tls_session_options *options,
                                               const coil_connection_options *connection);

/* A server's side: what coil_tls_serve gets as the server's userdata. It outlives the server. */
typedef struct coil_tls_service {
    size_t size; /* sizeof(coil_tls_service) */
    coil_tls_context *context;
    coil_fn handler; /* as coil_start_server's, for a stream that speaks TLS */
    void *userdata;  /* what coil_stream_userdata says in the handler */
    const coil_tls_session_options *session; /* NULL: the usual ones */
} coil_tls_service;

/*
 * The handler of a server with TLS: begins it on a new connection, then calls the service's own.
 *
 *     coil_tls_service service = {.size = sizeof(service), .context = context, .handler = echo};
 *     coil_server *server = coil_start_server(coil_tls_serve, &service, NULL, 443, NULL);
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: as the handler of coil_start_server.
 * Cancellation: -ECANCELED.
 * Errors: the handler's; -EINVAL for a service that makes no sense, as one with a client's context;
 *         -ENOMEM. A handshake that fails otherwise is the peer's affair: it ends the connection,
 *         and is an error in debug mode only.
 */
COIL_API void *coil_tls_serve(void *stream);

/* ---- questions ------------------------------------------------------------------------------ */

/*
 * Returns the version that was agreed on: "TLSv1.3".
 *
 * Suspends: no.
 * Thread: the stream's loop's.
 * Ownership: the text is static.
 * Cancellation: none.
 * Errors: -EINVAL for NULL; -ENOTCONN for a stream without TLS, or before the end of the handshake;
 *         -COIL_ECLOSED when its loop is closed; the code of an error-encoded stream.
 *         Error-encoded.
 */
COIL_API const char *coil_tls_version(const coil_stream *stream);

/*
 * Returns the cipher that was agreed on, by OpenSSL's name.
 *
 * Suspends: no.
 * Thread: the stream's loop's.
 * Ownership: the text is static.
 * Cancellation: none.
 * Errors: as coil_tls_version.
 */
COIL_API const char *coil_tls_cipher(const coil_stream *stream);

/*
 * Returns the protocol that was agreed on (ALPN): the first of the server's that the client named
 * as well, "" when one of them names none. A server refuses clients that name only others.
 *
 * Suspends: no.
 * Thread: the stream's loop's.
 * Ownership: the text lives as long as the stream.
 * Cancellation: none.
 * Errors: as coil_tls_version.
 */
COIL_API const char *coil_tls_alpn(const coil_stream *stream);

/*
 * Returns the name of the server that the client has asked for (SNI), "" for none.
 *
 * Suspends: no.
 * Thread: the stream's loop's.
 * Ownership: the text lives as long as the stream.
 * Cancellation: none.
 * Errors: as coil_tls_version.
 */
COIL_API const char *coil_tls_server_name(const coil_stream *stream);

/*
 * Says whether the session goes on from an earlier one, whose certificates were looked at then: 1
 * or 0.
 *
 * Suspends: no.
 * Thread: the stream's loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: as coil_tls_version; not error-encoded.
 */
COIL_API int coil_tls_is_resumed(const coil_stream *stream);

/*
 * Writes the peer's certificate (DER) where the buffer is large enough, and returns its length.
 *
 * Suspends: no.
 * Thread: the stream's loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: as coil_tls_peer_subject.
 */
COIL_API int coil_tls_peer_certificate(const coil_stream *stream, void *buffer, size_t size);

/*
 * Writes the subject of the peer's certificate, as "CN=example.org" (RFC 2253), cut to `size`, and
 * returns its full length, as snprintf.
 *
 * Suspends: no.
 * Thread: the stream's loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EINVAL for a size without a buffer; -ENODATA: it has shown none; -ENOMEM; as
 *         coil_tls_version.
 */
COIL_API int coil_tls_peer_subject(const coil_stream *stream, char *buffer, size_t size);

/*
 * Returns OpenSSL's words on the error that has ended the session, "" while there is none.
 *
 * Suspends: no.
 * Thread: the stream's loop's.
 * Ownership: the text lives as long as the stream.
 * Cancellation: none.
 * Errors: as coil_tls_version, but it may be asked before the end of the handshake. Error-encoded.
 */
COIL_API const char *coil_tls_message(const coil_stream *stream);

/*
 * Returns OpenSSL's own object, an SSL, for questions that are not here. What reads, writes or
 * changes its BIOs is coil's.
 *
 * Suspends: no.
 * Thread: the stream's loop's.
 * Ownership: the stream's.
 * Cancellation: none.
 * Errors: as coil_tls_message.
 */
COIL_API void *coil_tls_native(const coil_stream *stream);

#ifdef __cplusplus
}
#endif

#endif
