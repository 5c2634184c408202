// SPDX-License-Identifier: MIT
/*
 * TLS for streams, by OpenSSL. A library of its own, libcoil-tls (pkg-config: coil-tls), so that
 * programs without TLS do not carry OpenSSL.
 *
 * Clients look at the server's certificate and its name unless they are told not to. The oldest
 * version is TLS 1.2; renegotiation and compression are off.
 */
#ifndef COIL_TLS_H
#define COIL_TLS_H

#include <coil/base.h>

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

typedef enum coil_tls_version { COIL_TLS_1_2, COIL_TLS_1_3 } coil_tls_version;

typedef struct coil_tls_options {
    size_t size;              /* sizeof(coil_tls_options) */
    bool server;              /* for the accepting side; a server needs a certificate */
    const char *certificate;  /* a PEM file: one's own, then the chain's; NULL: none */
    const char *key;          /* a PEM file; NULL: it is in the certificate's */
    const char *key_password; /* NULL: a key that needs one is refused */
    const char *ca_file;      /* a PEM file: whom to trust; NULL: whom the system trusts */
    coil_tls_verify verify;
    coil_tls_version min_version;
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

#ifdef __cplusplus
}
#endif

#endif
