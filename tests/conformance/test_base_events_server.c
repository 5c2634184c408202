// SPDX-License-Identifier: MIT
/* CPython's test_base_events.py: create_server. */
#include "ear.h"
#include "engine/engine.h"
#include "host/resolve.h"
#include "serving.h"

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

static void *gives_what_does_not_fit(void *argument)
{
    int datagram = net_bound(SOCK_DGRAM), stream = net_bound(SOCK_STREAM);

    FAILS(on(NULL, -1, SERVER_OPTIONS(.fd = datagram)), -EINVAL);
    FAILS(on("127.0.0.1", 0, SERVER_OPTIONS(.fd = stream)), -EINVAL);
    FAILS(on(NULL, 80, SERVER_OPTIONS(.fd = stream)), -EINVAL);
    FAILS(on(NULL, -1, NULL), -EINVAL);
    close(stream);
    close(datagram);
    return argument;
}

TEST(BaseEventLoopWithSelectorTests, test_create_server_wrong_sock)
{
    WORLD(w);
    PASS(world_run(&w, gives_what_does_not_fit, NULL));
}

TEST(BaseEventLoopWithSelectorTests, test_create_server_host_port_sock)
{
    WORLD(w);
    PASS(world_run(&w, gives_what_does_not_fit, NULL));
}

TEST(BaseEventLoopWithSelectorTests, test_create_server_no_host_port_sock)
{
    WORLD(w);
    PASS(world_run(&w, gives_what_does_not_fit, NULL));
}

