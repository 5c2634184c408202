// SPDX-License-Identifier: MIT
#include "tls/session.h"

#include <coil/base.h>

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/buffer.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>

enum {
    KEPT = 8 * 1024, /* of the raw bytes' memory, each way */
    SMALL = 4 * 1024 /* takes no more than that */
};

/* ---- errors --------------------------------------------------------------------------------- */

static int fail_as(struct tls_session *session, int code)
{
    ERR_clear_error();
    session->failed = code;
    snprintf(session->message, sizeof(session->message), "%s", coil_strerror(code));
    return code;
}

/* By the error queue. A certificate that was refused has a reason of its own. */
static int fail(struct tls_session *session)
{
    const bool refused = ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_CERTIFICATE_VERIFY_FAILED;
    const long verdict = SSL_get_verify_result(session->ssl);

    session->failed = tls_queued_error(session->message, sizeof(session->message));
    if (refused && verdict != X509_V_OK) {
        session->failed = -COIL_ECERTIFICATE;
        snprintf(session->message, sizeof(session->message), "%s",
                 X509_verify_cert_error_string(verdict));
    }
    return session->failed;
}

/* What a call that did not succeed has met; `at_end` when it was the end of the raw bytes. */
static int outcome(struct tls_session *session, int rc, int at_end)
{
    switch (SSL_get_error(session->ssl, rc)) {
    case SSL_ERROR_WANT_READ:
        if (!session->raw_end)
            return -EAGAIN;
        return at_end < 0 ? fail_as(session, at_end) : at_end;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        return fail(session);
    }
}

/* ---- beginning and end ---------------------------------------------------------------------- */

static bool is_address(const char *hostname)
{
    unsigned char address[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, hostname, address) == 1 ||
           inet_pton(AF_INET6, hostname, address) == 1;
}

static int expect_host(SSL *ssl, const char *hostname)
{
    if (is_address(hostname))
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), hostname) == 1 ? 0 : -ENOMEM;
    if (!*hostname || strlen(hostname) > TLSEXT_MAXLEN_host_name)
        return -EINVAL;
    /* By RFC 9525: a name is an alternative name, and a wildcard is a whole label. */
    SSL_set_hostflags(ssl,
                      X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return SSL_set_tlsext_host_name(ssl, hostname) == 1 && SSL_set1_host(ssl, hostname) == 1
               ? 0
               : -ENOMEM;
}

int tls_session_init(struct tls_session *session, SSL_CTX *context, bool server,
                     const char *hostname)
{
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    SSL *ssl = SSL_new(context);
    int rc = in && out && ssl ? 0 : -ENOMEM;

    if (rc == 0 && !server && hostname)
        rc = expect_host(ssl, hostname);
    if (rc < 0) {
        BIO_free(in);
        BIO_free(out);
        SSL_free(ssl);
        ERR_clear_error();
        return rc;
    }
    SSL_set_bio(ssl, in, out);
    if (server)
        SSL_set_accept_state(ssl);
    else
        SSL_set_connect_state(ssl);
    *session = (struct tls_session){.ssl = ssl, .in = in, .out = out};
    return 0;
}

void tls_session_fini(struct tls_session *session)
{
    SSL_free(session->ssl);
    session->ssl = NULL;
    session->in = session->out = NULL;
}

/* ---- raw bytes ------------------------------------------------------------------------------ */

ssize_t tls_session_feed(struct tls_session *session, const void *raw, size_t size)
{
    const size_t there = BIO_ctrl_pending(session->in);

    if (session->failed)
        return session->failed;
    if (size > TLS_PIECE)
        size = TLS_PIECE;
    if (there + size > TLS_PIECE)
        size = TLS_PIECE - there;
    if (!size)
        return 0;
    ERR_clear_error();
    session->grown |= there + size > SMALL;
    int taken = BIO_write(session->in, raw, (int)size);
    return taken > 0 ? taken : fail_as(session, -ENOMEM);
}

void tls_session_feed_end(struct tls_session *session)
{
    session->raw_end = true;
}

size_t tls_session_take(struct tls_session *session, void *raw, size_t size)
{
    int taken = BIO_read(session->out, raw, size > TLS_PIECE ? TLS_PIECE : (int)size);

    return taken > 0 ? (size_t)taken : 0;
}

/* OpenSSL's buffer keeps the size that it once had. Without memory for an empty one it does. What
 * lay in it has been seen by everybody: there is nothing to wipe out, which would take longer than
 * all the rest. */
static void shrink(BIO *bio)
{
    BUF_MEM *memory = NULL, *empty;

    if (BIO_get_mem_ptr(bio, &memory) != 1 || memory->max <= KEPT || BIO_ctrl_pending(bio))
        return;
    empty = BUF_MEM_new();
    if (!empty) {
        ERR_clear_error();
        return;
    }
    (void)BIO_set_close(bio, BIO_NOCLOSE);
    BIO_set_mem_buf(bio, empty, BIO_CLOSE);
    OPENSSL_free(memory->data);
    *memory = (BUF_MEM){.data = NULL};
    BUF_MEM_free(memory);
}

void tls_session_rest(struct tls_session *session)
{
    if (!session->grown)
        return;
    session->grown = BIO_ctrl_pending(session->in) || BIO_ctrl_pending(session->out);
    shrink(session->in);
    shrink(session->out);
}

/* ---- plain bytes ---------------------------------------------------------------------------- */

int tls_session_handshake(struct tls_session *session)
{
    if (session->failed)
        return session->failed;
    ERR_clear_error();
    int rc = SSL_do_handshake(session->ssl);
    if (rc == 1) {
        session->open = session->grown = true;
        return 0;
    }
    /* Nothing was said yet that could have been announced: it is a connection that has gone. */
    rc = outcome(session, rc, -ECONNRESET);
    return rc == 0 ? fail_as(session, -ECONNRESET) : rc;
}

ssize_t tls_session_read(struct tls_session *session, void *plain, size_t size)
{
    size_t got = 0;

    if (session->failed)
        return session->failed;
    if (!session->open)
        return -COIL_EINVALSTATE;
    const bool ended = SSL_get_shutdown(session->ssl) & SSL_SENT_SHUTDOWN;
    ERR_clear_error();
    int rc = SSL_read_ex(session->ssl, plain, size, &got);
    return rc == 1 ? (ssize_t)got : outcome(session, rc, ended ? 0 : -COIL_ETRUNCATED);
}

ssize_t tls_session_write(struct tls_session *session, const void *plain, size_t size)
{
    size_t written = 0;

    if (session->failed)
        return session->failed;
    if (!session->open)
        return -COIL_EINVALSTATE;
    if (SSL_get_shutdown(session->ssl) & SSL_SENT_SHUTDOWN)
        return -EPIPE;
    if (!size)
        return 0;
    session->grown |= size > SMALL;
    ERR_clear_error();
    int rc = SSL_write_ex(session->ssl, plain, size > TLS_PIECE ? TLS_PIECE : size, &written);
    if (rc == 1)
        return (ssize_t)written;
    /* Memory takes everything, and renegotiation, for which a write would wait, is off. */
    rc = outcome(session, rc, 0);
    return rc == 0 || rc == -EAGAIN ? fail_as(session, -COIL_ETLS) : rc;
}

int tls_session_end(struct tls_session *session)
{
    if (session->failed)
        return session->failed;
    if (!session->open || SSL_get_shutdown(session->ssl) & SSL_SENT_SHUTDOWN)
        return 0;
    ERR_clear_error();
    int rc = SSL_shutdown(session->ssl);
    return rc >= 0 ? 0 : fail(session);
}
