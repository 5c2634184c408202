// SPDX-License-Identifier: MIT
#include "pair.h"

#include <errno.h>
#include <openssl/err.h>
#include <pthread.h>

static int code_of(const coil_tls_options *options)
{
    coil_tls_context *context = coil_tls_context_new(options);
    int code = coil_err(context);

    coil_tls_context_unref(context);
    return code;
}

TEST(tls_context, wrong_options_are_refused)
{
    static const char *const none[] = {""}, *const null[] = {NULL};
    static char longer[257];
    const char *const long_one[] = {longer};
    CERTS certs = certs_new();
    const coil_tls_options wrong[] = {
        {.size = 1},
        {.size = sizeof(coil_tls_options), .server = true},
        {.size = sizeof(coil_tls_options), .key = certs.client.path},
        {.size = sizeof(coil_tls_options), .verify = (coil_tls_verify)4},
        {.size = sizeof(coil_tls_options), .verify = (coil_tls_verify)-1},
        {.size = sizeof(coil_tls_options), .min_version = (coil_tls_protocol)2},
        {.size = sizeof(coil_tls_options), .alpn_count = 1},
        {.size = sizeof(coil_tls_options), .alpn = none, .alpn_count = 1},
        {.size = sizeof(coil_tls_options), .alpn = null, .alpn_count = 1},
        {.size = sizeof(coil_tls_options), .alpn = long_one, .alpn_count = 1},
        {.size = sizeof(coil_tls_options), .message_size = 1},
    };

    memset(longer, 'a', sizeof(longer) - 1);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        FAILS(code_of(&wrong[i]), -EINVAL);
}

TEST(tls_context, without_options_it_is_a_client_that_trusts_whom_the_system_trusts)
{
    coil_tls_context *context = coil_tls_context_new(NULL);

    if (!PASS(coil_err(context)))
        return;
    CHECK(context->verifies && !context->server);
    CHECK_EQ(SSL_CTX_get_verify_mode(context->ssl),
             SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT);
    CHECK_EQ(SSL_CTX_get_min_proto_version(context->ssl), TLS1_2_VERSION);
    coil_tls_context_unref(context);
}

TEST(tls_context, lives_until_its_last_reference)
{
    coil_tls_context *context = coil_tls_context_new(NULL);

    CHECK_PTR(coil_tls_context_ref(context), context);
    coil_tls_context_unref(context);
    if (!coil_is_err(context))
        CHECK_PTR(coil_tls_context_native(context), context->ssl);
    coil_tls_context_unref(context);
    CHECK_PTR(coil_tls_context_ref(NULL), NULL);
    coil_tls_context_unref(NULL);
    coil_tls_context_unref(COIL_ERR(-ENOMEM));
    FAILS(coil_err(coil_tls_context_native(NULL)), -EINVAL);
    FAILS(coil_err(coil_tls_context_native(COIL_ERR(-ENOMEM))), -ENOMEM);
}

/* ---- threads -------------------------------------------------------------------------------- */

enum { THREADS = 4, SESSIONS = 8 };

/* So many sessions, one after the other; how many of them came to words. */
static void *talk_often(void *argument)
{
    coil_tls_context *const *contexts = argument;
    intptr_t well = 0;

    for (int i = 0; i < SESSIONS; i++) {
        PAIR pair = {
            .contexts = {coil_tls_context_ref(contexts[0]), coil_tls_context_ref(contexts[1])}};
        if (tls_session_init(&pair.client, contexts[0]->ssl, false, "server.test") < 0 ||
            tls_session_init(&pair.server, contexts[1]->ssl, true, NULL) < 0)
            continue;
        pair.made = true;
        pair_shake(&pair, 4096);
        well += pair_say(&pair.client, &pair.server, "a word") == 0;
    }
    return (void *)well;
}

TEST(tls_context, threads_may_share_it)
{
    CERTS certs = certs_new();
    const coil_tls_options client = pair_client(&certs), server = pair_server(&certs);
    coil_tls_context *contexts[] = {coil_tls_context_new(&client), coil_tls_context_new(&server)};
    pthread_t threads[THREADS];
    int started = 0;

    if (!check_walking() && PASS(coil_err(contexts[0])) && PASS(coil_err(contexts[1])))
        while (started < THREADS &&
               CHECK(pthread_create(&threads[started], NULL, talk_often, contexts) == 0))
            started++;
    for (int i = 0; i < started; i++) {
        void *well = NULL;
        CHECK(pthread_join(threads[i], &well) == 0);
        CHECK_EQ((intptr_t)well, SESSIONS);
    }
    coil_tls_context_unref(contexts[0]);
    coil_tls_context_unref(contexts[1]);
}

/* ---- files ---------------------------------------------------------------------------------- */

