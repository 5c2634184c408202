// SPDX-License-Identifier: MIT
#include <coil/connection.h>

#include "folder.h"
#include "serving.h"

enum { FD = 2001 };

#define OPTIONS(...)                                                                               \
    (&(coil_connection_options){.size = sizeof(coil_connection_options), __VA_ARGS__})

static int code_of(coil_stream *stream)
{
    int rc = err_code(stream);

    if (rc == 0) {
        (void)coil_stream_abort(stream);
        coil_stream_unref(stream);
    }
    return rc;
}

static void *give_bad_arguments(void *argument)
{
    const char *host = "127.0.0.1";
    int datagram = net_bound(SOCK_DGRAM);

    FAILS(code_of(coil_open_connection(NULL, 0, NULL)), -EINVAL);
    FAILS(code_of(coil_open_connection(host, 80, &(coil_connection_options){.family = 0})),
          -EINVAL);
    FAILS(code_of(coil_open_connection(host, 80, OPTIONS(.fd = FD))), -EINVAL);
    FAILS(code_of(coil_open_connection(NULL, 80, OPTIONS(.fd = FD))), -EINVAL);
    FAILS(code_of(coil_open_connection(NULL, 0, OPTIONS(.fd = FD, .service = "80"))), -EINVAL);
    FAILS(code_of(coil_open_connection(NULL, 0, OPTIONS(.fd = -1))), -EINVAL);
    FAILS(code_of(coil_open_connection(NULL, 0, OPTIONS(.fd = FD))), -EBADF);
    FAILS(code_of(coil_open_connection(NULL, 0, OPTIONS(.fd = datagram))), -EINVAL);
    FAILS(code_of(coil_open_connection(host, 80, OPTIONS(.service = "80"))), -EINVAL);
    FAILS(code_of(coil_open_connection(host, 65536, NULL)), -EINVAL);
    FAILS(code_of(coil_open_connection(host, 80, OPTIONS(.happy_eyeballs_delay = -1))), -EINVAL);
    FAILS(code_of(coil_open_unix_connection(NULL, NULL)), -EINVAL);
    FAILS(code_of(coil_open_unix_connection("", NULL)), -EINVAL);
    FAILS(code_of(coil_open_unix_connection("/a", OPTIONS(.fd = FD))), -EINVAL);
    FAILS(code_of(coil_open_unix_connection(NULL, OPTIONS(.fd = datagram))), -EINVAL);
    close(datagram);
    return argument;
}

TEST(connection, refuses_bad_arguments_and_submits_nothing)
{
    WORLD(w);
    PASS(world_run(&w, give_bad_arguments, NULL));
    CHECK_EQ(world_counts(&w).submitted, 0);
}

TEST(connection, is_for_tasks)
{
    FAILS(code_of(coil_open_connection("127.0.0.1", 80, NULL)), -COIL_ENOLOOP);
    FAILS(code_of(coil_open_unix_connection("/a", NULL)), -COIL_ENOLOOP);
}

/* ---- on the simulated engine ---------------------------------------------------------------- */

struct attempt {
    int errors[2];
    size_t count;
};

static void *finds_nobody(void *argument)
{
    struct attempt *attempt = argument;

    FAILS(code_of(coil_open_connection("127.0.0.1", 80,
                                       OPTIONS(.errors = attempt->errors, .errors_size = 2,
                                               .error_count = &attempt->count))),
          -ECONNREFUSED);
    return NULL;
}

TEST(connection, tells_the_errors_of_its_attempts)
{
    struct attempt attempt = {.count = 9};
    WORLD(w);
    world_answer(&w, OP_SOCKET, FD, 0);
    world_answer(&w, OP_CONNECT, -ECONNREFUSED, 0);
    world_answer(&w, OP_CLOSE, 0, 0);
    PASS(world_run(&w, finds_nobody, &attempt));
    CHECK_EQ(attempt.count, 1);
    CHECK_EQ(attempt.errors[0], -ECONNREFUSED);
}

/* ---- on the ring ---------------------------------------------------------------------------- */

struct scene {
    int fd;
    int port;
    int local_port;
    char path[96];
};

