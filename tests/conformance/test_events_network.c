// SPDX-License-Identifier: MIT
/* CPython's test_events.py: connections, servers and endpoints. */
#include "folder.h"
#include "host/resolve.h"
#include "serving.h"

#include <coil/endpoint.h>

#define OPTIONS(...)                                                                               \
    (&(coil_connection_options){.size = sizeof(coil_connection_options), __VA_ARGS__})
#define ENDPOINT(...) (&(coil_endpoint_options){.size = sizeof(coil_endpoint_options), __VA_ARGS__})

static coil_server *echo_server(void)
{
    coil_server *server = coil_start_server(serving_echo, NULL, "127.0.0.1", 0, NULL);

    PASS(err_code(server));
    return server;
}

/* Says hello, hears it, and hears the end after its own. */
static void talk(coil_stream *stream)
{
    char text[8] = "";

    PASS(err_code(stream));
    PASS(coil_stream_send(stream, "hello", 5));
    CHECK_EQ(coil_stream_readexactly(stream, text, 5, NULL), 5);
    CHECK_STR(text, "hello");
    PASS(coil_stream_write_eof(stream));
    CHECK_EQ(coil_stream_read(stream, text, sizeof(text)), 0);
    serving_hang_up(stream);
}

/* ---- connections ----------------------------------------------------------------------------- */

static void *connects(void *argument)
{
    coil_server *server = echo_server();
    coil_stream *stream = coil_open_connection("127.0.0.1", serving_port(server), NULL);

    CHECK(net_port(coil_stream_descriptor(stream)) != 0);
    talk(stream);
    serving_end(server);
    return argument;
}

TEST(EventLoopTestsMixin, test_create_connection)
{
    ON_THE_RING(connects, NULL);
}

static void *connects_to_a_path(void *path)
{
    coil_server *server = coil_start_unix_server(serving_echo, NULL, path, NULL);

    talk(coil_open_unix_connection(path, NULL));
    serving_end(server);
    return NULL;
}

TEST(EventLoopTestsMixin, test_create_unix_connection)
{
    FOLDER(folder);
    char path[96];
    snprintf(path, sizeof(path), "%s/socket", folder.path);
    ON_THE_RING(connects_to_a_path, path);
}

static void *connects_from_a_port(void *argument)
{
    coil_server *server = echo_server();
    int local = net_free_port(SOCK_STREAM);
    coil_stream *stream = coil_open_connection(
        "127.0.0.1", serving_port(server), OPTIONS(.local_host = "127.0.0.1", .local_port = local));

    CHECK_EQ(net_port(coil_stream_descriptor(stream)), local);
    talk(stream);
    serving_end(server);
    return argument;
}

TEST(EventLoopTestsMixin, test_create_connection_local_addr)
{
    ON_THE_RING(connects_from_a_port, NULL);
}

/* "local" has an address of each family. */
static int resolve(const char *node, const char *service, const struct addrinfo *hints,
                   struct addrinfo **result)
{
    struct addrinfo numeric = *hints;

    numeric.ai_flags |= AI_NUMERICHOST;
    if (strcmp(node, "local") != 0)
        return getaddrinfo(node, service, &numeric, result);
    int rc = getaddrinfo("::1", service, &numeric, result);
    return rc ? rc : getaddrinfo("127.0.0.1", service, &numeric, &(*result)->ai_next);
}

static void *skips_the_other_family(void *argument)
{
    coil_server *server = echo_server();
    int local = net_free_port(SOCK_STREAM);
    coil_stream *stream = coil_open_connection("127.0.0.1", serving_port(server),
                                               OPTIONS(.local_host = "local", .local_port = local));

    CHECK_EQ(net_port(coil_stream_descriptor(stream)), local);
    talk(stream);
    serving_end(server);
    return argument;
}

TEST(EventLoopTestsMixin, test_create_connection_local_addr_skip_different_family)
{
    struct resolver before = coil__resolver;
    coil__resolver.getaddrinfo = resolve;
    ON_THE_RING(skips_the_other_family, NULL);
    coil__resolver = before;
}

