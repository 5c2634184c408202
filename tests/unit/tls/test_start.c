// SPDX-License-Identifier: MIT
#include "peer.h"

#include "stream/stream.h"

#include <errno.h>
#include <netinet/in.h>

/* An exception handler. */
static void count(coil_loop *loop, const coil_exception_context *context, void *userdata)
{
    (void)loop;
    (void)context;
    ++*(int *)userdata;
}

/* ---- handshakes that fail ------------------------------------------------------------------- */

static void *meets(void *argument)
{
    struct peer *peer = argument;

    (void)peer_meet(peer);
    if (!coil_is_err(peer->stream)) {
        char byte;
        CHECK(coil_stream_read(peer->stream, &byte, 1) <= 0);
        CHECK(coil_stream_is_closing(peer->stream));
        (void)coil_stream_wait_closed(peer->stream);
    }
    coil_stream_unref(peer->stream);
    return NULL;
}

TEST(tls_start, an_impostor_is_refused_and_told)
{
    CERTS certs = certs_new();
    PEER peer = peer_of(&certs, true);
    char message[TLS_MESSAGE] = "";
    KERNEL(loop);

    peer.options.server_hostname = "other.test";
    peer.options.message = message;
    peer.options.message_size = sizeof(message);
    PASS(kernel_run(loop, meets, &peer));
    FAILS(peer.rc, -COIL_ECERTIFICATE);
    CHECK_STR(message, "hostname mismatch");
}

static void *tells(void *argument)
{
    struct peer *peer = argument;

    if (peer_stream(peer) < 0)
        return peer->stream;
    COIL_AUTO coil_task *starts = coil_create_task(peer_starts, peer);
    (void)peer_shake(peer); /* for the server of TLS 1.3 it is done before the client has looked */
    char byte;
    FAILS(peer_read(peer, &byte, 1), -COIL_ETLS);
    CHECK_STR(peer->session.message, "sslv3 alert bad certificate");
    kernel_await(starts);
    peer_drop(peer);
    return NULL;
}

TEST(tls_start, the_peer_of_a_failed_handshake_hears_why)
{
    CERTS certs = certs_new();
    PEER peer = peer_of(&certs, true);
    KERNEL(loop);

    peer.options.server_hostname = "other.test";
    if (check_walking())
        return; /* each waits for the other */
    PASS(kernel_run(loop, tells, &peer));
    FAILS(peer.rc, -COIL_ECERTIFICATE);
}

static void *meets_nobody(void *argument)
{
    struct peer *peer = argument;

    if (peer_stream(peer) < 0)
        return peer->stream;
    ends_close(&peer->ends, 1);
    int rc = coil_start_tls(peer->stream, peer->context, &peer->options);
    CHECK(rc == -ECONNRESET || rc == -EPIPE);
    CHECK(coil_stream_is_closing(peer->stream));
    peer_drop(peer);
    return NULL;
}

TEST(tls_start, a_peer_that_goes_in_the_handshake_is_a_reset)
{
    CERTS certs = certs_new();
    for (int client = 0; client < 2; client++) {
        PEER peer = peer_of(&certs, client);
        KERNEL(loop);
        (void)kernel_run(loop, meets_nobody, &peer);
    }
}

/* ---- time ----------------------------------------------------------------------------------- */

struct waits {
    coil_tls_context *context;
    coil_time patience, took;
    int rc, then;
};

static void *waits_for_a_peer(void *argument)
{
    struct waits *waits = argument;
    const coil_tls_session_options options = {.size = sizeof(options),
                                              .handshake_timeout = waits->patience};
    coil_stream *stream = stream_adopt(coil_get_running_loop(), 3, STREAM_SOCKET, NULL);

    waits->rc = coil_start_tls(stream, waits->context, &options);
    waits->took = world_now();
    if (!coil_is_err(stream))
        waits->then = coil_stream_is_closing(stream);
    coil_stream_abort(stream);
    coil_stream_unref(stream);
    return NULL;
}

