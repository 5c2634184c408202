// SPDX-License-Identifier: MIT
#include "pair.h"

#include <errno.h>
#include <openssl/buffer.h>
#include <openssl/err.h>

TEST(tls_session, two_sides_shake_hands_and_talk)
{
    static const size_t steps[] = {4096, 1};
    CERTS certs = certs_new();

    for (size_t i = 0; i < 2; i++) {
        PAIR pair = pair_of(&certs, "server.test");
        pair_shake(&pair, steps[i]);
        if (!CHECK(pair.client.open && pair.server.open))
            continue;
        CHECK_EQ(pair_say(&pair.client, &pair.server, "a question"), 0);
        CHECK_EQ(pair_say(&pair.server, &pair.client, "an answer"), 0);
        FAILS(tls_session_read(&pair.client, (char[1]){0}, 1), -EAGAIN);
        CHECK_STR(SSL_get_version(pair.client.ssl), "TLSv1.3");
        CHECK_STR(SSL_get_servername(pair.server.ssl, TLSEXT_NAMETYPE_host_name), "server.test");
    }
}

TEST(tls_session, much_goes_through_in_pieces)
{
    enum { MUCH = 1 << 20 };
    CERTS certs = certs_new();
    PAIR pair = pair_of(&certs, "server.test");
    unsigned char *sent = malloc(MUCH), *got = malloc(MUCH);
    size_t written = 0, read = 0;

    pair_shake(&pair, 4096);
    for (size_t i = 0; i < MUCH; i++)
        sent[i] = (unsigned char)(i * i >> 7);
    while (pair.client.open && written < MUCH) {
        ssize_t n = tls_session_write(&pair.client, sent + written, MUCH - written);
        if (!CHECK(n > 0 && n <= TLS_PIECE))
            break;
        written += (size_t)n;
        while ((n = pair_read(&pair.client, &pair.server, got + read, MUCH - read)) > 0)
            read += (size_t)n;
        CHECK_EQ(n, -EAGAIN);
        CHECK(BIO_ctrl_pending(pair.client.out) == 0 && BIO_ctrl_pending(pair.server.in) == 0);
    }
    CHECK_EQ(read, MUCH);
    CHECK(memcmp(sent, got, MUCH) == 0);
    free(sent);
    free(got);
}

/* Of raw bytes, both ways. */
static size_t kept(const struct tls_session *session)
{
    BUF_MEM *in = NULL, *out = NULL;

    BIO_get_mem_ptr(session->in, &in);
    BIO_get_mem_ptr(session->out, &out);
    return in->max + out->max;
}

TEST(tls_session, one_that_rests_keeps_little_of_much)
{
    static const char much[TLS_PIECE];
    static char raw[2 * TLS_PIECE], got[TLS_PIECE];
    CERTS certs = certs_new();
    PAIR pair = pair_of(&certs, "server.test");
    size_t size = 0, n = 0;

    pair_shake(&pair, 4096);
    if (!pair.client.open || !pair.server.open)
        return;
    CHECK_EQ(tls_session_write(&pair.client, much, sizeof(much)), TLS_PIECE);
    tls_session_rest(&pair.client);
    while ((n = tls_session_take(&pair.client, raw + size, sizeof(raw) - size)) > 0)
        size += n; /* it has lost nothing by that */
    for (size_t i = 0; i < size; i += n) {
        n = (size_t)tls_session_feed(&pair.server, raw + i, size - i);
        if (!CHECK(n > 0 && n <= size))
            return;
        tls_session_rest(&pair.server);
        if (i + n < size)
            FAILS(tls_session_read(&pair.server, got, sizeof(got)), -EAGAIN);
    }
    CHECK_EQ(tls_session_read(&pair.server, got, sizeof(got)), TLS_PIECE);
    FAILS(tls_session_read(&pair.server, got, sizeof(got)), -EAGAIN);
    CHECK(kept(&pair.client) > TLS_PIECE && kept(&pair.server) > TLS_PIECE);
    tls_session_rest(&pair.client);
    tls_session_rest(&pair.server);
    CHECK(kept(&pair.client) <= TLS_PIECE && kept(&pair.server) <= TLS_PIECE);
    CHECK_EQ(pair_say(&pair.client, &pair.server, "a question"), 0);
    CHECK_EQ(pair_say(&pair.server, &pair.client, "an answer"), 0);
}

