// SPDX-License-Identifier: MIT
/* CPython's test_server.py. */
#include "folder.h"
#include "serving.h"

struct scene {
    char path[96];
    bool is_unix;
    coil_server *server;
    int fd;
};

static coil_stream *connect_to(const struct scene *scene)
{
    return scene->is_unix ? coil_open_unix_connection(scene->path, NULL)
                          : coil_open_connection("127.0.0.1", serving_port(scene->server), NULL);
}

/* What a client hears that says hello; "": it is not served. */
static bool is_answered(const struct scene *scene)
{
    coil_stream *stream = connect_to(scene);
    char text[8] = "";
    bool answered = coil_stream_send(stream, "hello", 5) == 0 &&
                    coil_stream_readexactly(stream, text, 5, NULL) == 5;

    serving_hang_up(stream);
    return answered;
}

static void *serves_forever(void *server)
{
    return COIL_ERR(coil_server_serve_forever(server));
}

/* ---- BaseStartServer ------------------------------------------------------------------------- */

static void *is_started_by_forever(void *argument)
{
    struct scene *scene = argument;
    coil_server *server = scene->server =
        coil_start_server(serving_echo, NULL, "127.0.0.1", 0, SERVER_OPTIONS(.start_later = true));
    int port = serving_port(server);

    CHECK(!coil_server_is_serving(server));
    FAILS(net_client(port), -ECONNREFUSED);
    coil_task *task = coil_create_task(serves_forever, server);
    while (!coil_server_is_serving(server) && !coil_done(task))
        PASS(coil_yield_now());
    CHECK(is_answered(scene));
    coil_cancel(task);
    FAILS(coil_await(task, NULL), -ECANCELED);
    coil_unref(task);
    CHECK_EQ(coil_server_sockets(server, NULL, 0), 0);
    CHECK(!coil_server_is_serving(server));
    FAILS(coil_server_serve_forever(server), -COIL_ECLOSED);
    coil_server_unref(server);
    return NULL;
}

TEST(BaseStartServer, test_start_server_1)
{
    struct scene scene = {.is_unix = false};
    ON_THE_RING(is_started_by_forever, &scene);
}

/* ---- SelectorStartServerTests ---------------------------------------------------------------- */

static void *is_started_at_a_path(void *argument)
{
    struct scene *scene = argument;
    coil_server *server = scene->server = coil_start_unix_server(
        serving_echo, NULL, scene->path, SERVER_OPTIONS(.start_later = true));

    CHECK(!coil_server_is_serving(server));
    FAILS(net_client_at(scene->path), -ECONNREFUSED);
    PASS(coil_server_start_serving(server));
    CHECK(coil_server_is_serving(server));
    PASS(coil_server_start_serving(server));
    CHECK(coil_server_is_serving(server));
    CHECK(is_answered(scene));
    coil_task *task = coil_create_task(serves_forever, server);
    PASS(coil_yield_now());
    coil_cancel(task);
    FAILS(coil_await(task, NULL), -ECANCELED);
    coil_unref(task);
    CHECK_EQ(coil_server_sockets(server, NULL, 0), 0);
    CHECK(!coil_server_is_serving(server));
    FAILS(coil_server_serve_forever(server), -COIL_ECLOSED);
    coil_server_unref(server);
    return NULL;
}

static struct scene scene_at(const struct folder *folder)
{
    struct scene scene = {.is_unix = true, .fd = -1};

    snprintf(scene.path, sizeof(scene.path), "%s/socket", folder->path);
    return scene;
}

TEST(SelectorStartServerTests, test_start_unix_server_1)
{
    FOLDER(folder);
    struct scene scene = scene_at(&folder);
    ON_THE_RING(is_started_at_a_path, &scene);
}

/* ---- TestServer2 ----------------------------------------------------------------------------- */

static void *waits_closed(void *server)
{
    return COIL_ERR(coil_server_wait_closed(server));
}

/* A server with one client, which is being served. */
static coil_stream *one_client(coil_server **server, coil_fn handler)
{
    char byte;

    *server = coil_start_server(handler, NULL, "127.0.0.1", 0, NULL);
    coil_stream *stream = coil_open_connection("127.0.0.1", serving_port(*server), NULL);
    PASS(coil_stream_send(stream, "x", 1));
    CHECK_EQ(coil_stream_read(stream, &byte, 1), 1);
    return stream;
}

static void *is_waited_for(void *argument)
{
    coil_server *server;
    coil_stream *stream = one_client(&server, serving_echo);
    coil_task *tasks[2];

    for (int i = 0; i < 2; i++)
        tasks[i] = coil_create_task(waits_closed, server);
    PASS(coil_yield_now());
    CHECK(!coil_done(tasks[0]) && !coil_done(tasks[1])); /* it is not closed */
    PASS(coil_server_close(server));
    PASS(coil_sleep(COIL_MS(5)));
    CHECK(!coil_done(tasks[0]) && !coil_done(tasks[1])); /* a connection is left */
    serving_hang_up(stream);
    for (int i = 0; i < 2; i++) {
        PASS(coil_await(tasks[i], NULL));
        coil_unref(tasks[i]);
    }
    PASS(coil_server_wait_closed(server));
    coil_server_unref(server);
    return argument;
}

TEST(TestServer2, test_wait_closed_basic)
{
    ON_THE_RING(is_waited_for, NULL);
}

static coil_server *raced;

