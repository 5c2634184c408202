// SPDX-License-Identifier: MIT
/* What a session has agreed on, and with whom. */
#include "tls/stream.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <string.h>

/* One whose handshake is done. */
static struct tls_stream *agreed(const coil_stream *stream)
{
    struct tls_stream *tls = tls_stream_of(stream);

    return coil_is_err(tls) || tls->session.open ? tls : COIL_ERR(-ENOTCONN);
}

const char *coil_tls_version(const coil_stream *stream)
{
    const struct tls_stream *tls = agreed(stream);

    return coil_is_err(tls) ? (const char *)tls : SSL_get_version(tls->session.ssl);
}

const char *coil_tls_cipher(const coil_stream *stream)
{
    const struct tls_stream *tls = agreed(stream);

    return coil_is_err(tls) ? (const char *)tls : SSL_get_cipher_name(tls->session.ssl);
}

const char *coil_tls_alpn(const coil_stream *stream)
{
    struct tls_stream *tls = agreed(stream);
    const unsigned char *chosen;
    unsigned length;

    if (coil_is_err(tls))
        return (const char *)tls;
    SSL_get0_alpn_selected(tls->session.ssl, &chosen, &length);
    if (length)
        memcpy(tls->alpn, chosen, length); /* 255 at most */
    tls->alpn[length] = '\0';
    return tls->alpn;
}

/* As snprintf, by RFC 2253, and ASCII: what is not is escaped. */
static int print_name(const X509_NAME *name, char *buffer, size_t size)
{
    BIO *memory = BIO_new(BIO_s_mem());
    int length = -1;

    if (memory && X509_NAME_print_ex(memory, name, 0, XN_FLAG_RFC2253) >= 0) {
        char *text;
        length = (int)BIO_get_mem_data(memory, &text);
        if (size) {
            size_t part = (size_t)length < size ? (size_t)length : size - 1;
            memcpy(buffer, text, part);
            buffer[part] = '\0';
        }
    }
    BIO_free(memory);
    return length < 0 ? -ENOMEM : length;
}

int coil_tls_peer_subject(const coil_stream *stream, char *buffer, size_t size)
{
    const struct tls_stream *tls = agreed(stream);

    if (size && !buffer)
        return -EINVAL;
    if (coil_is_err(tls))
        return coil_err(tls);
    X509 *certificate = SSL_get1_peer_certificate(tls->session.ssl);
    if (!certificate)
        return -ENODATA;
    int rc = print_name(X509_get_subject_name(certificate), buffer, size);
    X509_free(certificate);
    ERR_clear_error();
    return rc;
}

const char *coil_tls_message(const coil_stream *stream)
{
    const struct tls_stream *tls = tls_stream_of(stream);

    return coil_is_err(tls) ? (const char *)tls : tls->session.message;
}

void *coil_tls_native(const coil_stream *stream)
{
    struct tls_stream *tls = tls_stream_of(stream);

    return coil_is_err(tls) ? (void *)tls : tls->session.ssl;
}
