// SPDX-License-Identifier: MIT
#include "serving.h"

enum { FLOOD = 12 << 20 }; /* more than sockets hold */

/* ---- without a loop ------------------------------------------------------------------------- */

TEST(server, takes_what_could_not_be_made)
{
    coil_server *bad = coil_err_ptr(-EADDRINUSE);
    FAILS(coil_server_start_serving(bad), -EADDRINUSE);
    FAILS(coil_server_serve_forever(bad), -EADDRINUSE);
    FAILS(coil_server_close(bad), -EADDRINUSE);
    FAILS(coil_server_wait_closed(bad), -EADDRINUSE);
    FAILS(coil_server_close_clients(bad), -EADDRINUSE);
    FAILS(coil_server_abort_clients(bad), -EADDRINUSE);
    FAILS(coil_server_close(NULL), -EINVAL);
    FAILS(err_code(coil_server_ref(NULL)), -EINVAL);
    CHECK_PTR(coil_server_ref(bad), bad);
    CHECK(!coil_server_is_serving(bad));
    CHECK_EQ(coil_server_sockets(bad, NULL, 0), 0);
    CHECK_PTR(coil_server_loop(NULL), NULL);
    coil_server_unref(bad);
    coil_server_unref(NULL);
}

/* ---- the life of one ------------------------------------------------------------------------ */

static coil_server *start(bool later)
{
    coil_server *server =
        coil_start_server(serving_echo, NULL, "127.0.0.1", 0, SERVER_OPTIONS(.start_later = later));
    PASS(err_code(server));
    return server;
}

static void *serves_and_closes(void *argument)
{
    coil_server *server = start(false);
    int port = serving_port(server);

    if (err_is(server))
        return server;
    CHECK(coil_server_is_serving(server));
    CHECK_PTR(coil_server_loop(server), coil_get_running_loop());
    CHECK(serving_answers(port));
    PASS(coil_server_start_serving(server)); /* it has begun */
    PASS(coil_server_close(server));
    PASS(coil_server_close(server));
    CHECK(!coil_server_is_serving(server));
    CHECK_EQ(coil_server_sockets(server, NULL, 0), 0);
    PASS(coil_server_wait_closed(server));
    PASS(coil_server_wait_closed(server));
    FAILS(net_client(port), -ECONNREFUSED);
    FAILS(coil_server_start_serving(server), -COIL_ECLOSED);
    FAILS(coil_server_serve_forever(server), -COIL_ECLOSED);
    coil_server_unref(server);
    return argument;
}

TEST(server, serves_until_it_is_closed)
{
    KERNEL(loop);
    SERVING_EAR(log, loop);
    PASS(kernel_run(loop, serves_and_closes, NULL));
    CHECK_STR(log.text, "");
}

static void *starts_later(void *argument)
{
    coil_server *server = start(true);
    int port = serving_port(server);

    if (err_is(server))
        return server;
    CHECK(!coil_server_is_serving(server));
    FAILS(net_client(port), -ECONNREFUSED); /* bound, and no more */
    PASS(coil_server_start_serving(server));
    CHECK(serving_answers(port));
    PASS(coil_server_close(server));
    PASS(coil_server_wait_closed(server));
    coil_server_unref(server);
    return argument;
}

TEST(server, can_be_started_later)
{
    KERNEL(loop);
    PASS(kernel_run(loop, starts_later, NULL));
}

static void *is_never_started(void *argument)
{
    coil_server *server = start(true);
    int fd = -1;

    if (err_is(server))
        return server;
    CHECK_EQ(coil_server_sockets(server, &fd, 1), 1);
    PASS(coil_server_close(server));
    PASS(coil_server_wait_closed(server));
    CHECK(fcntl(fd, F_GETFD) < 0);
    coil_server_unref(server);
    return argument;
}

TEST(server, can_be_closed_before_it_is_started)
{
    KERNEL(loop);
    PASS(kernel_run(loop, is_never_started, NULL));
}

/* ---- for ever ------------------------------------------------------------------------------- */

struct forever {
    coil_server *server;
    coil_task *task;
    coil_task *first;
};

static void *serves_forever(void *server)
{
    return COIL_ERR(coil_server_serve_forever(server));
}

static void *cancels_forever(void *argument)
{
    coil_server *server = start(true);
    int port = serving_port(server);
    coil_task *task = coil_create_task(serves_forever, server);

    if (!err_is(server) && !err_is(task)) {
        while (!coil_server_is_serving(server) && !coil_done(task))
            PASS(coil_sleep(COIL_MS(1)));
        FAILS(coil_server_serve_forever(server), -EBUSY);
        CHECK(serving_answers(port));
        coil_stream *stream = coil_open_connection("127.0.0.1", port, NULL);
        char byte;
        PASS(coil_stream_send(stream, "x", 1));
        CHECK_EQ(coil_stream_read(stream, &byte, 1), 1); /* it is being served */
        (void)coil_cancel(task);
        FAILS(coil_await(task, NULL), -ECANCELED);
        CHECK_EQ(coil_stream_read(stream, &byte, 1), 0); /* its stream was closed */
        (void)coil_stream_close(stream);
        coil_stream_unref(stream);
        CHECK(!coil_server_is_serving(server));
        PASS(coil_server_wait_closed(server));
        FAILS(coil_server_serve_forever(server), -COIL_ECLOSED);
    }
    coil_unref(task);
    coil_server_unref(server);
    return argument;
}

