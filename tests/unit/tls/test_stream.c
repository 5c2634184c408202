// SPDX-License-Identifier: MIT
#include "peer.h"

#include <errno.h>
#include <stdlib.h>

/* Runs a script with either side as the stream. */
static void with_peer(coil_fn script, bool client)
{
    CERTS certs = certs_new();
    PEER peer = peer_of(&certs, client);
    KERNEL(loop);

    PASS(kernel_run(loop, script, &peer));
}

/* ---- bytes ---------------------------------------------------------------------------------- */

static void *talks(void *argument)
{
    struct peer *peer = argument;
    char words[32] = "";

    if (CHECK(peer_meet(peer))) {
        peer_write(peer, "how are you?");
        peer_expect(peer, "how are you?");
        PASS(coil_stream_write(peer->stream, "well", 4));
        CHECK_EQ(peer_read(peer, words, sizeof(words)), 4);
        CHECK_STR(words, "well");
        CHECK(!coil_stream_can_write_eof(peer->stream));
        FAILS(coil_stream_write_eof(peer->stream), -EOPNOTSUPP);
    }
    coil_stream_abort(peer->stream);
    coil_stream_unref(peer->stream);
    return NULL;
}

TEST(tls_stream, bytes_go_to_and_fro)
{
    with_peer(talks, true);
    with_peer(talks, false);
}

enum { MUCH = 300 * 1000 };

static void *sends_much(void *argument)
{
    struct peer *peer = argument;
    char *much = calloc(1, MUCH);

    if (!much)
        return NULL;
    for (size_t i = 0; i < MUCH; i++)
        much[i] = (char)(i * i >> 9);
    PASS(coil_stream_send(peer->stream, much, MUCH));
    free(much);
    return NULL;
}

static void *reads_much(void *argument)
{
    struct peer *peer = argument;
    char part[1000];
    ssize_t n;

    if (CHECK(peer_meet(peer))) {
        COIL_AUTO coil_task *sender = coil_create_task(sends_much, peer);
        size_t got = 0;
        bool same = true;
        while (!coil_is_err(sender) && got < MUCH &&
               (n = peer_read(peer, part, sizeof(part))) > 0) {
            for (ssize_t i = 0; i < n; i++, got++)
                same &= part[i] == (char)(got * got >> 9);
        }
        CHECK(same);
        CHECK_EQ(got, MUCH);
        kernel_await(sender);
    }
    coil_stream_abort(peer->stream);
    coil_stream_unref(peer->stream);
    return NULL;
}

TEST(tls_stream, much_goes_through)
{
    with_peer(reads_much, true);
}

/* ---- ends ----------------------------------------------------------------------------------- */

static void *closes(void *argument)
{
    struct peer *peer = argument;
    char byte;

    if (CHECK(peer_meet(peer))) {
        PASS(coil_stream_write(peer->stream, "x", 1));
        PASS(coil_stream_close(peer->stream));
        CHECK_EQ(peer_read(peer, &byte, 1), 1); /* what was written before */
        CHECK_EQ(peer_read(peer, &byte, 1), 0); /* and the end is announced */
        CHECK_EQ(tls_session_write(&peer->session, "too late", 8), 8);
        peer_say(peer); /* dropped */
        for (int turns = 0; turns < 10; turns++)
            PASS(coil_yield_now());
        CHECK(coil_stream_descriptor(peer->stream) >= 0); /* it waits for the peer's */
        PASS(tls_session_end(&peer->session));
        peer_say(peer);
    }
    int rc = coil_stream_wait_closed(peer->stream);
    CHECK(peer->rc < 0 || rc == 0);
    coil_stream_unref(peer->stream);
    return NULL;
}

TEST(tls_stream, a_close_is_announced_and_waits_for_the_peers)
{
    with_peer(closes, true);
    with_peer(closes, false);
}

