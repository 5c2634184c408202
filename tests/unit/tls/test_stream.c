// SPDX-License-Identifier: MIT
#include "peer.h"

#include "stream/stream.h"

#include <coil/sendfile.h>

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
    peer_drop(peer);
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
    peer_drop(peer);
    return NULL;
}

TEST(tls_stream, much_goes_through)
{
    with_peer(reads_much, true);
}

/* Raw bytes that come at once may be more than the session takes at once. */
static void *hears_much_at_once(void *argument)
{
    enum { RECORDS = 3, RAW = RECORDS * (TLS_PIECE + 256) };
    struct peer *peer = argument;
    static const char plain[TLS_PIECE];
    char *raw = malloc(RAW);
    size_t n = 0, taken;

    if (CHECK(peer_meet(peer) && raw)) {
        for (int i = 0; i < RECORDS; i++)
            CHECK_EQ(tls_session_write(&peer->session, plain, TLS_PIECE), TLS_PIECE);
        while ((taken = tls_session_take(&peer->session, raw + n, RAW - n)) > 0)
            n += taken;
        stream_to_layer(peer->stream, raw, n);
        CHECK_EQ(peer->stream->received.size, RECORDS * TLS_PIECE);
    }
    peer_drop(peer);
    free(raw);
    return NULL;
}

TEST(tls_stream, much_may_come_at_once)
{
    if (!check_walking())
        with_peer(hears_much_at_once, false); /* a client says nothing unasked */
}

/* ---- memory --------------------------------------------------------------------------------- */

enum {
    LIMIT = 8 * 1024,
    MOST = 2 * LIMIT + 256 * 1024, /* and what its socket holds */
    MORE = 1000 * 1000
};

static void *writes_much(void *argument)
{
    struct peer *peer = argument;
    static const char zeros[1000];

    for (int i = 0; i < MORE / 1000 && peer->ends.fd[1] >= 0; i++) {
        CHECK_EQ(tls_session_write(&peer->session, zeros, sizeof(zeros)), sizeof(zeros));
        peer_say(peer);
    }
    return NULL;
}

/* A peer that writes more than a reader reads waits for him. */
static void *reads_slowly(void *argument)
{
    struct peer *peer = argument;
    char part[5000];
    size_t got = 0, most = 0;
    ssize_t n = 1;

    if (CHECK(peer_meet(peer))) {
        peer->stream->limit = LIMIT;
        COIL_AUTO coil_task *writer = coil_create_task(writes_much, peer);
        while (got < MORE && n > 0) {
            for (int turns = 0; turns < 10; turns++)
                PASS(coil_yield_now());
            most = peer->stream->received.size > most ? peer->stream->received.size : most;
            n = coil_stream_read(peer->stream, part, sizeof(part));
            got += n > 0 ? (size_t)n : 0;
        }
        CHECK_EQ(got, MORE);
        CHECK(most > 2 * LIMIT && most < MOST);
        kernel_await(writer);
    }
    peer_drop(peer);
    return NULL;
}

TEST(tls_stream, a_slow_reader_has_no_more_than_its_limit)
{
    if (!check_walking())
        with_peer(reads_slowly, true);
}

/* A write above the hard limit changes nothing, whoever the slow one is. */
static void *writes_too_much(void *argument)
{
    struct peer *peer = argument;
    char *much = calloc(1, MUCH), part[1000];
    size_t written = 0, got = 0;
    ssize_t n = 1;
    int rc = -EAGAIN;

    if (CHECK(peer_meet(peer))) {
        PASS(coil_stream_write(peer->stream, much, 3)); /* the tickets are gone */
        CHECK_EQ(peer_read(peer, part, 3), 3);
        peer->stream->hard_limit = LIMIT;
        FAILS(coil_stream_write(peer->stream, much, LIMIT + 1), -EAGAIN);
        while (written < MUCH && (rc = coil_stream_write(peer->stream, much, 1000)) == 0)
            written += 1000;
        FAILS(rc, -EAGAIN);
        CHECK(coil_stream_write_buffer_size(peer->stream) < LIMIT + 1000);
        while (got < written && (n = peer_read(peer, part, sizeof(part))) > 0)
            got += (size_t)n;
        CHECK_EQ(got, written);
        PASS(coil_stream_write(peer->stream, "x", 1));
        CHECK_EQ(peer_read(peer, part, 2), 1);
    }
    peer_drop(peer);
    free(much);
    return NULL;
}