static void *has_only_the_other_family(void *argument)
{
    coil_server *server = echo_server();

    FAILS(err_code(coil_open_connection("127.0.0.1", serving_port(server),
                                        OPTIONS(.local_host = "::1", .local_port = 9))),
          -EADDRNOTAVAIL);
    serving_end(server);
    return argument;
}

TEST(EventLoopTestsMixin, test_create_connection_local_addr_nomatch_family)
{
    ON_THE_RING(has_only_the_other_family, NULL);
}

static void *takes_a_port_that_is_taken(void *argument)
{
    coil_server *server = echo_server();
    int port = serving_port(server);

    FAILS(err_code(coil_open_connection("127.0.0.1", port,
                                        OPTIONS(.local_host = "127.0.0.1", .local_port = port))),
          -EADDRINUSE);
    serving_end(server);
    return argument;
}

TEST(EventLoopTestsMixin, test_create_connection_local_addr_in_use)
{
    ON_THE_RING(takes_a_port_that_is_taken, NULL);
}

static void *takes_an_accepted_socket(void *argument)
{
    int listener = net_bound(SOCK_STREAM), client = net_client(net_port(listener));
    coil_stream *stream =
        coil_open_connection(NULL, 0, OPTIONS(.fd = accept(listener, NULL, NULL)));
    char text[8] = "";

    CHECK_EQ(write(client, "ask", 3), 3);
    CHECK_EQ(coil_stream_readexactly(stream, text, 3, NULL), 3);
    PASS(coil_stream_send(stream, "answer", 6));
    CHECK_EQ(coil_recv(client, text, 6, MSG_WAITALL), 6);
    CHECK_STR(text, "answer");
    serving_hang_up(stream);
    close(client);
    close(listener);
    return argument;
}

TEST(EventLoopTestsMixin, test_connect_accepted_socket)
{
    ON_THE_RING(takes_an_accepted_socket, NULL);
}

/* ---- servers --------------------------------------------------------------------------------- */

static void listen_on(const char *const *hosts, size_t n, size_t distinct)
{
    coil_server *server = coil_start_server(serving_echo, NULL, NULL, 0,
                                            SERVER_OPTIONS(.hosts = hosts, .host_count = n));
    CHECK_EQ(coil_server_sockets(server, NULL, 0), distinct);
    serving_end(server);
}

static void *listens_on_hosts(void *argument)
{
    listen_on((const char *const[]){"127.0.0.1", "127.0.0.2", "127.0.0.1"}, 3, 2);
    return argument;
}

TEST(EventLoopTestsMixin, test_create_server_multiple_hosts_ipv4)
{
    ON_THE_RING(listens_on_hosts, NULL);
}

static void *listens_on_hosts_of_ipv6(void *argument)
{
    listen_on((const char *const[]){"::1", "::1"}, 2, 1);
    return argument;
}

TEST(EventLoopTestsMixin, test_create_server_multiple_hosts_ipv6)
{
    ON_THE_RING(listens_on_hosts_of_ipv6, NULL);
}

static int port_of_peer; /* as the handler sees it */

static void *knows_its_peer(void *stream)
{
    union net_address address = net_loopback(0);
    socklen_t length = sizeof(address);

    CHECK_EQ(getpeername(coil_stream_descriptor(stream), &address.any, &length), 0);
    port_of_peer = net_port_of(&address);
    return serving_echo(stream);
}

static void *serves(void *argument)
{
    coil_server *server = coil_start_server(knows_its_peer, NULL, "127.0.0.1", 0, NULL);
    coil_stream *stream = coil_open_connection("127.0.0.1", serving_port(server), NULL);
    int port = net_port(coil_stream_descriptor(stream));

    talk(stream);
    CHECK_EQ(port_of_peer, port);
    serving_end(server);
    return argument;
}

TEST(EventLoopTestsMixin, test_create_server)
{
    ON_THE_RING(serves, NULL);
}

