// SPDX-License-Identifier: MIT
/*
 * A stream with TLS, and a peer at the other end of its sockets who may be as rude as he likes: a
 * bare session whose bytes the test carries itself. On the kernel's ring.
 *
 *     PEER peer = peer_of(&certs, true);      the stream is the client
 *     KERNEL(loop);
 *     PASS(kernel_run(loop, some_coroutine, &peer));
 */
#ifndef TESTS_PEER_H
#define TESTS_PEER_H

#include "ends.h"
#include "kernel.h"
#include "pair.h"

#include <coil/coil.h>

struct peer {
    struct ends ends;          /* the stream's, the peer's */
    coil_tls_context *context; /* the stream's */
    coil_tls_context *other;   /* the peer's */
    coil_tls_session_options options;
    struct tls_session session; /* the peer's */
    coil_stream *stream;
    int rc; /* of the stream's handshake */
};

#define PEER __attribute__((cleanup(peer_free))) struct peer

static inline struct peer peer_of(const struct certs *certs, bool client)
{
    const coil_tls_options options[] = {pair_server(certs), pair_client(certs)};
    struct peer peer = {
        .ends = ends_sockets(SOCK_STREAM),
        .context = coil_tls_context_new(&options[client]),
        .other = coil_tls_context_new(&options[!client]),
        .options = {.size = sizeof(peer.options), .server_hostname = "server.test"},
    };

    if (check_walking()) /* what was lost by a fault is not waited for */
        peer.options.handshake_timeout = peer.options.shutdown_timeout = COIL_MS(100);
    if (PASS(coil_err(peer.context)) && PASS(coil_err(peer.other)))
        PASS(tls_session_init(&peer.session, peer.other->ssl, client, "server.test"));
    return peer;
}

static inline void peer_free(struct peer *peer)
{
    tls_session_fini(&peer->session);
    coil_tls_context_unref(peer->context);
    coil_tls_context_unref(peer->other);
    ends_free(&peer->ends);
}

/* In a task: raw bytes of the peer's. One who cannot send or receive goes: nobody waits for him. */
static inline void peer_send(struct peer *peer, const void *raw, size_t size)
{
    if (!CHECK_EQ(coil_send(peer->ends.fd[1], raw, size, MSG_WAITALL), size))
        ends_close(&peer->ends, 1);
}

/* In a task: the peer says what his session has to say. */
static inline void peer_say(struct peer *peer)
{
    char raw[4096];
    size_t n;

    while (peer->ends.fd[1] >= 0 && (n = tls_session_take(&peer->session, raw, sizeof(raw))) > 0)
        peer_send(peer, raw, n);
}

/* In a task: the peer hears something; whether there was anything. */
static inline bool peer_hear(struct peer *peer)
{
    char raw[4096];
    ssize_t n = coil_recv(peer->ends.fd[1], raw, sizeof(raw), 0);

    if (n < 0)
        ends_close(&peer->ends, 1);
    for (ssize_t i = 0; i < n;) {
        ssize_t fed = tls_session_feed(&peer->session, raw + i, (size_t)(n - i));
        if (fed <= 0)
            break;
        i += fed;
    }
    if (n == 0)
        tls_session_feed_end(&peer->session);
    return n > 0;
}

/* In a task: the peer's part of the handshake. */
static inline int peer_shake(struct peer *peer)
{
    int rc;

    while ((rc = peer->session.ssl ? tls_session_handshake(&peer->session) : -ENOMEM) == -EAGAIN) {
        peer_say(peer);
        if (!peer_hear(peer))
            break;
    }
    peer_say(peer);
    return rc;
}

static inline void peer_write(struct peer *peer, const char *words)
{
    CHECK_EQ(tls_session_write(&peer->session, words, strlen(words)), strlen(words));
    peer_say(peer);
}

/* In a task: how many plain bytes the peer reads, 0 at the stream's announced end, or its code. */
static inline ssize_t peer_read(struct peer *peer, char *plain, size_t size)
{
    ssize_t n;

    while ((n = tls_session_read(&peer->session, plain, size)) == -EAGAIN && peer_hear(peer)) {
    }
    return n == -EAGAIN ? tls_session_read(&peer->session, plain, size) : n;
}

/* In a task: makes the stream, which the caller gives back: 0 or a code. */
static inline int peer_stream(struct peer *peer)
{
    peer->stream = coil_stream_new(peer->ends.fd[0], NULL);
    if (!coil_is_err(peer->stream))
        peer->ends.fd[0] = -1;
    return coil_err(peer->stream);
}

/* The stream is not wanted any more. */
static inline void peer_drop(struct peer *peer)
{
    coil_stream_abort(peer->stream);
    coil_stream_unref(peer->stream);
}

static void *peer_starts(void *argument)
{
    struct peer *peer = argument;

    peer->rc = coil_start_tls(peer->stream, peer->context, &peer->options);
    if (peer->rc < 0 && !coil_stream_is_closing(peer->stream)) /* nothing of it has begun */
        coil_stream_abort(peer->stream);
    return NULL;
}

/* In a task: a stream, and both parts of the handshake; whether it was made. */
static inline bool peer_meet(struct peer *peer)
{
    if (!peer->session.ssl) {
        peer->stream = COIL_ERR(-ENOMEM);
        return false;
    }
    if (!PASS(peer_stream(peer)))
        return false;
    COIL_AUTO coil_task *starts = coil_create_task(peer_starts, peer);
    if (!PASS(coil_err(starts)))
        return false;
    int rc = peer_shake(peer);
    if (rc < 0)
        ends_close(&peer->ends, 1); /* nor the stream for the peer */
    kernel_await(starts);
    return rc == 0 && peer->rc == 0;
}

/* In a task: reads words from the stream. */
static inline void peer_expect(struct peer *peer, const char *words)
{
    char heard[64] = "";
    size_t got = 0;

    PASS(coil_stream_readexactly(peer->stream, heard, strlen(words), &got));
    CHECK_STR(heard, words);
}

#endif