TEST(server, is_closed_with_its_clients_when_forever_is_cancelled)
{
    if (check_walking())
        return; /* who waits for a byte that a fault took away waits for ever */
    KERNEL(loop);
    SERVING_EAR(log, loop);
    PASS(kernel_run(loop, cancels_forever, NULL));
    CHECK_STR(log.text, "");
}

static void *closes_forever(void *argument)
{
    coil_server *server = start(false);
    coil_task *task = coil_create_task(serves_forever, server);

    PASS(coil_sleep(COIL_MS(1)));
    (void)coil_server_close(server);
    kernel_await(task);
    CHECK(coil_cancelled(task) || check_walking());
    coil_unref(task);
    coil_server_unref(server);
    return argument;
}

TEST(server, ends_forever_when_somebody_closes_it)
{
    KERNEL(loop);
    PASS(kernel_run(loop, closes_forever, NULL));
}

/* ---- clients -------------------------------------------------------------------------------- */

struct crowd {
    int (*act)(coil_server *server);
    coil_stream *streams[3];
    bool flood; /* more than the clients take */
    ssize_t heard;
};

static void *floods(void *stream)
{
    static char block[FLOOD];
    const struct crowd *crowd = coil_stream_userdata(stream);
    char byte;

    if (crowd->flood)
        (void)coil_stream_write(stream, block, sizeof(block));
    (void)!coil_stream_read(stream, &byte, 1);
    (void)coil_stream_close(stream);
    return NULL;
}

static void *ends_a_crowd(void *argument)
{
    struct crowd *crowd = argument;
    coil_server *server = coil_start_server(floods, crowd, "127.0.0.1", 0, NULL);
    int clients[3];

    if (err_is(server))
        return server;
    for (int i = 0; i < 3; i++)
        clients[i] = net_client(serving_port(server));
    PASS(coil_sleep(COIL_MS(5)));
    PASS(coil_server_close(server));
    PASS(crowd->act(server));
    PASS(coil_server_wait_closed(server));
    for (int i = 0; i < 3; i++) {
        char block[4096];
        ssize_t n;
        while ((n = read(clients[i], block, sizeof(block))) > 0)
            crowd->heard += n;
        close(clients[i]);
    }
    coil_server_unref(server);
    return NULL;
}

TEST(server, closes_its_clients)
{
    struct crowd crowd = {.act = coil_server_close_clients};
    KERNEL(loop);
    SERVING_EAR(log, loop);
    PASS(kernel_run(loop, ends_a_crowd, &crowd));
    CHECK_EQ(crowd.heard, 0);
    CHECK_STR(log.text, "");
}

/* Their unread data would keep them for ever. */
TEST(server, aborts_its_clients)
{
    struct crowd crowd = {.act = coil_server_abort_clients, .flood = true};
    if (check_walking())
        return; /* without a handler nobody fills the sockets */
    KERNEL(loop);
    PASS(kernel_run(loop, ends_a_crowd, &crowd));
    CHECK(crowd.heard > 0 && crowd.heard < 3 * FLOOD);
}

/* ---- the end of its loop -------------------------------------------------------------------- */

static void *leaves_everything_open(void *argument)
{
    struct forever *forever = argument;

    forever->server = start(false);
    forever->first = coil_create_task(serves_forever, forever->server);
    (void)serving_answers(serving_port(forever->server));
    return NULL;
}

TEST(server, ends_with_its_loop)
{
    struct forever forever = {.server = NULL};
    int fd = -1;
    {
        KERNEL(loop);
        PASS(kernel_run(loop, leaves_everything_open, &forever));
        CHECK(coil_server_sockets(forever.server, &fd, 1) == 1 || check_walking());
        coil_unref(forever.first);
    }
    CHECK(fcntl(fd, F_GETFD) < 0);
    CHECK(!coil_server_is_serving(forever.server));
    CHECK_PTR(coil_server_loop(forever.server), NULL);
    coil_server_unref(forever.server);
}

/* Nobody holds it: it goes on all the same. */
static void *lets_go(void *argument)
{
    coil_server *server = start(false);
    int port = serving_port(server);

    coil_server_unref(server);
    CHECK(serving_answers(port) || check_walking());
    return argument;
}

TEST(server, needs_nobody_who_holds_it)
{
    KERNEL(loop);
    PASS(kernel_run(loop, lets_go, NULL));
}
