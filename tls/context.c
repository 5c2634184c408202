// SPDX-License-Identifier: MIT
#include "tls/context.h"

#include "tls/error.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

/* ---- ALPN ----------------------------------------------------------------------------------- */

/* How long the list of protocols is as it is sent, or -EINVAL. */
static int alpn_size(const coil_tls_options *options)
{
    size_t size = 0;

    if (options->alpn_count && !options->alpn)
        return -EINVAL;
    for (size_t i = 0; i < options->alpn_count; i++) {
        size_t length = options->alpn[i] ? strlen(options->alpn[i]) : 0;
        if (length < 1 || length > 255)
            return -EINVAL;
        size += 1 + length;
    }
    return size <= UINT16_MAX ? (int)size : -EINVAL;
}

static void put_alpn(coil_tls_context *context, const coil_tls_options *options)
{
    unsigned char *to = context->alpn;

    for (size_t i = 0; i < options->alpn_count; i++) {
        size_t length = strlen(options->alpn[i]);
        *to++ = (unsigned char)length;
        memcpy(to, options->alpn[i], length);
        to += length;
    }
}

/* A server takes the first of its own that the client names, and refuses one that names only
 * others (RFC 7301, 3.2). */
static int choose(SSL *ssl, const unsigned char **out, unsigned char *out_length,
                  const unsigned char *in, unsigned in_length, void *argument)
{
    const coil_tls_context *context = argument;
    unsigned char *chosen;

    (void)ssl;
    if (SSL_select_next_proto(&chosen, out_length, context->alpn, context->alpn_size, in,
                              in_length) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static int use_alpn(coil_tls_context *context)
{
    if (!context->alpn_size)
        return 0;
    if (context->server)
        SSL_CTX_set_alpn_select_cb(context->ssl, choose, context);
    else if (SSL_CTX_set_alpn_protos(context->ssl, context->alpn, context->alpn_size) != 0)
        return -ENOMEM;
    return 0;
}

/* ---- certificates --------------------------------------------------------------------------- */

/* Instead of OpenSSL's own, which asks at the terminal. */
static int give_password(char *buffer, int size, int writing, void *userdata)
{
    const char *password = userdata;
    int length = password ? snprintf(buffer, (size_t)size, "%s", password) : 0;

    (void)writing;
    return length > 0 && length < size ? length : -1;
}

static int use_certificate(SSL_CTX *ssl, const coil_tls_options *options)
{
    const char *key = options->key ? options->key : options->certificate;

    if (!options->certificate)
        return 0;
    SSL_CTX_set_default_passwd_cb(ssl, give_password);
    SSL_CTX_set_default_passwd_cb_userdata(ssl, (void *)options->key_password);
    bool ok = SSL_CTX_use_certificate_chain_file(ssl, options->certificate) == 1 &&
              SSL_CTX_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM) == 1 &&
              SSL_CTX_check_private_key(ssl) == 1;
    SSL_CTX_set_default_passwd_cb_userdata(ssl, NULL);
    return ok ? 0 : -COIL_ETLS;
}

static int trust_file(coil_tls_context *context, const char *file, bool asks_clients)
{
    if (SSL_CTX_load_verify_file(context->ssl, file) != 1)
        return -COIL_ETLS;
    if (!asks_clients)
        return 0;
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(file); /* whose they may choose */
    if (!names)
        return -COIL_ETLS;
    SSL_CTX_set_client_CA_list(context->ssl, names);
    return 0;
}

static int use_trust(coil_tls_context *context, const coil_tls_options *options)
{
    coil_tls_verify verify = options->verify;
    int mode = SSL_VERIFY_PEER;

    if (verify == COIL_TLS_VERIFY_DEFAULT)
        verify = options->server ? COIL_TLS_VERIFY_NONE : COIL_TLS_VERIFY_REQUIRED;
    if (verify == COIL_TLS_VERIFY_NONE)
        mode = SSL_VERIFY_NONE;
    else if (verify == COIL_TLS_VERIFY_REQUIRED)
        mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_CTX_set_verify(context->ssl, mode, NULL);
    context->verifies = !options->server && mode != SSL_VERIFY_NONE;
    if (options->ca_file)
        return trust_file(context, options->ca_file, options->server && mode != SSL_VERIFY_NONE);
    if (mode != SSL_VERIFY_NONE)
        return SSL_CTX_set_default_verify_paths(context->ssl) == 1 ? 0 : -COIL_ETLS;
    return 0;
}

/* ---- contexts ------------------------------------------------------------------------------- */

/* Of TLS 1.2, as Python has them: keys are agreed on for each session, so that whoever gets the
 * server's key later cannot read what he has recorded. */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:DHE+AES:!aNULL:!eNULL:!aDSS:!SHA1:!AESCCM"

enum { SECURITY_LEVEL = 2 }; /* OpenSSL's: nothing that is broken with less than 2^112 steps */

static int use_rules(coil_tls_context *context, const coil_tls_options *options)
{
    static const unsigned char id[] = "coil"; /* of sessions that are resumed */
    const int oldest = options->min_version == COIL_TLS_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
    SSL_CTX *ssl = context->ssl;

    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);         /* an idle session keeps none */
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF); /* clients keep tickets */
    if (SSL_CTX_get_security_level(ssl) < SECURITY_LEVEL)
        SSL_CTX_set_security_level(ssl, SECURITY_LEVEL);
    if (SSL_CTX_set_min_proto_version(ssl, oldest) != 1 ||
        SSL_CTX_set_cipher_list(ssl, CIPHERS) != 1 ||
        SSL_CTX_set_session_id_context(ssl, id, sizeof(id) - 1) != 1)
        return -COIL_ETLS;
    int rc = use_certificate(ssl, options);
    if (rc == 0)
        rc = use_trust(context, options);
    return rc < 0 ? rc : use_alpn(context);
}

