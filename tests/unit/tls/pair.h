// SPDX-License-Identifier: MIT
/* Two sessions that talk in memory, and end with their scope. */
#ifndef TESTS_PAIR_H
#define TESTS_PAIR_H

#include "certs.h"
#include "tls/context.h"
#include "tls/session.h"

#include <coil/tls.h>

#include <errno.h>

struct pair {
    coil_tls_context *contexts[2];
    struct tls_session client, server;
    bool made;
};

#define PAIR __attribute__((cleanup(pair_free))) struct pair

static inline coil_tls_options pair_client(const struct certs *certs)
{
    return (coil_tls_options){.size = sizeof(coil_tls_options), .ca_file = certs->trust.path};
}

static inline coil_tls_options pair_server(const struct certs *certs)
{
    return (coil_tls_options){
        .size = sizeof(coil_tls_options), .server = true, .certificate = certs->server.path};
}

/* By the client's options and the server's, for a host of this name. */
static inline struct pair pair_with(const coil_tls_options *client, const coil_tls_options *server,
                                    const char *hostname)
{
    struct pair pair = {.contexts = {coil_tls_context_new(client), coil_tls_context_new(server)}};

    if (PASS(coil_err(pair.contexts[0])) && PASS(coil_err(pair.contexts[1])))
        pair.made = PASS(tls_session_init(&pair.client, pair.contexts[0]->ssl, false, hostname)) &&
                    PASS(tls_session_init(&pair.server, pair.contexts[1]->ssl, true, NULL));
    return pair;
}

static inline struct pair pair_of(const struct certs *certs, const char *hostname)
{
    const coil_tls_options client = pair_client(certs), server = pair_server(certs);

    return pair_with(&client, &server, hostname);
}

static inline void pair_free(struct pair *pair)
{
    tls_session_fini(&pair->client);
    tls_session_fini(&pair->server);
    coil_tls_context_unref(pair->contexts[0]);
    coil_tls_context_unref(pair->contexts[1]);
}

/* Carries what one has to say to the other, so many bytes at a time; whether there was any. */
static inline bool pair_carry(struct tls_session *from, struct tls_session *to, size_t step)
{
    char raw[4096];
    size_t n = tls_session_take(from, raw, step < sizeof(raw) ? step : sizeof(raw));

    for (size_t i = 0; i < n;) {
        ssize_t fed = tls_session_feed(to, raw + i, n - i);
        if (fed <= 0)
            break;
        i += (size_t)fed;
    }
    return n > 0;
}

/* Both handshakes, as far as they come. */
static inline void pair_shake(struct pair *pair, size_t step)
{
    bool moved = pair->made;

    while (moved) {
        (void)tls_session_handshake(&pair->client);
        moved = pair_carry(&pair->client, &pair->server, step);
        (void)tls_session_handshake(&pair->server);
        moved |= pair_carry(&pair->server, &pair->client, step);
    }
}

/* What the one has written, as the other reads it; its code when there is nothing. */
static inline ssize_t pair_read(struct tls_session *from, struct tls_session *to, void *plain,
                                size_t size)
{
    ssize_t n;

    while ((n = tls_session_read(to, plain, size)) == -EAGAIN && pair_carry(from, to, 4096)) {
    }
    return n;
}

static inline int pair_say(struct tls_session *from, struct tls_session *to, const char *words)
{
    char heard[64] = "";
    ssize_t n = tls_session_write(from, words, strlen(words));

    if (n < 0)
        return (int)n;
    n = pair_read(from, to, heard, sizeof(heard) - 1);
    return n < 0 ? (int)n : strcmp(words, heard);
}

#endif