static void *serves_with_a_socket_that_does_not_wait(void *argument)
{
    int fd = net_bound(SOCK_STREAM), port = net_port(fd);

    CHECK_EQ(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    coil_server *server = coil_start_server(serving_echo, NULL, NULL, -1, SERVER_OPTIONS(.fd = fd));
    CHECK(serving_answers(port));
    CHECK(serving_answers(port));
    serving_end(server);
    return argument;
}

TEST(BaseEventLoopWithSelectorTests, test_create_server_stream_bittype)
{
    ON_THE_RING(serves_with_a_socket_that_does_not_wait, NULL);
}

static void *serves_on_ipv6(void *argument)
{
    coil_server *server = coil_start_server(serving_echo, NULL, "::1", 0, NULL);
    int fd = -1;
    union net_address address = {.in.sin_port = 0};
    socklen_t length = sizeof(address);

    CHECK_EQ(coil_server_sockets(server, &fd, 1), 1);
    CHECK_EQ(getsockname(fd, &address.any, &length), 0);
    CHECK_EQ(address.any.sa_family, AF_INET6);
    serving_end(server);
    return argument;
}

TEST(BaseEventLoopWithSelectorTests, test_create_server_ipv6)
{
    ON_THE_RING(serves_on_ipv6, NULL);
}

/* The first of its sockets that is of IPv4. */
static int port_of_ipv4(const coil_server *server)
{
    int fds[8];
    size_t n = coil_server_sockets(server, fds, 8);

    for (size_t i = 0; i < n; i++) {
        union net_address address = {.in.sin_port = 0};
        socklen_t length = sizeof(address);
        CHECK_EQ(getsockname(fds[i], &address.any, &length), 0);
        if (address.any.sa_family == AF_INET && address.in.sin_addr.s_addr == htonl(INADDR_ANY))
            return net_port_of(&address);
    }
    return 0;
}

static void *serves_on_everything(void *argument)
{
    coil_server *server = coil_start_server(serving_echo, NULL, "", 0, NULL);

    CHECK(serving_answers(port_of_ipv4(server)));
    serving_end(server);
    return argument;
}

TEST(BaseEventLoopWithSelectorTests, test_create_server_empty_host)
{
    ON_THE_RING(serves_on_everything, NULL);
}

/* ---- what fails ------------------------------------------------------------------------------ */

static int resolve_to_nothing(const char *node, const char *service, const struct addrinfo *hints,
                              struct addrinfo **result)
{
    (void)node, (void)service, (void)hints;
    *result = NULL;
    return 0;
}

static void *serves_nowhere(void *argument)
{
    FAILS(on("nowhere.example", 0, NULL), -EADDRNOTAVAIL);
    return argument;
}

TEST(BaseEventLoopWithSelectorTests, test_create_server_no_getaddrinfo)
{
    struct resolver before = coil__resolver;
    coil__resolver.getaddrinfo = resolve_to_nothing;
    ON_THE_RING(serves_nowhere, NULL);
    coil__resolver = before;
}

/* What the script gives for a socket is none, and refuses every option. */
static void *serves_with_a_bad_socket(void *argument)
{
    FAILS(on("127.0.0.1", 0, SERVER_OPTIONS(.no_reuse_address = true, .reuse_port = true)), -EBADF);
    return argument;
}

TEST(BaseEventLoopWithSelectorTests, test_create_server_soreuseport_only_defined)
{
    if (!world_is_virtual())
        return; /* every kernel that has rings has the option */
    WORLD(w);
    world_answer(&w, OP_SOCKET, 2001, 0);
    world_script(w.sim, (coil_sim_answer){.opcode = OP_CLOSE, .fd = 2001});
    PASS(world_run(&w, serves_with_a_bad_socket, NULL));
    CHECK_EQ(world_counts(&w).submitted, 2);
}

static void *cannot_bind(void *argument)
{
    FAILS(on("127.0.0.1", 80, SERVER_OPTIONS(.no_reuse_address = true)), -EACCES);
    return argument;
}

TEST(BaseEventLoopWithSelectorTests, test_create_server_cant_bind)
{
    if (!world_is_virtual())
        return; /* the kernel lets some bind to any port */
    WORLD(w);
    world_answer(&w, OP_SOCKET, 2001, 0);
    world_answer(&w, OP_BIND, -EACCES, 0);
    world_script(w.sim, (coil_sim_answer){.opcode = OP_CLOSE, .fd = 2001});
    PASS(world_run(&w, cannot_bind, NULL));
    CHECK_EQ(world_counts(&w).submitted, 3);
}

/* ---- accepting ------------------------------------------------------------------------------- */

struct scene {
    struct record log;
    int fd;
};

static void *notes_its_time(void *stream)
{
    struct scene *scene = coil_stream_userdata(stream);

    record(&scene->log, "client@%d", (int)(world_now() / COIL_MS(1)));
    PASS(coil_stream_abort(stream));
    return NULL;
}

static void *serves_for_a_while(void *argument)
{
    struct scene *scene = argument;
    coil_server *server =
        coil_start_server(notes_its_time, scene, NULL, -1, SERVER_OPTIONS(.fd = scene->fd));

    PASS(coil_sleep(COIL_SEC(3)));
    CHECK(coil_server_is_serving(server));
    serving_end(server);
    return NULL;
}

static void accepted(const struct world *w, int fd, int result, coil_time delay)
{
    world_script(
        w->sim, (coil_sim_answer){.opcode = OP_ACCEPT, .fd = fd, .result = result, .delay = delay});
}

/* The first accept gives this code; what is heard of it, and the client's time. */
static void accept_after(int code, const char *heard, const char *times)
{
    ENDS ends = ends_sockets(SOCK_STREAM);
    struct scene scene = {.fd = net_bound(SOCK_STREAM)};
    {
        WORLD(w);
        EAR(ear, w);
        world_script(w.sim, (coil_sim_answer){.opcode = OP_LISTEN, .fd = scene.fd});
        accepted(&w, scene.fd, code, 0);
        world_answer(&w, OP_POLL, 1, 0);
        accepted(&w, scene.fd, ends.fd[0], COIL_MS(1));
        world_script(w.sim, (coil_sim_answer){.opcode = OP_CLOSE, .fd = ends.fd[0]});
        world_script(w.sim, (coil_sim_answer){.opcode = OP_CLOSE, .fd = scene.fd});
        PASS(world_run(&w, serves_for_a_while, &scene));
        CHECK_STR(ear.log.text, heard);
    }
    CHECK_STR(scene.log.text, times);
    close(scene.fd);
}

TEST(BaseEventLoopWithSelectorTests, test_accept_connection_retry)
{
    if (world_is_virtual())
        accept_after(-EAGAIN, "", "client@1");
}

TEST(BaseEventLoopWithSelectorTests, test_accept_connection_exception)
{
    if (world_is_virtual())
        accept_after(-EMFILE, "[a connection could not be accepted -24]", "client@1001");
}