TEST(tls_session, takes_no_more_at_once_than_a_piece)
{
    CERTS certs = certs_new();
    PAIR pair = pair_of(&certs, "server.test");
    static const char raw[TLS_PIECE * 2];

    if (!pair.made)
        return;
    CHECK_EQ(tls_session_feed(&pair.server, raw, 100), 100);
    CHECK_EQ(tls_session_feed(&pair.server, raw, sizeof(raw)), TLS_PIECE - 100);
    CHECK_EQ(tls_session_feed(&pair.server, raw, sizeof(raw)), 0);
    CHECK_EQ(tls_session_feed(&pair.server, raw, 0), 0);
}

/* ---- who it is ------------------------------------------------------------------------------ */

/* A client that looks for somebody else breaks off, and tells the server why. */
static void refuses(struct pair *pair, const char *reason, const char *alert)
{
    if (!pair->made)
        return;
    pair_shake(pair, 4096);
    CHECK(!pair->client.open);
    FAILS(tls_session_handshake(&pair->client), -COIL_ECERTIFICATE);
    CHECK_STR(pair->client.message, reason);
    /* A server of TLS 1.3 is done before the client: it hears of it in its next read. */
    char byte;
    FAILS(pair_read(&pair->client, &pair->server, &byte, 1), -COIL_ETLS);
    CHECK_STR(pair->server.message, alert);
}

TEST(tls_session, a_client_refuses_the_certificate_of_another_host)
{
    CERTS certs = certs_new();
    PAIR pair = pair_of(&certs, "other.test");

    refuses(&pair, "hostname mismatch", "sslv3 alert bad certificate");
}

TEST(tls_session, a_client_refuses_an_authority_that_it_does_not_know)
{
    CERTS certs = certs_new(), others = certs_new();
    const coil_tls_options client = pair_client(&others), server = pair_server(&certs);
    PAIR pair = pair_with(&client, &server, "server.test");

    refuses(&pair, "unable to get local issuer certificate", "tlsv1 alert unknown ca");
}

TEST(tls_session, a_common_name_is_no_name_of_a_host)
{
    CERTS certs = certs_new();
    PEM nameless = pem_new();
    const coil_tls_options client = pair_client(&certs);
    coil_tls_options server = pair_server(&certs);

    certs_issue(&certs, &nameless, "server.test", NULL, NULL);
    server.certificate = nameless.path;
    PAIR pair = pair_with(&client, &server, "server.test");
    refuses(&pair, "hostname mismatch", "sslv3 alert bad certificate");
}

TEST(tls_session, an_address_is_looked_for_as_an_address)
{
    CERTS certs = certs_new();
    {
        PAIR pair = pair_of(&certs, "192.0.2.1");
        pair_shake(&pair, 4096);
        if (CHECK(pair.client.open && pair.server.open)) /* an address is no name to ask for */
            CHECK_PTR(SSL_get_servername(pair.server.ssl, TLSEXT_NAMETYPE_host_name), NULL);
    }
    PAIR pair = pair_of(&certs, "192.0.2.2");
    refuses(&pair, "IP address mismatch", "sslv3 alert bad certificate");
}

TEST(tls_session, a_name_that_cannot_be_one_is_refused)
{
    CERTS certs = certs_new();
    const coil_tls_options options = pair_client(&certs);
    coil_tls_context *context = coil_tls_context_new(&options);
    struct tls_session session;
    char longer[300];

    memset(longer, 'a', sizeof(longer));
    longer[sizeof(longer) - 1] = '\0';
    if (PASS(coil_err(context))) {
        FAILS(tls_session_init(&session, context->ssl, false, ""), -EINVAL);
        FAILS(tls_session_init(&session, context->ssl, false, longer), -EINVAL);
    }
    coil_tls_context_unref(context);
}

/* ---- ends ----------------------------------------------------------------------------------- */

