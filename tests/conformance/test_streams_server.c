// SPDX-License-Identifier: MIT
/* CPython's test_streams.py: what needs a connection by name or a server. */
#include "folder.h"
#include "serving.h"

struct scene {
    char path[96]; /* "": on the loopback */
    coil_server *server;
    coil_fn handler;
    int calls;
    int end; /* what the client heard */
};

static void start(struct scene *scene)
{
    scene->server = scene->path[0]
                        ? coil_start_unix_server(scene->handler, scene, scene->path, NULL)
                        : coil_start_server(scene->handler, scene, "127.0.0.1", 0, NULL);
    PASS(err_code(scene->server));
}

static coil_stream *connect_to(const struct scene *scene)
{
    return scene->path[0] ? coil_open_unix_connection(scene->path, NULL)
                          : coil_open_connection("127.0.0.1", serving_port(scene->server), NULL);
}

/* ---- clients --------------------------------------------------------------------------------- */

/* A little of HTTP. */
static void *answers_a_request(void *stream)
{
    char line[64] = "";

    while (coil_stream_readline(stream, line, sizeof(line)) > 2) {
    }
    PASS(coil_stream_write(stream, "HTTP/1.0 200 OK\r\n\r\nTest message", 31));
    PASS(coil_stream_close(stream));
    return NULL;
}

static void *asks(void *argument)
{
    struct scene *scene = argument;
    char line[64] = "";
    void *rest;
    size_t n;

    scene->handler = answers_a_request;
    start(scene);
    coil_stream *stream = connect_to(scene);
    PASS(coil_stream_write(stream, "GET / HTTP/1.0\r\n\r\n", 18));
    CHECK_EQ(coil_stream_readline(stream, line, sizeof(line)), 17);
    CHECK_EQ(memcmp(line, "HTTP/1.0 200 OK\r\n", 17), 0);
    if (PASS(coil_stream_read_all(stream, &rest, &n))) {
        CHECK(n == 14 && memcmp(rest, "\r\nTest message", 14) == 0);
        coil_free(rest);
    }
    serving_hang_up(stream);
    serving_end(scene->server);
    return NULL;
}

TEST(StreamTests, test_open_connection)
{
    struct scene scene = {.path = ""};
    ON_THE_RING(asks, &scene);
}

static struct scene scene_at(const struct folder *folder)
{
    struct scene scene = {.calls = 0};

    snprintf(scene.path, sizeof(scene.path), "%s/socket", folder->path);
    return scene;
}

TEST(StreamTests, test_open_unix_connection)
{
    FOLDER(folder);
    struct scene scene = scene_at(&folder);
    ON_THE_RING(asks, &scene);
}

static void *is_reset(void *argument)
{
    struct scene *scene = argument;
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    char byte;

    int listener = scene->path[0] ? net_bound_at(scene->path) : net_bound(SOCK_STREAM);
    CHECK_EQ(listen(listener, 1), 0);
    coil_stream *stream = scene->path[0]
                              ? coil_open_unix_connection(scene->path, NULL)
                              : coil_open_connection("127.0.0.1", net_port(listener), NULL);
    int peer = accept(listener, NULL, NULL);
    PASS(coil_stream_write(stream, "unread", 6));
    PASS(coil_sleep(COIL_MS(1)));
    CHECK_EQ(setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
    close(peer);
    for (int i = 0; i < 2; i++)
        FAILS(coil_stream_read(stream, &byte, 1), -ECONNRESET);
    PASS(coil_stream_close(stream));
    coil_stream_unref(stream);
    close(listener);
    return NULL;
}

TEST(StreamTests, test_open_connection_error)
{
    struct scene scene = {.path = ""};
    ON_THE_RING(is_reset, &scene);
}

TEST(StreamTests, test_open_unix_connection_error)
{
    FOLDER(folder);
    struct scene scene = scene_at(&folder);
    ON_THE_RING(is_reset, &scene);
}

/* ---- servers --------------------------------------------------------------------------------- */

static void *answers_a_line(void *stream)
{
    struct scene *scene = coil_stream_userdata(stream);
    char line[64] = "";

    scene->calls++;
    ssize_t n = coil_stream_readline(stream, line, sizeof(line));
    if (PASS(n))
        PASS(coil_stream_write(stream, line, (size_t)n));
    PASS(coil_stream_drain(stream));
    PASS(coil_stream_close(stream));
    PASS(coil_stream_wait_closed(stream));
    return NULL;
}

static void *is_called_for_each_client(void *argument)
{
    struct scene *scene = argument;

    scene->handler = answers_a_line;
    start(scene);
    for (int i = 0; i < 2; i++) {
        coil_stream *stream = connect_to(scene);
        char line[16] = "";
        PASS(coil_stream_write(stream, "hello world!\n", 13));
        CHECK_EQ(coil_stream_readline(stream, line, sizeof(line)), 13);
        CHECK_STR(line, "hello world!\n");
        serving_hang_up(stream);
        CHECK_EQ(scene->calls, i + 1);
    }
    serving_end(scene->server);
    return NULL;
}

TEST(StreamTests, test_start_server)
{
    struct scene scene = {.path = ""};
    ON_THE_RING(is_called_for_each_client, &scene);
}

TEST(StreamTests, test_start_unix_server)
{
    FOLDER(folder);
    struct scene scene = scene_at(&folder);
    ON_THE_RING(is_called_for_each_client, &scene);
}

/* ---- handlers that do not end well ----------------------------------------------------------- */

static void *hears_the_end(void *argument)
{
    struct scene *scene = argument;
    char byte;

    start(scene);
    coil_stream *stream = connect_to(scene);
    scene->end = (int)coil_stream_read(stream, &byte, 1);
    serving_hang_up(stream);
    serving_end(scene->server);
    return NULL;
}

static struct record serve_by(coil_fn handler)
{
    struct scene scene = {.handler = handler, .end = 1};
    KERNEL(loop);
    SERVING_EAR(heard, loop);
    PASS(kernel_run(loop, hears_the_end, &scene));
    CHECK_EQ(scene.end, 0);
    return heard;
}

static void *fails(void *stream)
{
    (void)stream;
    return COIL_ERR(-EBADMSG);
}

TEST(StreamTests, test_unhandled_exceptions)
{
    CHECK_STR(serve_by(fails).text, "[a client's handler failed -74]");
}

static void *fails_later(void *stream)
{
    (void)stream;
    PASS(coil_sleep(COIL_MS(1)));
    return COIL_ERR(-EBADMSG);
}

TEST(StreamTests, test_unhandled_exception)
{
    CHECK_STR(serve_by(fails_later).text, "[a client's handler failed -74]");
}

static void *is_cancelled(void *stream)
{
    (void)stream;
    (void)coil_cancel(coil_current_task());
    return COIL_ERR(coil_sleep(COIL_SEC(9)));
}

TEST(StreamTests, test_unhandled_cancel)
{
    CHECK_STR(serve_by(is_cancelled).text, "");
}

static void *forgets(void *stream)
{
    (void)stream;
    return NULL;
}

TEST(StreamTests, test_unclosed_server_resource_warnings)
{
    struct record heard = serve_by(forgets);
    const char *first = strchr(heard.text, '[');
    CHECK(first && !strchr(first + 1, '['));
}