static bool is_wrong(const coil_tls_options *options)
{
    return options->size != sizeof(*options) ||
           (unsigned)options->verify > COIL_TLS_VERIFY_REQUIRED ||
           (unsigned)options->min_version > COIL_TLS_1_3 ||
           (options->server && !options->certificate) || (options->key && !options->certificate) ||
           (options->message_size && !options->message);
}

static int fill(coil_tls_context *context, const coil_tls_options *options)
{
    ERR_clear_error();
    context->ssl = SSL_CTX_new(options->server ? TLS_server_method() : TLS_client_method());
    int rc = context->ssl ? use_rules(context, options) : -COIL_ETLS;
    if (rc < 0)
        rc = tls_queued_error(options->message, options->message_size);
    return rc;
}

coil_tls_context *coil_tls_context_new(const coil_tls_options *options)
{
    static const coil_tls_options defaults = {.size = sizeof(defaults)};

    if (!options)
        options = &defaults;
    int size = is_wrong(options) ? -EINVAL : alpn_size(options);
    if (size < 0)
        return COIL_ERR(size);
    coil_tls_context *context = coil_alloc(sizeof(*context) + (size_t)size);
    if (coil_is_err(context))
        return context;
    *context = (coil_tls_context){.references = 1, .server = options->server};
    context->alpn_size = (unsigned)size;
    put_alpn(context, options);
    int rc = fill(context, options);
    if (rc < 0) {
        coil_tls_context_unref(context);
        return COIL_ERR(rc);
    }
    return context;
}

coil_tls_context *coil_tls_context_ref(coil_tls_context *context)
{
    if (context && !coil_is_err(context))
        atomic_fetch_add_explicit(&context->references, 1, memory_order_relaxed);
    return context;
}

void coil_tls_context_unref(coil_tls_context *context)
{
    if (!context || coil_is_err(context) ||
        atomic_fetch_sub_explicit(&context->references, 1, memory_order_acq_rel) > 1)
        return;
    SSL_CTX_free(context->ssl);
    coil_free(context);
}

void *coil_tls_context_native(const coil_tls_context *context)
{
    if (!context)
        return COIL_ERR(-EINVAL);
    return coil_is_err(context) ? (void *)context : context->ssl;
}
