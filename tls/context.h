// SPDX-License-Identifier: MIT
/* What sessions have in common; it does not change once there is a session. */
#ifndef TLS_CONTEXT_H
#define TLS_CONTEXT_H

#include <coil/tls.h>

#include <openssl/ssl.h>
#include <stdatomic.h>

struct coil_tls_context {
    atomic_uint references;
    bool server;
    bool verifies; /* a client's: it has to know whom it expects */
    SSL_CTX *ssl;
    unsigned alpn_size;    /* 0: no protocols are named */
    unsigned char alpn[1]; /* as they are sent: each behind its length */
};

#endif
