// SPDX-License-Identifier: MIT
#include "folder.h"
#include "serving.h"

#include <sys/stat.h>

enum { FD = 2001 };

static int code_of(coil_server *server)
{
    int rc = err_code(server);

    (void)coil_server_close(server);
    coil_server_unref(server);
    return rc;
}

static int on(const char *host, int port, const coil_server_options *options)
{
    return code_of(coil_start_server(serving_echo, NULL, host, port, options));
}

static int at(const char *path, const coil_server_options *options)
{
    return code_of(coil_start_unix_server(serving_echo, NULL, path, options));
}

static void *give_bad_arguments(void *argument)
{
    static const char *const hosts[] = {"127.0.0.1"};
    int datagram = net_bound(SOCK_DGRAM), stream = net_bound(SOCK_STREAM);

    FAILS(code_of(coil_start_server(NULL, NULL, "127.0.0.1", 0, NULL)), -EINVAL);
    FAILS(code_of(coil_start_unix_server(NULL, NULL, "/a", NULL)), -EINVAL);
    FAILS(on(NULL, -1, NULL), -EINVAL);
    FAILS(on("127.0.0.1", 65536, NULL), -EINVAL);
    FAILS(on("127.0.0.1", -1, NULL), -EINVAL);
    FAILS(on("127.0.0.1", 0, &(coil_server_options){.backlog = 1}), -EINVAL);
    FAILS(on("127.0.0.1", 0, SERVER_OPTIONS(.backlog = -1)), -EINVAL);
    FAILS(on("127.0.0.1", 1, SERVER_OPTIONS(.service = "1")), -EINVAL);
    FAILS(on("127.0.0.1", 0, SERVER_OPTIONS(.hosts = hosts, .host_count = 1)), -EINVAL);
    FAILS(on(NULL, 0, SERVER_OPTIONS(.host_count = 1)), -EINVAL);
    FAILS(on("127.0.0.1", 0, SERVER_OPTIONS(.fd = FD)), -EINVAL);
    FAILS(on(NULL, 1, SERVER_OPTIONS(.fd = FD)), -EINVAL);
    FAILS(on(NULL, 0, SERVER_OPTIONS(.fd = FD, .service = "1")), -EINVAL);
    FAILS(on(NULL, 0, SERVER_OPTIONS(.fd = -1)), -EINVAL);
    FAILS(on(NULL, 0, SERVER_OPTIONS(.fd = FD)), -EBADF);
    FAILS(on(NULL, 0, SERVER_OPTIONS(.fd = datagram)), -EINVAL);
    FAILS(at(NULL, NULL), -EINVAL);
    FAILS(at("", NULL), -EINVAL);
    FAILS(at("/a", SERVER_OPTIONS(.fd = stream)), -EINVAL);
    FAILS(at(NULL, SERVER_OPTIONS(.fd = stream)), -EINVAL); /* of another family */
    close(datagram);
    close(stream);
    return argument;
}

TEST(start, refuses_bad_arguments_and_submits_nothing)
{
    WORLD(w);
    PASS(world_run(&w, give_bad_arguments, NULL));
    CHECK_EQ(world_counts(&w).submitted, 0);
}

TEST(start, is_for_tasks)
{
    FAILS(on("127.0.0.1", 0, NULL), -COIL_ENOLOOP);
    FAILS(at("/a", NULL), -COIL_ENOLOOP);
}

/* ---- what the system refuses ---------------------------------------------------------------- */

struct scene {
    struct record log;
    int fd;
    int port;
    char path[96];
    int code;
};

static void *starts_on_a_port(void *argument)
{
    struct scene *scene = argument;
    return COIL_ERR(on("127.0.0.1", scene->port, NULL));
}

TEST(start, fails_where_somebody_listens)
{
    struct scene scene = {.fd = net_bound(SOCK_STREAM)};
    scene.port = net_port(scene.fd);
    {
        KERNEL(loop);
        FAILS(kernel_run(loop, starts_on_a_port, &scene), -EADDRINUSE);
    }
    close(scene.fd);
}

static void *starts_elsewhere(void *argument)
{
    FAILS(on("192.0.2.1", 0, NULL), -EADDRNOTAVAIL);
    return argument;
}

TEST(start, fails_on_addresses_of_others)
{
    KERNEL(loop);
    PASS(kernel_run(loop, starts_elsewhere, NULL));
}

/* The descriptor is the caller's again. */
static void *starts_in_vain(void *argument)
{
    const struct scene *scene = argument;
    return COIL_ERR(on(NULL, 0, SERVER_OPTIONS(.fd = scene->fd)));
}

TEST(start, leaves_the_callers_descriptor_alone_when_it_fails)
{
    struct scene scene = {.fd = net_bound(SOCK_STREAM)};
    {
        WORLD(w);
        world_answer(&w, OP_LISTEN, -EADDRINUSE, 0);
        FAILS(world_run(&w, starts_in_vain, &scene), -EADDRINUSE);
        CHECK_EQ(world_counts(&w).submitted, 1);
    }
    CHECK_EQ(fcntl(scene.fd, F_GETFD), FD_CLOEXEC);
    close(scene.fd);
}

static void *starts_and_is_refused(void *argument)
{
    struct scene *scene = argument;

    scene->code = on("127.0.0.1", 0, NULL);
    return NULL;
}

TEST(start, closes_a_socket_that_cannot_be_set)
{
    struct scene scene = {.code = 0};
    WORLD(w);
    world_answer(&w, OP_SOCKET, FD, 0); /* which is no descriptor */
    world_script(w.sim, (coil_sim_answer){.opcode = OP_CLOSE, .fd = FD});
    PASS(world_run(&w, starts_and_is_refused, &scene));
    FAILS(scene.code, -EBADF);
    CHECK_EQ(world_counts(&w).submitted, 2);
}

