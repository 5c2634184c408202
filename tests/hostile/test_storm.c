// SPDX-License-Identifier: MIT
/*
 * A storm of short connections, whose descriptors' numbers are used again at once. Either side is
 * closed or aborted at any moment, in the middle of receives and sends. What anybody gets is the
 * connection's own: each has a stamp, and all its bytes are that stamp again and again.
 */
#include "random.h"
#include "serving.h"
#include "small.h"

#include <coil/stream.h>

#include <stdlib.h>

enum {
    CLIENTS = 16,
    ROUNDS = WITH_TSAN ? 10 : 100, /* connections of each, one after the other */
    STAMP = 4,
    BLOCK = 64 * 1024, /* more than a socket takes at once; sent from where it is */
    PATIENCE = 12      /* the longest wait before a close, in turns */
};

struct storm {
    struct random random;
    coil_server *server;
    int port;
    uint32_t stamps; /* the last one given out */
    uint64_t right, wrong;
    int connected, served;
};

/* One end of a connection. */
struct end {
    struct storm *storm;
    coil_stream *stream;
    unsigned char stamp[STAMP];
    size_t got; /* bytes */
};

static unsigned choose(struct storm *storm, unsigned below)
{
    return (unsigned)random_below(&storm->random, below);
}

static void look(struct end *end, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++, end->got++) {
        bool right = (unsigned char)bytes[i] == end->stamp[end->got % STAMP];
        end->storm->right += right;
        end->storm->wrong += !right;
    }
}

static void give_up(struct storm *storm, coil_stream *stream)
{
    /* At the end of all a handler may be left whose connection has gone. */
    for (unsigned turns = choose(storm, PATIENCE); turns && coil_yield_now() == 0; turns--) {
    }
    if (choose(storm, 2))
        PASS(coil_stream_close(stream));
    else
        PASS(coil_stream_abort(stream));
}

/* ---- the server's side ---------------------------------------------------------------------- */

static void *gives_up(void *argument)
{
    struct end *end = argument;

    give_up(end->storm, end->stream);
    return NULL;
}

/* Sends back what it gets. The first bytes are the stamp. */
static void echo(struct end *end)
{
    char bytes[8 * 1024];
    size_t got = 0;
    ssize_t n = coil_stream_readexactly(end->stream, end->stamp, STAMP, &got);

    if (n == STAMP)
        n = coil_stream_send(end->stream, end->stamp, STAMP) < 0 ? -EIO : 1;
    while (n > 0) {
        n = coil_stream_read(end->stream, bytes, sizeof(bytes));
        look(end, bytes, n > 0 ? (size_t)n : 0);
        if (n > 0 && coil_stream_send(end->stream, bytes, (size_t)n) < 0)
            n = -EIO;
    }
}

static void *serves(void *stream)
{
    struct end end = {.storm = coil_stream_userdata(stream), .stream = stream};
    struct storm *storm = end.storm;

    storm->served++;
    coil_task *closer = choose(storm, 2) ? coil_create_task(gives_up, &end) : NULL;
    echo(&end);
    if (closer)
        kernel_await(closer);
    coil_unref(closer);
    PASS(coil_stream_close(stream));
    return NULL;
}

/* ---- the clients' side ---------------------------------------------------------------------- */

static void *hears(void *argument)
{
    struct end *end = argument;
    char bytes[8 * 1024];
    ssize_t n;

    while ((n = coil_stream_read(end->stream, bytes, sizeof(bytes))) > 0)
        look(end, bytes, (size_t)n);
    return NULL;
}

static void *says(void *argument)
{
    struct end *end = argument;
    size_t said = 0;
    int rc = 0;

    while (rc == 0) {
        size_t length = choose(end->storm, 4) ? 1 + choose(end->storm, 256) : BLOCK;
        char *mine = malloc(length);
        for (size_t i = 0; mine && i < length; i++)
            mine[i] = (char)end->stamp[(said + i) % STAMP];
        rc = mine ? coil_stream_send(end->stream, mine, length) : -ENOMEM;
        said += length;
        free(mine);
    }
    return NULL;
}

static void connect_once(struct storm *storm)
{
    struct end end = {.storm = storm,
                      .stream = coil_open_connection("127.0.0.1", storm->port, NULL)};

    if (!PASS(coil_err(end.stream)))
        return;
    uint32_t stamp = ++storm->stamps;
    memcpy(end.stamp, &stamp, STAMP);
    storm->connected++;
    coil_task *listener = coil_create_task(hears, &end), *speaker = coil_create_task(says, &end);
    give_up(storm, end.stream);
    kernel_await(listener);
    kernel_await(speaker);
    coil_unref(listener);
    coil_unref(speaker);
    coil_stream_unref(end.stream); /* its number is free, or will be soon */
}

static void *connects(void *storm)
{
    for (int i = 0; i < ROUNDS; i++)
        connect_once(storm);
    return NULL;
}

static void *rages(void *argument)
{
    struct storm *storm = argument;
    coil_task *clients[CLIENTS];

    storm->server = coil_start_server(serves, storm, "127.0.0.1", 0, NULL);
    storm->port = serving_port(storm->server);
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = coil_create_task(connects, storm);
    for (int i = 0; i < CLIENTS; i++) {
        kernel_await(clients[i]);
        coil_unref(clients[i]);
    }
    PASS(coil_server_abort_clients(storm->server));
    serving_end(storm->server);
    return NULL;
}

static void check_storm(uint64_t seed)
{
    struct storm storm = {.random = {seed}};

    ON_THE_RING(rages, &storm);
    CHECK_EQ(storm.connected, CLIENTS * ROUNDS);
    CHECK(storm.served > 0 && storm.right > 0);
    CHECK_EQ(storm.wrong, 0);
}

TEST(storm, every_connections_bytes_are_its_own)
{
    check_storm(1);
}

TEST(storm, every_connections_bytes_are_its_own_on_a_small_ring)
{
    SMALL_RINGS;
    check_storm(2);
}