static int close_the_server(void *stream)
{
    PASS(coil_server_close(raced));
    PASS(coil_stream_close(stream));
    return 0;
}

static void *is_closed_with_its_client(void *argument)
{
    coil_stream *stream = one_client(&raced, serving_echo);
    coil_task *task = coil_create_task(waits_closed, raced);

    PASS(coil_yield_now());
    CHECK(!coil_done(task));
    PASS(coil_handle_error(coil_call_soon(coil_get_running_loop(), close_the_server, stream)));
    PASS(coil_await(task, NULL));
    coil_unref(task);
    coil_stream_unref(stream);
    coil_server_unref(raced);
    return argument;
}

TEST(TestServer2, test_wait_closed_race)
{
    ON_THE_RING(is_closed_with_its_client, NULL);
}

static void *closes_clients(void *argument)
{
    coil_server *server;
    coil_stream *stream = one_client(&server, serving_echo);
    char byte;

    PASS(coil_server_close(server));
    PASS(coil_server_close_clients(server));
    PASS(coil_server_wait_closed(server));
    CHECK_EQ(coil_stream_read(stream, &byte, 1), 0);
    serving_hang_up(stream);
    coil_server_unref(server);
    return argument;
}

TEST(TestServer2, test_close_clients)
{
    ON_THE_RING(closes_clients, NULL);
}

/* Writes more than its peer takes. */
static void *floods(void *stream)
{
    static char block[12 << 20];
    char byte;

    CHECK_EQ(coil_stream_read(stream, &byte, 1), 1);
    PASS(coil_stream_write(stream, &byte, 1));
    PASS(coil_stream_write(stream, block, sizeof(block)));
    (void)!coil_stream_read(stream, &byte, 1);
    PASS(coil_stream_close(stream));
    return NULL;
}

static void *aborts_clients(void *argument)
{
    coil_server *server;
    coil_stream *stream = one_client(&server, floods);

    PASS(coil_server_close(server));
    PASS(coil_server_close_clients(server)); /* which is not enough: it is to be sent before */
    coil_task *task = coil_create_task(waits_closed, server);
    PASS(coil_sleep(COIL_MS(5)));
    CHECK(!coil_done(task));
    PASS(coil_server_abort_clients(server));
    PASS(coil_await(task, NULL));
    coil_unref(task);
    PASS(coil_stream_abort(stream));
    coil_stream_unref(stream);
    coil_server_unref(server);
    return argument;
}

TEST(TestServer2, test_abort_clients)
{
    ON_THE_RING(aborts_clients, NULL);
}

/* ---- UnixServerCleanupTests ------------------------------------------------------------------ */

static void *starts_and_closes(void *argument)
{
    struct scene *scene = argument;
    bool by_descriptor = scene->fd > 0;

    scene->server = coil_start_unix_server(serving_echo, NULL, by_descriptor ? NULL : scene->path,
                                           by_descriptor ? SERVER_OPTIONS(.fd = scene->fd) : NULL);
    PASS(err_code(scene->server));
    CHECK(access(scene->path, F_OK) == 0);
    serving_end(scene->server);
    CHECK(access(scene->path, F_OK) != 0);
    return NULL;
}

TEST(UnixServerCleanupTests, test_unix_server_addr_cleanup)
{
    FOLDER(folder);
    struct scene scene = scene_at(&folder);
    ON_THE_RING(starts_and_closes, &scene);
}

TEST(UnixServerCleanupTests, test_unix_server_sock_cleanup)
{
    FOLDER(folder);
    struct scene scene = scene_at(&folder);
    scene.fd = net_bound_at(scene.path);
    ON_THE_RING(starts_and_closes, &scene);
}

static void *finds_its_file_gone(void *argument)
{
    const struct scene *scene = argument;
    coil_server *server = coil_start_unix_server(serving_echo, NULL, scene->path, NULL);

    CHECK_EQ(unlink(scene->path), 0);
    serving_end(server);
    return NULL;
}

TEST(UnixServerCleanupTests, test_unix_server_cleanup_gone)
{
    FOLDER(folder);
    struct scene scene = scene_at(&folder);
    ON_THE_RING(finds_its_file_gone, &scene);
}

static void *finds_its_file_replaced(void *argument)
{
    const struct scene *scene = argument;
    coil_server *first = coil_start_unix_server(serving_echo, NULL, scene->path, NULL);
    coil_server *second = coil_start_unix_server(serving_echo, NULL, scene->path, NULL);

    serving_end(first);
    CHECK(access(scene->path, F_OK) == 0);
    serving_end(second);
    CHECK(access(scene->path, F_OK) != 0);
    return NULL;
}

TEST(UnixServerCleanupTests, test_unix_server_cleanup_replaced)
{
    FOLDER(folder);
    struct scene scene = scene_at(&folder);
    ON_THE_RING(finds_its_file_replaced, &scene);
}

static void *is_told_to_keep_its_file(void *argument)
{
    const struct scene *scene = argument;

    serving_end(
        coil_start_unix_server(serving_echo, NULL, scene->path, SERVER_OPTIONS(.keep_path = true)));
    CHECK(access(scene->path, F_OK) == 0);
    return NULL;
}

TEST(UnixServerCleanupTests, test_unix_server_cleanup_prevented)
{
    FOLDER(folder);
    struct scene scene = scene_at(&folder);
    ON_THE_RING(is_told_to_keep_its_file, &scene);
}