static int reuses_port(bool asked)
{
    coil_server *server =
        coil_start_server(serving_echo, NULL, "127.0.0.1", 0, SERVER_OPTIONS(.reuse_port = asked));
    int fd = -1, value = -1;
    socklen_t size = sizeof(value);

    CHECK_EQ(coil_server_sockets(server, &fd, 1), 1);
    CHECK_EQ(getsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &value, &size), 0);
    serving_end(server);
    return value;
}

static void *reuses_ports(void *argument)
{
    CHECK_EQ(reuses_port(false), 0);
    CHECK_EQ(reuses_port(true), 1);
    return argument;
}

TEST(EventLoopTestsMixin, test_create_server_reuse_port)
{
    ON_THE_RING(reuses_ports, NULL);
}

TEST(EventLoopTestsMixin, test_create_unix_server)
{
    FOLDER(folder);
    char path[96];
    snprintf(path, sizeof(path), "%s/socket", folder.path);
    ON_THE_RING(connects_to_a_path, path);
}

static void *gives_a_path_and_a_socket(void *argument)
{
    ENDS ends = ends_sockets(SOCK_STREAM);

    FAILS(err_code(
              coil_start_unix_server(serving_echo, NULL, "/a", SERVER_OPTIONS(.fd = ends.fd[0]))),
          -EINVAL);
    return argument;
}

TEST(EventLoopTestsMixin, test_create_unix_server_path_socket_error)
{
    ON_THE_RING(gives_a_path_and_a_socket, NULL);
}

static void *serves_with_a_socket(void *argument)
{
    int fd = net_bound(SOCK_STREAM), port = net_port(fd), own = -1;
    coil_server *server = coil_start_server(serving_echo, NULL, NULL, -1, SERVER_OPTIONS(.fd = fd));

    CHECK_EQ(coil_server_sockets(server, &own, 1), 1);
    CHECK_EQ(own, fd);
    CHECK(serving_answers(port));
    serving_end(server);
    CHECK(fcntl(fd, F_GETFD) < 0);
    return argument;
}

TEST(EventLoopTestsMixin, test_create_server_sock)
{
    ON_THE_RING(serves_with_a_socket, NULL);
}

static void *serves_on_a_taken_port(void *argument)
{
    coil_server *server = echo_server();

    FAILS(err_code(coil_start_server(serving_echo, NULL, "127.0.0.1", serving_port(server), NULL)),
          -EADDRINUSE);
    serving_end(server);
    return argument;
}

TEST(EventLoopTestsMixin, test_create_server_addr_in_use)
{
    ON_THE_RING(serves_on_a_taken_port, NULL);
}

/* On one port that is free for both families. */
static coil_server *serve_everywhere(int *port)
{
    coil_server *server = coil_err_ptr(-EADDRINUSE);

    for (int i = 0; i < 5 && err_code(server) == -EADDRINUSE; i++) {
        *port = net_free_port(SOCK_STREAM);
        server = coil_start_server(serving_echo, NULL, NULL, *port, NULL);
    }
    PASS(err_code(server));
    return server;
}

static void *serves_both_families(void *argument)
{
    int port = 0;
    coil_server *server = serve_everywhere(&port);

    talk(coil_open_connection("127.0.0.1", port, NULL));
    if (coil_server_sockets(server, NULL, 0) > 1)
        talk(coil_open_connection("::1", port, NULL));
    serving_end(server);
    return argument;
}

TEST(EventLoopTestsMixin, test_create_server_dual_stack)
{
    ON_THE_RING(serves_both_families, NULL);
}

static void *closes_a_server(void *argument)
{
    coil_server *server = echo_server();
    int port = serving_port(server), client = net_client(port);

    CHECK(client >= 0);
    close(client);
    serving_end(server);
    FAILS(net_client(port), -ECONNREFUSED);
    return argument;
}

TEST(EventLoopTestsMixin, test_server_close)
{
    ON_THE_RING(closes_a_server, NULL);
}

static void *looks_at_its_sockets(void *argument)
{
    coil_server *server = echo_server();
    int fd = -1;

    CHECK_EQ(coil_server_sockets(server, &fd, 1), 1);
    CHECK(net_port(fd) != 0);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    int copy = dup(fd);
    CHECK_EQ(net_port(copy), net_port(fd));
    close(copy);
    serving_end(server);
    return argument;
}

