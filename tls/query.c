// SPDX-License-Identifier: MIT
/* What a session has agreed on, and with whom. */
#include "tls/stream.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
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

const char *coil_tls_server_name(const coil_stream *stream)
{
    struct tls_stream *tls = agreed(stream);

    if (coil_is_err(tls))
        return (const char *)tls;
    const char *name = SSL_get_servername(tls->session.ssl, TLSEXT_NAMETYPE_host_name);
    snprintf(tls->name, sizeof(tls->name), "%s", name ? name : ""); /* OpenSSL's may go */
    return tls->name;
}

int coil_tls_is_resumed(const coil_stream *stream)
{
    const struct tls_stream *tls = agreed(stream);

    return coil_is_err(tls) ? coil_err(tls) : SSL_session_reused(tls->session.ssl);
}

/* ---- certificates --------------------------------------------------------------------------- */

/* Error-encoded; the caller frees it. */
static X509 *peer_certificate(const coil_stream *stream, const void *buffer, size_t size)
{
    const struct tls_stream *tls = agreed(stream);

    if (size && !buffer)
        return COIL_ERR(-EINVAL);
    if (coil_is_err(tls))
        return COIL_ERR(coil_err(tls));
    X509 *certificate = SSL_get1_peer_certificate(tls->session.ssl);
    return certificate ? certificate : COIL_ERR(-ENODATA);
}

int coil_tls_peer_certificate(const coil_stream *stream, void *buffer, size_t size)
{
    X509 *certificate = peer_certificate(stream, buffer, size);
    unsigned char *to = buffer;

    if (coil_is_err(certificate))
        return coil_err(certificate);
    int length = i2d_X509(certificate, NULL);
    if (length > 0 && size >= (size_t)length)
        length = i2d_X509(certificate, &to);
    X509_free(certificate);
    ERR_clear_error();
    return length > 0 ? length : -ENOMEM;
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
    X509 *certificate = peer_certificate(stream, buffer, size);

    if (coil_is_err(certificate))
        return coil_err(certificate);
    int rc = print_name(X509_get_subject_name(certificate), buffer, size);
    X509_free(certificate);
    ERR_clear_error();
    return rc;
}

/* ---- errors, and what is not here ----------------------------------------------------------- */

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
