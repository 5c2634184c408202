// SPDX-License-Identifier: MIT
#include "peer.h"

#include <errno.h>

/* It is the server's, bit by bit. */
static void see_certificate(struct peer *peer)
{
    unsigned char der[2048], cut[8] = "untouch", *own = NULL;
    int length = i2d_X509(SSL_get_certificate(peer->session.ssl), &own);

    CHECK_EQ(coil_tls_peer_certificate(peer->stream, der, sizeof(der)), length);
    CHECK(length > 0 && memcmp(der, own, (size_t)length) == 0);
    OPENSSL_free(own);
    CHECK_EQ(coil_tls_peer_certificate(peer->stream, cut, sizeof(cut)), length);
    CHECK_STR((char *)cut, "untouch");
    CHECK_EQ(coil_tls_peer_certificate(peer->stream, NULL, 0), length);
    FAILS(coil_tls_peer_certificate(peer->stream, NULL, 1), -EINVAL);
}

static void *asks(void *argument)
{
    struct peer *peer = argument;
    char subject[64] = "", cut[4] = "";

    if (peer_meet(peer)) {
        CHECK_STR(coil_tls_version(peer->stream), "TLSv1.3");
        CHECK(strncmp(coil_tls_cipher(peer->stream), "TLS_", 4) == 0);
        CHECK_STR(coil_tls_alpn(peer->stream), "h2");
        CHECK_STR(coil_tls_message(peer->stream), "");
        CHECK_STR(coil_tls_server_name(peer->stream), "server.test");
        CHECK_EQ(coil_tls_is_resumed(peer->stream), 0);
        CHECK_EQ(coil_tls_peer_subject(peer->stream, subject, sizeof(subject)), 14);
        CHECK_STR(subject, "CN=server.test");
        CHECK_EQ(coil_tls_peer_subject(peer->stream, cut, sizeof(cut)), 14);
        CHECK_STR(cut, "CN=");
        CHECK_EQ(coil_tls_peer_subject(peer->stream, NULL, 0), 14);
        FAILS(coil_tls_peer_subject(peer->stream, NULL, 1), -EINVAL);
        CHECK_EQ(SSL_version(coil_tls_native(peer->stream)), TLS1_3_VERSION);
        see_certificate(peer);
    }
    peer_drop(peer);
    return NULL;
}

TEST(tls_query, says_what_was_agreed_on)
{
    CERTS certs = certs_new();
    PEER peer = peer_of(&certs, true);
    KERNEL(loop);

    if (!coil_is_err(peer.context) && peer.session.ssl) {
        static const unsigned char h2[] = "\x02h2";
        SSL_CTX_set_alpn_protos(coil_tls_context_native(peer.context), h2, 3);
        static const char *const protocols[] = {"h2"};
        coil_tls_options options = pair_server(&certs);
        options.alpn = protocols;
        options.alpn_count = 1;
        tls_session_fini(&peer.session);
        coil_tls_context_unref(peer.other);
        peer.other = coil_tls_context_new(&options);
        if (PASS(coil_err(peer.other)) &&
            PASS(tls_session_init(&peer.session, peer.other->ssl, true, NULL)))
            PASS(kernel_run(loop, asks, &peer));
    }
}

static void *asks_a_server(void *argument)
{
    struct peer *peer = argument;

    if (peer_meet(peer)) {
        FAILS(coil_tls_peer_subject(peer->stream, NULL, 0), -ENODATA); /* nobody asked for one */
        FAILS(coil_tls_peer_certificate(peer->stream, NULL, 0), -ENODATA);
        CHECK_STR(coil_tls_server_name(peer->stream), "server.test");
        CHECK_STR(coil_tls_alpn(peer->stream), "");
    }
    peer_drop(peer);
    return NULL;
}

TEST(tls_query, says_what_was_not_agreed_on)
{
    CERTS certs = certs_new();
    PEER peer = peer_of(&certs, false);
    KERNEL(loop);

    PASS(kernel_run(loop, asks_a_server, &peer));
}

/* ---- a second session ----------------------------------------------------------------------- */

static void *comes_again(void *argument)
{
    struct peer *peer = argument;
    SSL_SESSION *ticket = NULL;

    for (int i = 0; i < 2; i++) {
        if (i) {
            tls_session_fini(&peer->session);
            peer->ends = ends_sockets(SOCK_STREAM);
            PASS(tls_session_init(&peer->session, peer->other->ssl, false, "server.test"));
            CHECK(ticket && SSL_set_session(peer->session.ssl, ticket) == 1);
        }
        char byte;
        if (CHECK(peer_meet(peer))) {
            CHECK_EQ(coil_tls_is_resumed(peer->stream), i);
            PASS(coil_stream_write(peer->stream, "x", 1));
            CHECK_EQ(peer_read(peer, &byte, 1), 1); /* the tickets came before */
            CHECK_STR(coil_tls_server_name(peer->stream), "server.test");
        }
        SSL_SESSION_free(ticket);
        ticket = i ? NULL : SSL_get1_session(peer->session.ssl);
        (void)tls_session_end(&peer->session); /* else it would be good for nothing */
        peer_drop(peer);
        ends_close(&peer->ends, 1);
    }
    return NULL;
}

TEST(tls_query, says_that_a_session_goes_on)
{
    CERTS certs = certs_new();
    PEER peer = peer_of(&certs, false);
    KERNEL(loop);

    if (!check_walking())
        PASS(kernel_run(loop, comes_again, &peer));
}

/* ---- no TLS --------------------------------------------------------------------------------- */

static void *asks_without_tls(void *argument)
{
    struct peer *peer = argument;

    if (peer_stream(peer) < 0)
        return peer->stream;
    const coil_stream *stream = peer->stream;
    FAILS(coil_err(coil_tls_version(stream)), -ENOTCONN);
    FAILS(coil_err(coil_tls_cipher(stream)), -ENOTCONN);
    FAILS(coil_err(coil_tls_alpn(stream)), -ENOTCONN);
    FAILS(coil_err(coil_tls_server_name(stream)), -ENOTCONN);
    FAILS(coil_tls_is_resumed(stream), -ENOTCONN);
    FAILS(coil_tls_peer_certificate(stream, NULL, 0), -ENOTCONN);
    FAILS(coil_err(coil_tls_message(stream)), -ENOTCONN);
    FAILS(coil_err(coil_tls_native(stream)), -ENOTCONN);
    FAILS(coil_tls_peer_subject(stream, NULL, 0), -ENOTCONN);
    peer_drop(peer);
    return NULL;
}

TEST(tls_query, a_stream_without_tls_has_no_answers)
{
    CERTS certs = certs_new();
    PEER peer = peer_of(&certs, true);
    {
        KERNEL(loop);
        (void)kernel_run(loop, asks_without_tls, &peer);
    }
    FAILS(coil_err(coil_tls_version(NULL)), -EINVAL);
    FAILS(coil_err(coil_tls_version(COIL_ERR(-EMFILE))), -EMFILE);
    FAILS(coil_tls_peer_subject(NULL, NULL, 0), -EINVAL);
}