static void *peer_vanishes_after_close(void *argument)
{
    struct peer *peer = argument;
    char byte;

    if (CHECK(peer_meet(peer))) {
        PASS(coil_stream_close(peer->stream));
        CHECK_EQ(peer_read(peer, &byte, 1), 0);
        ends_close(&peer->ends, 1); /* many do so */
        PASS(coil_stream_wait_closed(peer->stream));
    }
    coil_stream_unref(peer->stream);
    return NULL;
}

TEST(tls_stream, after_a_close_the_peer_may_just_go)
{
    with_peer(peer_vanishes_after_close, true);
}

static void *peer_ends(void *argument)
{
    struct peer *peer = argument;
    char words[8] = "";

    if (CHECK(peer_meet(peer))) {
        peer_write(peer, "last");
        PASS(tls_session_end(&peer->session));
        peer_say(peer);
        peer_expect(peer, "last");
        CHECK_EQ(coil_stream_read(peer->stream, words, 1), 0);
        CHECK(coil_stream_at_eof(peer->stream));
        PASS(coil_stream_write(peer->stream, "answer", 6)); /* which the other direction carries */
        CHECK_EQ(peer_read(peer, words, sizeof(words)), 6);
        PASS(coil_stream_close(peer->stream));
        CHECK_EQ(peer_read(peer, words, sizeof(words)), 0);
        PASS(coil_stream_wait_closed(peer->stream)); /* there is nobody to wait for */
    } else {
        coil_stream_abort(peer->stream);
    }
    coil_stream_unref(peer->stream);
    return NULL;
}

TEST(tls_stream, the_peers_end_is_an_end_and_leaves_the_other_direction)
{
    with_peer(peer_ends, true);
    with_peer(peer_ends, false);
}

/* What follows a peer's end on the descriptor is nothing of TLS, however much it is. */
static void *peer_talks_on(void *argument)
{
    struct peer *peer = argument;
    static const char more[TLS_PIECE + 4096];
    char byte;

    if (CHECK(peer_meet(peer))) {
        PASS(tls_session_end(&peer->session));
        peer_say(peer);
        CHECK_EQ(coil_stream_read(peer->stream, &byte, 1), 0);
        for (int i = 0; i < 4; i++)
            peer_send(peer, more, sizeof(more));
        PASS(coil_stream_write(peer->stream, "x", 1));
        CHECK_EQ(peer_read(peer, &byte, 1), 1);
        CHECK_EQ(coil_stream_read(peer->stream, &byte, 1), 0);
    }
    coil_stream_abort(peer->stream);
    coil_stream_unref(peer->stream);
    return NULL;
}

TEST(tls_stream, what_comes_after_the_peers_end_is_dropped)
{
    with_peer(peer_talks_on, true);
    with_peer(peer_talks_on, false);
}

static void *is_cut_short(void *argument)
{
    struct peer *peer = argument;
    char byte;

    if (CHECK(peer_meet(peer))) {
        peer_write(peer, "pay 10");
        peer_expect(peer, "pay 10");
        PASS(coil_stream_write(peer->stream, "?", 1));
        CHECK_EQ(peer_read(peer, &byte, 1), 1); /* nothing is left unread, so it is no reset */
        ends_close(&peer->ends, 1);             /* before "00 to somebody" */
        FAILS(coil_stream_read(peer->stream, &byte, 1), -COIL_ETRUNCATED);
        FAILS(coil_stream_read(peer->stream, &byte, 1), -COIL_ETRUNCATED);
        FAILS(coil_stream_write(peer->stream, "x", 1), -COIL_ETRUNCATED);
        FAILS(coil_stream_wait_closed(peer->stream), -COIL_ETRUNCATED);
        CHECK_STR(coil_tls_message(peer->stream), coil_strerror(COIL_ETRUNCATED));
    }
    coil_stream_abort(peer->stream);
    coil_stream_unref(peer->stream);
    return NULL;
}

TEST(tls_stream, an_end_that_the_peer_has_not_announced_is_an_error)
{
    with_peer(is_cut_short, true);
    with_peer(is_cut_short, false);
}