TEST(tls_context, a_file_that_is_not_there_has_the_systems_code)
{
    CERTS certs = certs_new();
    char message[TLS_MESSAGE] = "";
    coil_tls_options options = {.size = sizeof(options),
                                .certificate = "/nowhere/at/all.pem",
                                .message = message,
                                .message_size = sizeof(message)};

    FAILS(code_of(&options), -ENOENT);
    CHECK_STR(message, "No such file or directory");
    options.certificate = certs.client.path;
    options.key = "/nowhere/at/all.pem";
    FAILS(code_of(&options), -ENOENT);
    options = pair_client(&certs);
    options.ca_file = "/nowhere/at/all.pem";
    FAILS(code_of(&options), -ENOENT);
}

TEST(tls_context, what_is_no_certificate_is_named)
{
    CERTS certs = certs_new();
    PEM empty = pem_new();
    char message[TLS_MESSAGE] = "";
    coil_tls_options options = pair_server(&certs);

    options.certificate = empty.path;
    options.message = message;
    options.message_size = sizeof(message);
    FAILS(code_of(&options), -COIL_ETLS);
    CHECK_STR(message, "no start line");
    options = pair_client(&certs);
    options.ca_file = empty.path;
    FAILS(code_of(&options), -COIL_ETLS);
}

TEST(tls_context, a_key_that_does_not_fit_is_refused)
{
    CERTS certs = certs_new();
    char message[TLS_MESSAGE] = "";
    coil_tls_options options = pair_server(&certs);

    options.key = certs.client.path;
    options.message = message;
    options.message_size = sizeof(message);
    FAILS(code_of(&options), -COIL_ETLS);
    CHECK_STR(message, "key values mismatch");
}

TEST(tls_context, a_locked_key_opens_by_its_password_and_asks_nobody)
{
    CERTS certs = certs_new();
    PEM locked = pem_new();
    coil_tls_options options = pair_server(&certs);

    certs_issue(&certs, &locked, "server.test", NULL, "open sesame");
    options.certificate = locked.path;
    FAILS(code_of(&options), -COIL_ETLS);
    options.key_password = "open barley";
    FAILS(code_of(&options), -COIL_ETLS);
    options.key_password = "open sesame";
    PASS(code_of(&options));
}

/* ---- rules ---------------------------------------------------------------------------------- */

TEST(tls_context, the_server_prefers_among_the_protocols_of_both)
{
    static const char *const clients[] = {"http/1.1", "h2", "h3"}, *const servers[] = {"x", "h2"};
    CERTS certs = certs_new();
    coil_tls_options client = pair_client(&certs), server = pair_server(&certs);
    const unsigned char *chosen = NULL;
    unsigned length = 0;

    client.alpn = clients;
    server.alpn = servers;
    client.alpn_count = 3;
    server.alpn_count = 2;
    {
        PAIR pair = pair_with(&client, &server, "server.test");
        pair_shake(&pair, 4096);
        if (CHECK(pair.client.open && pair.server.open)) {
            SSL_get0_alpn_selected(pair.client.ssl, &chosen, &length);
            CHECK(length == 2 && memcmp(chosen, "h2", 2) == 0);
        }
    }
    server.alpn_count = 1;
    PAIR pair = pair_with(&client, &server, "server.test");
    if (!pair.made)
        return;
    pair_shake(&pair, 4096);
    FAILS(tls_session_handshake(&pair.server), -COIL_ETLS);
    FAILS(tls_session_handshake(&pair.client), -COIL_ETLS);
    CHECK_STR(pair.client.message, "tlsv1 alert no application protocol");
}

TEST(tls_context, the_oldest_version_is_kept)
{
    CERTS certs = certs_new();
    coil_tls_options client = pair_client(&certs), server = pair_server(&certs);

    server.min_version = COIL_TLS_1_3;
    PAIR pair = pair_with(&client, &server, "server.test");
    if (!pair.made)
        return;
    SSL_set_max_proto_version(pair.client.ssl, TLS1_2_VERSION);
    pair_shake(&pair, 4096);
    FAILS(tls_session_handshake(&pair.server), -COIL_ETLS);
    CHECK_STR(pair.server.message, "unsupported protocol");
}

TEST(tls_context, before_1_2_there_is_nothing)
{
    CERTS certs = certs_new();
    PAIR pair = pair_of(&certs, "server.test");

    if (!pair.made)
        return;
    /* What OpenSSL's own defaults refuse as well is allowed at level 0. */
    CHECK_EQ(SSL_set_cipher_list(pair.client.ssl, "ALL:@SECLEVEL=0"), 1);
    CHECK_EQ(SSL_set_cipher_list(pair.server.ssl, "ALL:@SECLEVEL=0"), 1);
    SSL_set_min_proto_version(pair.client.ssl, TLS1_VERSION);
    SSL_set_max_proto_version(pair.client.ssl, TLS1_1_VERSION);
    pair_shake(&pair, 4096);
    FAILS(tls_session_handshake(&pair.server), -COIL_ETLS);
    CHECK_STR(pair.server.message, "unsupported protocol");
}