TEST(tls_session, an_end_is_announced_and_the_other_direction_goes_on)
{
    CERTS certs = certs_new();
    PAIR pair = pair_of(&certs, "server.test");
    char byte;

    pair_shake(&pair, 4096);
    if (!CHECK(pair.server.open))
        return;
    CHECK_EQ(tls_session_write(&pair.client, "x", 1), 1);
    PASS(tls_session_end(&pair.client));
    FAILS(tls_session_write(&pair.client, "y", 1), -EPIPE);
    CHECK_EQ(pair_read(&pair.client, &pair.server, &byte, 1), 1); /* nothing is lost before it */
    CHECK_EQ(pair_read(&pair.client, &pair.server, &byte, 1), 0);
    CHECK_EQ(pair_read(&pair.client, &pair.server, &byte, 1), 0);
    CHECK_EQ(pair_say(&pair.server, &pair.client, "still here"), 0);
    PASS(tls_session_end(&pair.server));
    CHECK_EQ(pair_read(&pair.server, &pair.client, &byte, 1), 0);
    PASS(tls_session_end(&pair.server)); /* said once */
    CHECK_EQ(tls_session_take(&pair.server, &byte, 1), 0);
}

TEST(tls_session, an_end_that_was_not_announced_is_an_error)
{
    CERTS certs = certs_new();

    for (int part = 0; part < 2; part++) { /* between two records, and in one */
        PAIR pair = pair_of(&certs, "server.test");
        char raw[64], plain[16];
        pair_shake(&pair, 4096);
        if (!CHECK(pair.server.open))
            continue;
        CHECK_EQ(pair_say(&pair.client, &pair.server, "all of it?"), 0);
        if (part) {
            CHECK_EQ(tls_session_write(&pair.client, "more", 4), 4);
            CHECK_EQ(tls_session_take(&pair.client, raw, 10), 10);
            CHECK_EQ(tls_session_feed(&pair.server, raw, 10), 10);
        }
        tls_session_feed_end(&pair.server);
        FAILS(tls_session_read(&pair.server, plain, sizeof(plain)), -COIL_ETRUNCATED);
        FAILS(tls_session_read(&pair.server, plain, sizeof(plain)), -COIL_ETRUNCATED);
        FAILS(tls_session_write(&pair.server, "x", 1), -COIL_ETRUNCATED);
        FAILS(tls_session_end(&pair.server), -COIL_ETRUNCATED);
        CHECK_STR(pair.server.message, coil_strerror(COIL_ETRUNCATED));
    }
}

TEST(tls_session, after_its_own_end_any_end_will_do)
{
    CERTS certs = certs_new();
    PAIR pair = pair_of(&certs, "server.test");
    char byte;

    pair_shake(&pair, 4096);
    if (!CHECK(pair.server.open))
        return;
    PASS(tls_session_end(&pair.server));
    tls_session_feed_end(&pair.server);
    CHECK_EQ(tls_session_read(&pair.server, &byte, 1), 0);
}

TEST(tls_session, a_connection_that_goes_in_the_handshake_is_reset)
{
    CERTS certs = certs_new();
    PAIR pair = pair_of(&certs, "server.test");

    if (!pair.made)
        return;
    FAILS(tls_session_handshake(&pair.client), -EAGAIN);
    tls_session_feed_end(&pair.client);
    FAILS(tls_session_handshake(&pair.client), -ECONNRESET);
    FAILS(tls_session_handshake(&pair.client), -ECONNRESET);
}

/* ---- what is wrong -------------------------------------------------------------------------- */

TEST(tls_session, what_is_no_tls_is_an_error_that_stays)
{
    CERTS certs = certs_new();
    PAIR pair = pair_of(&certs, "server.test");
    static const char text[] = "GET / HTTP/1.1\r\n\r\n";

    if (!pair.made)
        return;
    CHECK_EQ(tls_session_feed(&pair.server, text, sizeof(text)), sizeof(text));
    FAILS(tls_session_handshake(&pair.server), -COIL_ETLS);
    CHECK_STR(pair.server.message, "http request");
    FAILS(tls_session_handshake(&pair.server), -COIL_ETLS);
    FAILS(tls_session_feed(&pair.server, text, 1), -COIL_ETLS);
    FAILS(tls_session_read(&pair.server, (char[1]){0}, 1), -COIL_ETLS);
    FAILS(tls_session_write(&pair.server, "x", 1), -COIL_ETLS);
    FAILS(tls_session_end(&pair.server), -COIL_ETLS);
}