/* The other end of a stream, as the kernel has it. */
static void *connects(void *argument)
{
    const struct scene *scene = argument;
    coil_stream *stream =
        coil_open_connection("127.0.0.1", scene->port,
                             OPTIONS(.happy_eyeballs_delay = COIL_MS(250),
                                     .local_host = "127.0.0.1", .local_port = scene->local_port));

    if (!PASS(err_code(stream)))
        return COIL_ERR(err_code(stream));
    CHECK_EQ(net_port(coil_stream_descriptor(stream)), scene->local_port);
    int peer = accept(scene->fd, NULL, NULL);
    CHECK_EQ(write(peer, "line\n", 5), 5);
    close(peer);
    char line[8] = "";
    CHECK_EQ(coil_stream_readline(stream, line, sizeof(line)), 5);
    CHECK_STR(line, "line\n");
    CHECK_EQ(coil_stream_read(stream, line, sizeof(line)), 0);
    PASS(coil_stream_close(stream));
    PASS(coil_stream_wait_closed(stream));
    coil_stream_unref(stream);
    return NULL;
}

TEST(connection, is_a_stream)
{
    struct scene scene = {.fd = net_bound(SOCK_STREAM), .local_port = net_free_port(SOCK_STREAM)};
    scene.port = net_port(scene.fd);
    {
        KERNEL(loop);
        PASS(kernel_run(loop, connects, &scene));
    }
    close(scene.fd);
}

static void *connects_to_a_path(void *argument)
{
    const struct scene *scene = argument;
    coil_stream *stream = coil_open_unix_connection(scene->path, NULL);
    int rc = err_code(stream);

    if (rc == 0)
        CHECK_EQ(coil_stream_write(stream, "hello", 5), 0);
    (void)coil_stream_close(stream);
    if (rc == 0)
        PASS(coil_stream_wait_closed(stream));
    coil_stream_unref(stream);
    return COIL_ERR(rc);
}

TEST(connection, is_made_to_a_path)
{
    FOLDER(folder);
    struct scene scene = {.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(scene.path, sizeof(scene.path), "%s/socket", folder.path);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", scene.path);
    {
        KERNEL(loop);
        FAILS(kernel_run(loop, connects_to_a_path, &scene), -ENOENT);
        CHECK_EQ(bind(scene.fd, (struct sockaddr *)&address, sizeof(address)), 0);
        FAILS(kernel_run(loop, connects_to_a_path, &scene), -ECONNREFUSED);
        CHECK_EQ(listen(scene.fd, 4), 0);
        PASS(kernel_run(loop, connects_to_a_path, &scene));
    }
    char text[8] = "";
    if (!check_walking()) {
        int peer = accept(scene.fd, NULL, NULL);
        CHECK_EQ(read(peer, text, sizeof(text)), 5);
        close(peer);
    }
    close(scene.fd);
}

static void *takes_over(void *argument)
{
    const struct scene *scene = argument;
    coil_stream *stream = coil_open_connection(NULL, 0, OPTIONS(.fd = scene->fd));

    CHECK_EQ(coil_stream_descriptor(stream), scene->fd);
    PASS(coil_stream_close(stream));
    PASS(coil_stream_wait_closed(stream));
    coil_stream_unref(stream);
    return NULL;
}

TEST(connection, takes_a_connected_socket_over)
{
    ENDS ends = ends_sockets(SOCK_STREAM);
    struct scene scene = {.fd = ends.fd[0]};
    {
        KERNEL(loop);
        PASS(kernel_run(loop, takes_over, &scene));
    }
    if (!check_walking()) {
        CHECK(fcntl(scene.fd, F_GETFD) < 0);
        ends.fd[0] = -1;
    }
}

static void *opens_slowly(void *argument)
{
    (void)argument;
    return COIL_ERR(code_of(coil_open_connection("127.0.0.1", 80, NULL)));
}

TEST(connection, leaves_no_descriptor_when_it_is_cancelled)
{
    WORLD(w);
    world_answer(&w, OP_SOCKET, FD, 0);
    world_answer(&w, OP_CONNECT, 0, COIL_SEC(75));
    world_script(w.sim, (coil_sim_answer){.opcode = OP_CLOSE, .fd = FD});
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, opens_slowly, NULL, NULL);
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(5), world_cancel, task)));
    FAILS(coil_run_until_complete(w.loop, task, NULL), -ECANCELED);
    CHECK_EQ(world_counts(&w).submitted, 3);
}