/* ---- where it listens ----------------------------------------------------------------------- */

static void *listens_on_hosts(void *argument)
{
    static const char *const hosts[] = {"127.0.0.1", "127.0.0.2", "127.0.0.1"};
    coil_server *server = coil_start_server(serving_echo, NULL, NULL, 0,
                                            SERVER_OPTIONS(.hosts = hosts, .host_count = 3));
    int fds[4] = {-1, -1, -1, -1};

    CHECK_EQ(coil_server_sockets(server, fds, 4), 2);
    CHECK(net_port(fds[0]) != 0 && net_port(fds[1]) != 0);
    CHECK(err_is(server) || serving_answers(net_port(fds[0])));
    (void)coil_server_close(server);
    coil_server_unref(server);
    return argument;
}

TEST(start, listens_on_each_host_once)
{
    KERNEL(loop);
    PASS(kernel_run(loop, listens_on_hosts, NULL));
}

static void *listens_everywhere(void *argument)
{
    coil_server *server = coil_start_server(serving_echo, NULL, "", 0, NULL);
    int fds[4];
    size_t n = coil_server_sockets(server, fds, 4);
    int v6_only = 1;
    socklen_t size = sizeof(v6_only);

    CHECK(n >= 1);
    for (size_t i = 0; i < n && i < 4; i++) {
        union net_address address = {.in.sin_port = 0};
        socklen_t length = sizeof(address);
        CHECK_EQ(getsockname(fds[i], &address.any, &length), 0);
        if (address.any.sa_family == AF_INET6)
            CHECK_EQ(getsockopt(fds[i], IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, &size), 0);
        else
            CHECK(address.in.sin_addr.s_addr == htonl(INADDR_ANY) &&
                  serving_answers(net_port(fds[i])));
    }
    CHECK_EQ(v6_only, 1);
    (void)coil_server_close(server);
    coil_server_unref(server);
    return argument;
}

TEST(start, listens_on_every_interface)
{
    KERNEL(loop);
    PASS(kernel_run(loop, listens_everywhere, NULL));
}

static void *listens_with_a_socket(void *argument)
{
    const struct scene *scene = argument;
    coil_server *server =
        coil_start_server(serving_echo, NULL, NULL, 0, SERVER_OPTIONS(.fd = scene->fd));
    int fd = -1;

    CHECK_EQ(coil_server_sockets(server, &fd, 1), 1);
    CHECK_EQ(fd, scene->fd);
    CHECK(serving_answers(scene->port));
    (void)coil_server_close(server);
    if (!err_is(server))
        PASS(coil_server_wait_closed(server));
    coil_server_unref(server);
    return NULL;
}

TEST(start, listens_with_the_callers_socket)
{
    if (check_walking())
        return; /* one that is not taken over listens, too, and a client would wait for ever */
    struct scene scene = {.fd = net_bound(SOCK_STREAM)};
    scene.port = net_port(scene.fd);
    KERNEL(loop);
    PASS(kernel_run(loop, listens_with_a_socket, &scene));
    CHECK(fcntl(scene.fd, F_GETFD) < 0);
}

/* ---- at a path ------------------------------------------------------------------------------ */

static void *listens_at_a_path(void *argument)
{
    struct scene *scene = argument;
    coil_server *server = coil_start_unix_server(
        serving_echo, NULL, scene->path, SERVER_OPTIONS(.keep_path = scene->code == -EEXIST));
    coil_stream *stream = coil_open_unix_connection(scene->path, NULL);
    char text[8] = "";

    if (PASS(coil_stream_send(stream, "hello", 5)))
        CHECK_EQ(coil_stream_readexactly(stream, text, 5, NULL), 5);
    (void)coil_stream_close(stream);
    coil_stream_unref(stream);
    (void)coil_server_close(server);
    if (!err_is(server))
        PASS(coil_server_wait_closed(server));
    coil_server_unref(server);
    return COIL_ERR(err_code(server));
}

TEST(start, listens_at_a_path_and_takes_its_file_away)
{
    FOLDER(folder);
    struct scene scene = {.code = 0};
    snprintf(scene.path, sizeof(scene.path), "%s/socket", folder.path);
    KERNEL(loop);
    PASS(kernel_run(loop, listens_at_a_path, &scene));
    CHECK(!folder_has(&folder, "socket") || check_walking());
    scene.code = -EEXIST;
    PASS(kernel_run(loop, listens_at_a_path, &scene));
    CHECK(folder_has(&folder, "socket") || check_walking());
    scene.code = 0; /* what is left is in nobody's way */
    PASS(kernel_run(loop, listens_at_a_path, &scene));
}

static void *starts_at_a_path(void *argument)
{
    struct scene *scene = argument;
    coil_server *server = coil_start_unix_server(serving_echo, NULL, scene->path, NULL);

    coil_server_unref(server);
    return COIL_ERR(err_code(server));
}

TEST(start, takes_the_file_away_also_when_the_loop_ends)
{
    FOLDER(folder);
    struct scene scene = {.code = 0};
    snprintf(scene.path, sizeof(scene.path), "%s/socket", folder.path);
    {
        KERNEL(loop);
        PASS(kernel_run(loop, starts_at_a_path, &scene));
        CHECK(folder_has(&folder, "socket") || check_walking());
    }
    CHECK(!folder_has(&folder, "socket") || check_walking());
}