TEST(tls_session, a_byte_that_was_changed_on_the_way_is_an_error)
{
    CERTS certs = certs_new();
    PAIR pair = pair_of(&certs, "server.test");
    char raw[64], plain[16];

    pair_shake(&pair, 4096);
    if (!CHECK(pair.server.open))
        return;
    CHECK_EQ(tls_session_write(&pair.client, "money", 5), 5);
    size_t n = tls_session_take(&pair.client, raw, sizeof(raw));
    raw[n - 1] ^= 1;
    CHECK_EQ(tls_session_feed(&pair.server, raw, n), n);
    FAILS(tls_session_read(&pair.server, plain, sizeof(plain)), -COIL_ETLS);
    CHECK_STR(pair.server.message, "decryption failed or bad record mac");
    CHECK(tls_session_take(&pair.server, raw, sizeof(raw)) > 0); /* the other side is told */
}

TEST(tls_session, nothing_is_said_before_the_handshake)
{
    CERTS certs = certs_new();
    PAIR pair = pair_of(&certs, "server.test");
    char byte;

    if (!pair.made)
        return;
    FAILS(tls_session_write(&pair.client, "x", 1), -COIL_EINVALSTATE);
    FAILS(tls_session_read(&pair.client, &byte, 1), -COIL_EINVALSTATE);
    PASS(tls_session_end(&pair.client));
    CHECK_EQ(tls_session_take(&pair.client, &byte, 1), 0);
    pair_shake(&pair, 4096);
    CHECK(pair.client.open && pair.server.open);
}

/* The queue of errors is the thread's: what somebody else left there is none of ours. */
TEST(tls_session, an_error_of_somebody_else_is_not_its_own)
{
    CERTS certs = certs_new();
    PAIR pair = pair_of(&certs, "server.test");
    char byte;

    if (!pair.made)
        return;
    ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR);
    FAILS(tls_session_handshake(&pair.client), -EAGAIN);
    pair_shake(&pair, 4096);
    ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR);
    FAILS(tls_session_read(&pair.server, &byte, 1), -EAGAIN);
    ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR);
    CHECK_EQ(tls_session_write(&pair.server, "x", 1), 1);
    ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR);
    PASS(tls_session_end(&pair.server));
    ERR_clear_error();
}

/* ---- what sessions say on their own --------------------------------------------------------- */

/* By the protocol the answer comes before the next bytes, so it goes with them. */
TEST(tls_session, new_keys_are_taken_and_answered)
{
    CERTS certs = certs_new();
    PAIR pair = pair_of(&certs, "server.test");

    pair_shake(&pair, 4096);
    if (!CHECK(pair.client.open && pair.server.open))
        return;
    CHECK_EQ(SSL_key_update(pair.client.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
    CHECK_EQ(pair_say(&pair.client, &pair.server, "new keys"), 0);
    CHECK_EQ(SSL_get_key_update_type(pair.server.ssl), SSL_KEY_UPDATE_NOT_REQUESTED);
    CHECK_EQ(pair_say(&pair.server, &pair.client, "mine too"), 0);
    CHECK_EQ(SSL_get_key_update_type(pair.server.ssl), SSL_KEY_UPDATE_NONE);
    CHECK_EQ(pair_say(&pair.client, &pair.server, "so be it"), 0);
}

TEST(tls_session, renegotiation_is_refused_while_it_reads)
{
    CERTS certs = certs_new();

    for (int by_server = 0; by_server < 2; by_server++) {
        PAIR pair = pair_of(&certs, "server.test");
        struct tls_session *asks = by_server ? &pair.server : &pair.client;
        struct tls_session *refuses = by_server ? &pair.client : &pair.server;
        char byte, raw[64];
        if (!pair.made)
            return;
        SSL_set_max_proto_version(pair.client.ssl, TLS1_2_VERSION);
        SSL_clear_options(asks->ssl, SSL_OP_NO_RENEGOTIATION);
        pair_shake(&pair, 4096);
        if (!CHECK(pair.client.open && pair.server.open))
            return;
        CHECK_EQ(SSL_renegotiate(asks->ssl), 1);
        (void)SSL_do_handshake(asks->ssl);
        FAILS(pair_read(asks, refuses, &byte, 1), -EAGAIN);
        CHECK(tls_session_take(refuses, raw, sizeof(raw)) > 0); /* a warning, no more */
        CHECK(!SSL_in_init(refuses->ssl));
        CHECK_EQ(tls_session_write(refuses, "x", 1), 1);
    }
}