static struct waits wait_for_a_peer(coil_time patience, coil_time cancel)
{
    CERTS certs = certs_new();
    const coil_tls_options server = pair_server(&certs);
    struct waits waits = {.context = coil_tls_context_new(&server), .patience = patience};
    {
        WORLD(w);
        COIL_AUTO coil_task *task = coil_create_task_with(w.loop, waits_for_a_peer, &waits, NULL);
        world_answer(&w, OP_CLOSE, 0, 0);
        if (cancel)
            PASS(coil_handle_error(coil_call_later(w.loop, cancel, world_cancel, task)));
        PASS(coil_run_until_complete(w.loop, task, NULL));
    }
    coil_tls_context_unref(waits.context);
    return waits;
}

TEST(tls_start, a_handshake_may_take_a_minute_or_what_is_said)
{
    struct waits waits = wait_for_a_peer(0, 0);
    FAILS(waits.rc, -ETIMEDOUT);
    CHECK_EQ(waits.took, COIL_SEC(60));
    CHECK(waits.then);
    waits = wait_for_a_peer(COIL_SEC(5), 0);
    FAILS(waits.rc, -ETIMEDOUT);
    CHECK_EQ(waits.took, COIL_SEC(5));
}

TEST(tls_start, a_handshake_that_is_cancelled_leaves_the_stream_aborted)
{
    struct waits waits = wait_for_a_peer(0, COIL_SEC(2));
    FAILS(waits.rc, -ECANCELED);
    CHECK_EQ(waits.took, COIL_SEC(2));
    CHECK(waits.then);
}

/* ---- ends in the handshake ------------------------------------------------------------------ */

struct shaking {
    struct peer *peer;
    int code;
};

static void *waits_in_vain(void *argument)
{
    struct shaking *shaking = argument;
    struct peer *peer = shaking->peer;

    shaking->code = coil_start_tls(peer->stream, peer->context, &peer->options);
    peer_drop(peer);
    return NULL;
}

/* Its stream is in a handshake when it ends. */
static void *leaves_it_shaking(void *argument)
{
    struct shaking *shaking = argument;
    struct peer *peer = shaking->peer;

    if (peer_stream(peer) < 0)
        return peer->stream;
    if (!PASS(coil_go(waits_in_vain, shaking))) {
        peer_drop(peer);
    }
    PASS(coil_yield_now());
    return NULL;
}

TEST(tls_start, a_loop_that_closes_ends_handshakes)
{
    CERTS certs = certs_new();
    for (int client = 0; client < 2; client++) {
        PEER peer = peer_of(&certs, client);
        struct shaking shaking = {.peer = &peer};
        int reported = 0;
        {
            KERNEL(loop);
            (void)coil_set_exception_handler(loop, count, &reported);
            (void)kernel_run(loop, leaves_it_shaking, &shaking);
        }
        FAILS(shaking.code, -ECANCELED);
        CHECK_EQ(reported, 1); /* the task was still there */
    }
}

static void *closes_it_shaking(void *argument)
{
    struct shaking *shaking = argument;

    void *result = leaves_it_shaking(shaking);
    if (!coil_is_err(result)) {
        PASS(coil_stream_close(shaking->peer->stream));
        for (int turns = 0; turns < 10; turns++)
            PASS(coil_yield_now());
    }
    return result;
}

TEST(tls_start, a_close_ends_the_handshake)
{
    CERTS certs = certs_new();
    PEER peer = peer_of(&certs, true);
    struct shaking shaking = {.peer = &peer};
    {
        KERNEL(loop);
        (void)(check_walking() || PASS(kernel_run(loop, closes_it_shaking, &shaking)));
    }
    CHECK(check_walking() || shaking.code == -COIL_ECLOSED);
}

/* ---- in the middle of a conversation -------------------------------------------------------- */