TEST(tls_stream, a_write_above_the_hard_limit_writes_nothing)
{
    if (!check_walking())
        with_peer(writes_too_much, false);
}

/* ---- files ---------------------------------------------------------------------------------- */

static void *sends_a_file(void *argument)
{
    struct peer *peer = argument;
    PEM file = pem_new();
    char words[32] = "";

    CHECK_EQ(write(file.fd, "what nobody else may read", 25), 25);
    if (CHECK(peer_meet(peer)) &&
        CHECK_EQ(coil_stream_sendfile(peer->stream, file.fd, 5, 100), 20)) {
        CHECK_EQ(peer_read(peer, words, sizeof(words)), 20);
        CHECK_STR(words, "nobody else may read");
    }
    peer_drop(peer);
    return NULL;
}

TEST(tls_stream, a_file_goes_through_it_like_all_else)
{
    with_peer(sends_a_file, true);
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
    peer_drop(peer);
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
    peer_drop(peer);
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
    peer_drop(peer);
    return NULL;
}

TEST(tls_stream, a_peer_that_says_nothing_to_a_close_has_so_much_time)
{
    with_peer(closes_before_a_mute, true);
}

/* ---- time ----------------------------------------------------------------------------------- */

static void *carries_by_hand(void *argument)
{
    struct peer *peer = argument;
    coil_stream *stream = peer->stream;
    char raw[8192];
    size_t n;

    while (tls_session_handshake(&peer->session) == -EAGAIN || stream->written.size) {
        while ((n = tls_session_take(&peer->session, raw, sizeof(raw))) > 0)
            stream_to_layer(stream, raw, n);
        n = stream->written.size;
        if (!CHECK(n && n <= sizeof(raw)))
            break;
        chain_peek(&stream->written, raw, n);
        chain_consume(stream->streams, &stream->written, n);
        CHECK_EQ(tls_session_feed(&peer->session, raw, n), n);
    }
    while ((n = tls_session_take(&peer->session, raw, sizeof(raw))) > 0)
        stream_to_layer(stream, raw, n);
    n = stream->written.size; /* the tickets */
    chain_consume(stream->streams, &stream->written, n);
    return NULL;
}

static void *closes_before_nobody(void *argument)
{
    struct peer *peer = argument;

    peer->stream = stream_adopt(coil_get_running_loop(), 3, STREAM_SOCKET, NULL);
    COIL_AUTO coil_task *carrier = coil_create_task(carries_by_hand, peer);
    PASS(coil_start_tls(peer->stream, peer->context, &peer->options));
    PASS(coil_stream_close(peer->stream));
    CHECK_EQ(coil_stream_write_buffer_size(peer->stream), 24); /* the end is announced */
    FAILS(coil_stream_wait_closed(peer->stream), -ETIMEDOUT);
    CHECK_EQ(world_now(), COIL_SEC(30));
    coil_stream_unref(peer->stream);
    return NULL;
}

TEST(tls_stream, a_close_may_take_half_a_minute)
{
    CERTS certs = certs_new();
    PEER peer = peer_of(&certs, false);

    if (check_walking())
        return;
    WORLD(w);
    world_answer(&w, OP_SEND, 24, 0);
    world_answer(&w, OP_CLOSE, 0, 0);
    PASS(world_run(&w, closes_before_nobody, &peer));
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
    peer_drop(peer);
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
    peer_drop(peer);
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

static void *leaves_it_open(void *argument)
{
    struct peer *peer = argument;

    CHECK(peer_meet(peer));
    return NULL;
}

TEST(tls_stream, a_loop_that_closes_ends_an_open_one_as_well)
{
    CERTS certs = certs_new();
    PEER peer = peer_of(&certs, true);
    {
        KERNEL(loop);
        PASS(kernel_run(loop, leaves_it_open, &peer));
    }
    FAILS(coil_stream_error(peer.stream), -COIL_ECLOSED);
    if (!check_walking()) { /* nobody waits, but the end was announced */
        char raw[4096], byte;
        ssize_t n = recv(peer.ends.fd[1], raw, sizeof(raw), MSG_DONTWAIT);
        CHECK(n > 0 && tls_session_feed(&peer.session, raw, (size_t)n) == n);
        CHECK_EQ(tls_session_read(&peer.session, &byte, 1), 0);
    }
    coil_stream_unref(peer.stream);
}