/* What a client of TLS 1.2 and a server agree on, each by its rules but for the client's ciphers.
 */
static bool agree_on(const struct certs *certs, const char *ciphers, const char **agreed)
{
    PAIR pair = pair_of(certs, "server.test");

    if (!pair.made)
        return false;
    SSL_set_max_proto_version(pair.client.ssl, TLS1_2_VERSION);
    CHECK_EQ(SSL_set_cipher_list(pair.client.ssl, ciphers), 1);
    pair_shake(&pair, 4096);
    *agreed = SSL_get_cipher_name(pair.client.ssl);
    return pair.client.open && pair.server.open;
}

TEST(tls_context, ciphers_of_1_2_keep_what_was_recorded)
{
    CERTS certs = certs_new();
    const char *agreed = "";

    if (check_walking())
        return;
    /* The client would rather have CBC; the server decides. */
    CHECK(agree_on(&certs, "ECDHE-ECDSA-AES256-SHA384:ECDHE-ECDSA-AES256-GCM-SHA384", &agreed));
    CHECK_STR(agreed, "ECDHE-ECDSA-AES256-GCM-SHA384");
    CHECK(!agree_on(&certs, "ECDHE-ECDSA-AES256-SHA", &agreed));
    coil_tls_context *context = coil_tls_context_new(NULL);
    if (PASS(coil_err(context))) {
        STACK_OF(SSL_CIPHER) *ciphers = SSL_CTX_get_ciphers(context->ssl);
        for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
            int exchange = SSL_CIPHER_get_kx_nid(sk_SSL_CIPHER_value(ciphers, i));
            CHECK(exchange == NID_kx_ecdhe || exchange == NID_kx_dhe || exchange == NID_kx_any);
        }
        CHECK(SSL_CTX_get_security_level(context->ssl) >= 2);
        CHECK_EQ(SSL_CTX_get_session_cache_mode(context->ssl), SSL_SESS_CACHE_OFF);
    }
    coil_tls_context_unref(context);
}

TEST(tls_context, leaves_no_error_behind)
{
    CERTS certs = certs_new();
    coil_tls_options options = pair_server(&certs);

    options.ca_file = certs.trust.path;
    options.verify = COIL_TLS_VERIFY_REQUIRED;
    PASS(code_of(NULL));
    PASS(code_of(&options));
    CHECK_EQ(ERR_peek_error(), 0);
    ERR_raise(ERR_LIB_SYS, EACCES); /* nor takes one for its own */
    const coil_tls_options client = {.size = sizeof(client), .ca_file = "/nowhere"};
    FAILS(code_of(&client), -ENOENT);
    CHECK_EQ(ERR_peek_error(), 0);
}

/* Whether a server that asks in this way takes a client with or without a certificate. */
static bool takes(const struct certs *certs, coil_tls_verify verify, const char *certificate)
{
    coil_tls_options client = pair_client(certs), server = pair_server(certs);

    server.verify = verify;
    server.ca_file = certs->trust.path;
    client.certificate = certificate;
    PAIR pair = pair_with(&client, &server, "server.test");
    pair_shake(&pair, 4096);
    return pair.server.open;
}

TEST(tls_context, a_server_asks_clients_as_it_was_told)
{
    CERTS certs = certs_new(), others = certs_new();
    const char *own = certs.client.path, *other = others.client.path;
    bool walking = check_walking();

    CHECK(walking || takes(&certs, COIL_TLS_VERIFY_DEFAULT, NULL));
    CHECK(walking || takes(&certs, COIL_TLS_VERIFY_DEFAULT, other));
    CHECK(walking || takes(&certs, COIL_TLS_VERIFY_OPTIONAL, NULL));
    CHECK(walking || takes(&certs, COIL_TLS_VERIFY_OPTIONAL, own));
    CHECK(walking || !takes(&certs, COIL_TLS_VERIFY_OPTIONAL, other));
    CHECK(!takes(&certs, COIL_TLS_VERIFY_REQUIRED, NULL));
    CHECK(walking || takes(&certs, COIL_TLS_VERIFY_REQUIRED, own));
    CHECK(!takes(&certs, COIL_TLS_VERIFY_REQUIRED, other));
}

TEST(tls_context, a_client_looks_away_only_when_it_was_told)
{
    CERTS certs = certs_new(), others = certs_new();
    coil_tls_options client = pair_client(&others), server = pair_server(&certs);

    client.verify = COIL_TLS_VERIFY_OPTIONAL;
    {
        PAIR pair = pair_with(&client, &server, "server.test");
        pair_shake(&pair, 4096);
        CHECK(!pair.client.open);
    }
    client.verify = COIL_TLS_VERIFY_NONE;
    PAIR pair = pair_with(&client, &server, "other.test");
    pair_shake(&pair, 4096);
    CHECK(pair.client.open);
    CHECK(!pair.contexts[0] || coil_is_err(pair.contexts[0]) || !pair.contexts[0]->verifies);
}