static void *upgrades(void *argument)
{
    struct peer *peer = argument;
    char line[32] = "";

    if (peer_stream(peer) < 0)
        return peer->stream;
    CHECK_EQ(coil_send(peer->ends.fd[1], "STARTTLS\n", 9, 0), 9);
    (void)tls_session_handshake(&peer->session); /* the peer does not wait for the answer */
    peer_say(peer);
    CHECK_EQ(coil_stream_readline(peer->stream, line, sizeof(line)), 9);
    PASS(coil_stream_write(peer->stream, "go\n", 3));
    FAILS(coil_tls_version(peer->stream) ? coil_err(coil_tls_version(peer->stream)) : 0, -ENOTCONN);
    COIL_AUTO coil_task *starts = coil_create_task(peer_starts, peer);
    CHECK_EQ(coil_recv(peer->ends.fd[1], line, 3, MSG_WAITALL), 3);
    CHECK_EQ(peer_shake(peer), 0);
    PASS(coil_await(starts, NULL));
    PASS(peer->rc);
    peer_write(peer, "in private");
    peer_expect(peer, "in private");
    peer_drop(peer);
    return NULL;
}

TEST(tls_start, what_was_received_before_is_the_handshakes)
{
    CERTS certs = certs_new();
    PEER peer = peer_of(&certs, false);
    KERNEL(loop);

    if (!check_walking())
        PASS(kernel_run(loop, upgrades, &peer));
}

static void *writes_too_early(void *argument)
{
    struct peer *peer = argument;

    if (peer_stream(peer) < 0)
        return peer->stream;
    COIL_AUTO coil_task *starts = coil_create_task(peer_starts, peer);
    PASS(coil_yield_now());
    FAILS(coil_stream_write(peer->stream, "x", 1), -COIL_EINVALSTATE);
    FAILS(coil_start_tls(peer->stream, peer->context, &peer->options), -EBUSY);
    CHECK_EQ(peer_shake(peer), 0);
    PASS(coil_await(starts, NULL));
    PASS(peer->rc);
    PASS(coil_stream_write(peer->stream, "x", 1));
    peer_drop(peer);
    return NULL;
}

TEST(tls_start, nobody_writes_before_the_end_of_the_handshake)
{
    CERTS certs = certs_new();
    PEER peer = peer_of(&certs, true);
    KERNEL(loop);

    if (!check_walking())
        PASS(kernel_run(loop, writes_too_early, &peer));
}

static void *echoes(void *argument);

/* ---- arguments ------------------------------------------------------------------------------ */

static void *bad_arguments(void *argument)
{
    struct peer *peer = argument;
    coil_tls_session_options options = peer->options;

    if (peer_stream(peer) < 0)
        return peer->stream;
    coil_stream *stream = peer->stream;
    FAILS(coil_start_tls(NULL, peer->context, &options), -EINVAL);
    FAILS(coil_start_tls(COIL_ERR(-EMFILE), peer->context, &options), -EMFILE);
    FAILS(coil_start_tls(stream, NULL, &options), -EINVAL);
    FAILS(coil_start_tls(stream, COIL_ERR(-ENOENT), &options), -ENOENT);
    FAILS(coil_start_tls(stream, peer->context, NULL), -EINVAL); /* whose certificate? */
    options.server_hostname = "";
    FAILS(coil_start_tls(stream, peer->context, &options), -EINVAL);
    options = peer->options;
    options.size = 1;
    FAILS(coil_start_tls(stream, peer->context, &options), -EINVAL);
    options = peer->options;
    options.handshake_timeout = -1;
    FAILS(coil_start_tls(stream, peer->context, &options), -EINVAL);
    options = peer->options;
    options.message_size = 1;
    FAILS(coil_start_tls(stream, peer->context, &options), -EINVAL);
    FAILS(coil_err(coil_open_tls_connection("localhost", 1, NULL, NULL, NULL)), -EINVAL);
    FAILS(coil_err(coil_open_tls_connection("localhost", 1, peer->other, NULL, NULL)), -EINVAL);
    const coil_tls_service services[] = {
        {.size = 1, .context = peer->other, .handler = echoes},
        {.size = sizeof(coil_tls_service), .context = peer->other},
        {.size = sizeof(coil_tls_service), .handler = echoes},
        {.size = sizeof(coil_tls_service), .context = COIL_ERR(-ENOENT), .handler = echoes},
        {.size = sizeof(coil_tls_service), .context = peer->context, .handler = echoes},
    };
    for (size_t i = 0; i < sizeof(services) / sizeof(*services); i++) {
        PASS(coil_stream_set_userdata(stream, (void *)&services[i]));
        FAILS(coil_err(coil_tls_serve(stream)), -EINVAL);
    }
    PASS(coil_stream_write(stream, "it is as it was", 15));
    coil_stream_abort(stream);
    FAILS(coil_start_tls(stream, peer->context, &peer->options), -COIL_ECLOSED);
    coil_stream_unref(stream);
    return NULL;
}