TEST(EventLoopTestsMixin, test_create_server_trsock)
{
    ON_THE_RING(looks_at_its_sockets, NULL);
}

static void *asks_for_its_loop(void *argument)
{
    coil_server *server = echo_server();

    CHECK_PTR(coil_server_loop(server), coil_get_running_loop());
    serving_end(coil_server_ref(server));
    CHECK_PTR(coil_server_loop(server), coil_get_running_loop());
    coil_server_unref(server);
    return argument;
}

TEST(TestServer, test_get_loop)
{
    ON_THE_RING(asks_for_its_loop, NULL);
}

/* ---- datagrams ------------------------------------------------------------------------------- */

static void exchange(const char *host)
{
    coil_endpoint server = COIL_ENDPOINT_INIT, client = COIL_ENDPOINT_INIT;
    union net_address from;
    socklen_t length = sizeof(from);
    char text[8] = "";

    PASS(coil_endpoint_open(&server, ENDPOINT(.local_host = host)));
    PASS(coil_endpoint_open(
        &client,
        ENDPOINT(.remote_host = host, .remote_port = net_port(coil_endpoint_descriptor(&server)))));
    CHECK_EQ(coil_endpoint_send(&client, "ask", 3), 3);
    CHECK_EQ(coil_endpoint_recvfrom(&server, text, sizeof(text), &from.any, &length), 3);
    CHECK_EQ(coil_endpoint_sendto(&server, "answer", 6, &from.any, length), 6);
    CHECK_EQ(coil_endpoint_recv(&client, text, sizeof(text)), 6);
    CHECK_STR(text, "answer");
    PASS(coil_endpoint_close(&client));
    PASS(coil_endpoint_close(&server));
    FAILS(coil_endpoint_recv(&client, text, sizeof(text)), -COIL_ECLOSED);
}

static void *exchanges_messages(void *host)
{
    exchange(host);
    return NULL;
}

TEST(EventLoopTestsMixin, test_create_datagram_endpoint)
{
    char host[] = "127.0.0.1";
    ON_THE_RING(exchanges_messages, host);
}

TEST(EventLoopTestsMixin, test_create_datagram_endpoint_ipv6)
{
    char host[] = "::1";
    ON_THE_RING(exchanges_messages, host);
}

static void *opens_a_bound_socket(void *argument)
{
    coil_endpoint endpoint = COIL_ENDPOINT_INIT;

    PASS(coil_endpoint_open(&endpoint, ENDPOINT(.fd = net_bound(SOCK_DGRAM))));
    PASS(coil_endpoint_close(&endpoint));
    return argument;
}

TEST(EventLoopTestsMixin, test_create_datagram_endpoint_sock)
{
    ON_THE_RING(opens_a_bound_socket, NULL);
}

static void *writes_to_nobody(void *argument)
{
    coil_endpoint endpoint = COIL_ENDPOINT_INIT, peer = COIL_ENDPOINT_INIT;
    union net_address nobody = net_loopback(net_free_port(SOCK_DGRAM));
    char text[8] = "";

    PASS(coil_endpoint_open(&endpoint, ENDPOINT(.local_host = "127.0.0.1")));
    PASS(coil_endpoint_open(
        &peer, ENDPOINT(.remote_host = "127.0.0.1",
                        .remote_port = net_port(coil_endpoint_descriptor(&endpoint)))));
    CHECK_EQ(coil_endpoint_sendto(&endpoint, "x", 1, &nobody.any, sizeof(nobody.in)), 1);
    CHECK_EQ(coil_endpoint_send(&peer, "hello", 5), 5);
    CHECK_EQ(coil_endpoint_recv(&endpoint, text, sizeof(text)), 5);
    CHECK_STR(text, "hello");
    PASS(coil_endpoint_close(&endpoint));
    PASS(coil_endpoint_close(&peer));
    return argument;
}

TEST(EventLoopTestsMixin, test_datagram_send_to_non_listening_address)
{
    ON_THE_RING(writes_to_nobody, NULL);
}