static void *closes_before_a_mute(void *argument)
{
    struct peer *peer = argument;

    peer->options.shutdown_timeout = COIL_MS(5);
    if (CHECK(peer_meet(peer))) {
        coil_time before = coil_loop_time(coil_get_running_loop());
        PASS(coil_stream_close(peer->stream));
        FAILS(coil_stream_wait_closed(peer->stream), -ETIMEDOUT);
        CHECK(coil_loop_time(coil_get_running_loop()) - before >= COIL_MS(5));
    }
    coil_stream_abort(peer->stream);
    coil_stream_unref(peer->stream);
    return NULL;
}

TEST(tls_stream, a_peer_that_says_nothing_to_a_close_has_so_much_time)
{
    with_peer(closes_before_a_mute, true);
}

/* ---- what is wrong -------------------------------------------------------------------------- */

static void *hears_noise(void *argument)
{
    struct peer *peer = argument;
    char byte;

    if (CHECK(peer_meet(peer))) {
        peer_send(peer, "hello there", 11);
        FAILS(coil_stream_read(peer->stream, &byte, 1), -COIL_ETLS);
        CHECK(*coil_tls_message(peer->stream));
        FAILS(coil_stream_write(peer->stream, "x", 1), -COIL_ETLS);
        FAILS(peer_read(peer, &byte, 1), -COIL_ETLS); /* the alert, before the connection goes */
        CHECK(!peer_hear(peer));
        FAILS(coil_stream_wait_closed(peer->stream), -COIL_ETLS);
    }
    coil_stream_abort(peer->stream);
    coil_stream_unref(peer->stream);
    return NULL;
}

TEST(tls_stream, an_error_stays_and_the_peer_is_told)
{
    with_peer(hears_noise, true);
    with_peer(hears_noise, false);
}

enum { UNREAD = 1 << 20, REQUESTS = 1000 };

/* Each request is refused by an alert, which the peer never reads. */
static void *asks_for_ever(void *argument)
{
    struct peer *peer = argument;
    char *unread = calloc(1, UNREAD), byte;

    SSL_set_max_proto_version(peer->session.ssl, TLS1_2_VERSION);
    SSL_clear_options(peer->session.ssl, SSL_OP_NO_RENEGOTIATION);
    if (CHECK(peer_meet(peer))) {
        PASS(coil_stream_write(peer->stream, unread, UNREAD));
        for (int i = 0; i < REQUESTS; i++) {
            CHECK_EQ(SSL_renegotiate(peer->session.ssl), 1);
            CHECK_EQ(SSL_do_handshake(peer->session.ssl), 1);
        }
        peer_say(peer);
        FAILS(coil_stream_read(peer->stream, &byte, 1), -COIL_ETLS);
        CHECK(coil_stream_write_buffer_size(peer->stream) < UNREAD + 40 * 1000);
    }
    coil_stream_abort(peer->stream);
    coil_stream_unref(peer->stream);
    free(unread);
    return NULL;
}

TEST(tls_stream, who_asks_for_new_handshakes_for_ever_is_left)
{
    if (!check_walking())
        with_peer(asks_for_ever, true);
}

static void *loses_the_connection(void *argument)
{
    struct peer *peer = argument;

    if (CHECK(peer_meet(peer))) {
        PASS(coil_stream_abort(peer->stream));
        FAILS(coil_stream_write(peer->stream, "x", 1), -COIL_ECLOSED);
        PASS(coil_stream_wait_closed(peer->stream));
        char byte;
        FAILS(peer_read(peer, &byte, 1), -COIL_ETRUNCATED); /* an abort announces nothing */
    }
    coil_stream_unref(peer->stream);
    return NULL;
}

TEST(tls_stream, an_abort_announces_nothing)
{
    with_peer(loses_the_connection, true);
}

/* ---- the loop goes -------------------------------------------------------------------------- */

static void *leaves_it_closing(void *argument)
{
    struct peer *peer = argument;

    if (CHECK(peer_meet(peer)))
        PASS(coil_stream_close(peer->stream));
    coil_stream_unref(peer->stream);
    return NULL;
}

TEST(tls_stream, a_loop_that_closes_does_not_wait_for_the_peer)
{
    with_peer(leaves_it_closing, true);
}