TEST(tls_start, bad_arguments_leave_the_stream_as_it_was)
{
    CERTS certs = certs_new();
    PEER peer = peer_of(&certs, true);
    KERNEL(loop);

    if (!check_walking())
        PASS(kernel_run(loop, bad_arguments, &peer));
}

/* ---- a client and a server ------------------------------------------------------------------ */

static void *echoes(void *argument)
{
    coil_stream *stream = argument;
    char words[64];
    ssize_t n;

    CHECK_STR(coil_stream_userdata(stream), "the handler's own");
    while ((n = coil_stream_read(stream, words, sizeof(words))) > 0)
        PASS(coil_stream_send(stream, words, (size_t)n));
    PASS(n);
    PASS(coil_stream_close(stream));
    return NULL;
}

struct service {
    int reported;
    coil_tls_service service;
    coil_tls_context *client, *stranger;
    int port;
};

static coil_server *serve(struct service *service)
{
    coil_server *server =
        coil_start_server(coil_tls_serve, &service->service, "127.0.0.1", 0, NULL);
    struct sockaddr_in address;
    socklen_t length = sizeof(address);
    int fd = -1;

    if (coil_server_sockets(server, &fd, 1) == 1 &&
        CHECK(getsockname(fd, (struct sockaddr *)&address, &length) == 0))
        service->port = ntohs(address.sin_port);
    return server;
}

static void *asks(void *argument)
{
    struct service *service = argument;
    const coil_tls_session_options options = {.size = sizeof(options),
                                              .server_hostname = "server.test"};
    const coil_tls_session_options nameless = {.size = sizeof(nameless), .server_hostname = ""};
    coil_server *server = serve(service);
    char words[8] = "";

    PASS(coil_err(server));
    FAILS(coil_err(coil_open_tls_connection("127.0.0.1", service->port, service->client, &nameless,
                                            NULL)),
          -EINVAL);
    FAILS(coil_err(
              coil_open_tls_connection("127.0.0.1", service->port, service->stranger, NULL, NULL)),
          -COIL_ECERTIFICATE);
    coil_stream *stream =
        coil_open_tls_connection("127.0.0.1", service->port, service->client, &options, NULL);
    if (PASS(coil_err(stream))) {
        PASS(coil_stream_send(stream, "echo", 4));
        PASS(coil_stream_readexactly(stream, words, 4, NULL));
        CHECK_STR(words, "echo");
        PASS(coil_stream_close(stream));
        PASS(coil_stream_wait_closed(stream));
    }
    coil_stream_unref(stream);
    PASS(coil_server_close(server));
    PASS(coil_server_wait_closed(server));
    coil_server_unref(server);
    return NULL;
}

TEST(tls_start, a_client_talks_with_a_server)
{
    CERTS certs = certs_new(), others = certs_new();
    const coil_tls_options options[] = {pair_server(&certs), pair_client(&certs),
                                        pair_client(&others)};
    struct service service = {
        .service = {.size = sizeof(service.service),
                    .context = coil_tls_context_new(&options[0]),
                    .handler = echoes,
                    .userdata = "the handler's own"},
        .client = coil_tls_context_new(&options[1]),
        .stranger = coil_tls_context_new(&options[2]),
    };
    {
        KERNEL(loop);
        (void)coil_set_exception_handler(loop, count, &service.reported);
        if (!check_walking())
            PASS(kernel_run(loop, asks, &service));
    }
    CHECK_EQ(service.reported, 0); /* what strangers do wrong is no news */
    coil_tls_context_unref(service.service.context);
    coil_tls_context_unref(service.client);
    coil_tls_context_unref(service.stranger);
}
