// SPDX-License-Identifier: MIT
/* CPython's test_base_events.py: create_datagram_endpoint. */
#include "engine/engine.h"
#include "folder.h"
#include "host/resolve.h"
#include "serving.h"

#include <coil/endpoint.h>

enum { FD = 2001 };

#define OPTIONS(...) (&(coil_endpoint_options){.size = sizeof(coil_endpoint_options), __VA_ARGS__})

static int code_of(const coil_endpoint_options *options)
{
    coil_endpoint endpoint = COIL_ENDPOINT_INIT;
    int rc = coil_endpoint_open(&endpoint, options);

    if (rc == 0)
        PASS(coil_endpoint_close(&endpoint));
    return rc;
}

static void *opens(void *options)
{
    return COIL_ERR(code_of(options));
}

/* ---- what fails ------------------------------------------------------------------------------ */

/* The answers of the socket's operations, in order; those that are 0 before the one that fails. */
static void fail_at(int opcode, int code, const coil_endpoint_options *options)
{
    const int before[] = {OP_BIND, OP_CONNECT};

    if (!world_is_virtual())
        return; /* what sockets do is scripted */
    WORLD(w);
    world_answer(&w, OP_SOCKET, opcode == OP_SOCKET ? code : FD, 0);
    for (size_t i = 0; i < 2 && before[i] != opcode; i++)
        world_answer(&w, before[i], 0, 0);
    if (opcode != OP_SOCKET) {
        world_answer(&w, opcode, code, 0);
        world_script(w.sim, (coil_sim_answer){.opcode = OP_CLOSE, .fd = FD});
    }
    FAILS(world_run(&w, opens, (void *)(uintptr_t)options), code);
    CHECK_EQ(world_counts(&w).in_flight, 0);
    /* Each socket that was made was closed. */
    CHECK_EQ(world_counts(&w).submitted, opcode == OP_SOCKET ? 1 : opcode == OP_BIND ? 3 : 4);
}

#define BOTH OPTIONS(.local_host = "127.0.0.1", .remote_host = "127.0.0.1", .remote_port = 9)

TEST(BaseEventLoopWithSelectorTests, test_create_datagram_endpoint_connect_err)
{
    fail_at(OP_CONNECT, -ENETUNREACH, BOTH);
}

TEST(BaseEventLoopWithSelectorTests, test_create_datagram_endpoint_cant_bind)
{
    fail_at(OP_BIND, -EADDRINUSE, BOTH);
}

TEST(BaseEventLoopWithSelectorTests, test_create_datagram_endpoint_socket_err)
{
    fail_at(OP_SOCKET, -EMFILE, OPTIONS(.family = AF_INET));
    fail_at(OP_SOCKET, -EMFILE, OPTIONS(.local_host = "127.0.0.1"));
}

static void *prepares_a_bad_socket(void *argument)
{
    FAILS(code_of(OPTIONS(.family = AF_INET, .reuse_port = true)), -EBADF);
    FAILS(code_of(OPTIONS(.family = AF_INET, .allow_broadcast = true)), -EBADF);
    return argument;
}

/* What the script gives for a socket is none, and refuses every option. */
TEST(BaseEventLoopWithSelectorTests, test_create_datagram_endpoint_setblk_err)
{
    if (!world_is_virtual())
        return;
    WORLD(w);
    for (int i = 0; i < 2; i++) {
        world_answer(&w, OP_SOCKET, FD, 0);
        world_script(w.sim, (coil_sim_answer){.opcode = OP_CLOSE, .fd = FD});
    }
    PASS(world_run(&w, prepares_a_bad_socket, NULL));
    CHECK_EQ(world_counts(&w).submitted, 4);
}

/* ---- bad arguments --------------------------------------------------------------------------- */

static void *gives_bad_arguments(void *argument)
{
    int stream = net_bound(SOCK_STREAM), datagram = net_bound(SOCK_DGRAM);

    FAILS(code_of(OPTIONS(.fd = stream)), -EINVAL);
    FAILS(code_of(OPTIONS(.local_host = "127.0.0.1", .local_port = 65536)), -EINVAL);
    FAILS(code_of(OPTIONS(.local_host = "127.0.0.1", .local_port = -1)), -EINVAL);
    FAILS(code_of(OPTIONS(.family = AF_UNIX, .local_path = "")), -EINVAL);
    FAILS(code_of(OPTIONS(.family = 0)), -EINVAL);
    FAILS(code_of(OPTIONS(.fd = datagram, .local_host = "127.0.0.1")), -EINVAL);
    FAILS(code_of(OPTIONS(.fd = datagram, .remote_port = 9)), -EINVAL);
    FAILS(code_of(OPTIONS(.fd = datagram, .family = AF_INET)), -EINVAL);
    FAILS(code_of(OPTIONS(.fd = datagram, .protocol = 17)), -EINVAL);
    FAILS(code_of(OPTIONS(.fd = datagram, .flags = AI_PASSIVE)), -EINVAL);
    FAILS(code_of(OPTIONS(.fd = datagram, .reuse_port = true)), -EINVAL);
    FAILS(code_of(OPTIONS(.fd = datagram, .allow_broadcast = true)), -EINVAL);
    CHECK_EQ(fcntl(datagram, F_GETFD), FD_CLOEXEC);
    close(stream);
    close(datagram);
    return argument;
}

TEST(BaseEventLoopWithSelectorTests, test_create_datagram_endpoint_addr_error)
{
    ON_THE_RING(gives_bad_arguments, NULL);
}

TEST(BaseEventLoopWithSelectorTests, test_create_datagram_endpoint_noaddr_nofamily)
{
    ON_THE_RING(gives_bad_arguments, NULL);
}

TEST(BaseEventLoopWithSelectorTests, test_create_datagram_endpoint_sock_sockopts)
{
    ON_THE_RING(gives_bad_arguments, NULL);
}

static void *takes_datagram_sockets_of_any_family(void *argument)
{
    ENDS ends = ends_sockets(SOCK_DGRAM);
    int stream = net_bound(SOCK_STREAM);

    FAILS(code_of(OPTIONS(.fd = stream)), -EINVAL);
    PASS(code_of(OPTIONS(.fd = ends.fd[0])));
    ends.fd[0] = -1;
    PASS(code_of(OPTIONS(.fd = net_bound(SOCK_DGRAM))));
    close(stream);
    return argument;
}

TEST(BaseEventLoopWithSelectorTests, test_create_datagram_endpoint_wrong_sock)
{
    ON_THE_RING(takes_datagram_sockets_of_any_family, NULL);
}

/* ---- addresses ------------------------------------------------------------------------------- */

static int resolve_to_nothing(const char *node, const char *service, const struct addrinfo *hints,
                              struct addrinfo **result)
{
    (void)node, (void)service, (void)hints;
    *result = NULL;
    return 0;
}

static void *finds_no_address(void *argument)
{
    FAILS(code_of(OPTIONS(.local_host = "nowhere.example")), -EADDRNOTAVAIL);
    FAILS(code_of(OPTIONS(.remote_host = "nowhere.example", .remote_port = 9)), -EADDRNOTAVAIL);
    return argument;
}

TEST(BaseEventLoopWithSelectorTests, test_create_datagram_endpoint_no_addrinfo)
{
    struct resolver before = coil__resolver;
    coil__resolver.getaddrinfo = resolve_to_nothing;
    ON_THE_RING(finds_no_address, NULL);
    coil__resolver = before;
}

static void *mixes_families(void *argument)
{
    FAILS(code_of(OPTIONS(.local_host = "127.0.0.1", .remote_host = "::1", .remote_port = 9)),
          -EADDRNOTAVAIL);
    return argument;
}

TEST(BaseEventLoopWithSelectorTests, test_create_datagram_endpoint_no_matching_family)
{
    ON_THE_RING(mixes_families, NULL);
}

static int option_of(const coil_endpoint *endpoint, int name)
{
    int value = -1;
    socklen_t size = sizeof(value);

    CHECK_EQ(getsockopt(coil_endpoint_descriptor(endpoint), SOL_SOCKET, name, &value, &size), 0);
    return value;
}

static int refuse_to_resolve(const char *node, const char *service, const struct addrinfo *hints,
                             struct addrinfo **result)
{
    (void)node, (void)service, (void)hints, (void)result;
    CHECK(false);
    return EAI_FAIL;
}

static void *binds_to_a_number(void *argument)
{
    coil_endpoint endpoint = COIL_ENDPOINT_INIT;

    PASS(coil_endpoint_open(&endpoint, OPTIONS(.local_host = "127.0.0.1")));
    CHECK(net_port(coil_endpoint_descriptor(&endpoint)) != 0);
    CHECK_EQ(option_of(&endpoint, SO_REUSEPORT), 0);
    CHECK_EQ(option_of(&endpoint, SO_BROADCAST), 0);
    CHECK_EQ(option_of(&endpoint, SO_REUSEADDR), 0);
    PASS(coil_endpoint_close(&endpoint));
    PASS(coil_endpoint_open(&endpoint, OPTIONS(.local_host = "127.0.0.1", .reuse_port = true,
                                               .allow_broadcast = true)));
    CHECK_EQ(option_of(&endpoint, SO_REUSEPORT), 1);
    CHECK_EQ(option_of(&endpoint, SO_BROADCAST), 1);
    CHECK_EQ(option_of(&endpoint, SO_REUSEADDR), 0);
    PASS(coil_endpoint_close(&endpoint));
    return argument;
}

TEST(BaseEventLoopWithSelectorTests, test_create_datagram_endpoint_ip_addr)
{
    struct resolver before = coil__resolver;
    coil__resolver.getaddrinfo = refuse_to_resolve;
    ON_THE_RING(binds_to_a_number, NULL);
    coil__resolver = before;
}

TEST(BaseEventLoopWithSelectorTests, test_create_datagram_endpoint_sockopts)
{
    ON_THE_RING(binds_to_a_number, NULL);
}

static void *broadcasts(void *argument)
{
    coil_endpoint endpoint = COIL_ENDPOINT_INIT;
    union net_address peer;
    socklen_t length = sizeof(peer);

    PASS(coil_endpoint_open(
        &endpoint, OPTIONS(.remote_host = "127.0.0.1", .remote_port = 9, .allow_broadcast = true)));
    int fd = coil_endpoint_descriptor(&endpoint);
    CHECK(getpeername(fd, &peer.any, &length) < 0);
    PASS(coil_endpoint_close(&endpoint));
    CHECK(fcntl(fd, F_GETFD) < 0);
    return argument;
}

TEST(BaseEventLoopWithSelectorTests, test_create_datagram_endpoint_allow_broadcast)
{
    ON_THE_RING(broadcasts, NULL);
}

/* ---- sockets and paths ----------------------------------------------------------------------- */

static void *opens_what_is_bound(void *argument)
{
    coil_endpoint endpoint = COIL_ENDPOINT_INIT;
    int fd = net_bound(SOCK_DGRAM);

    PASS(coil_endpoint_open(&endpoint, OPTIONS(.fd = fd)));
    CHECK_EQ(coil_endpoint_descriptor(&endpoint), fd);
    PASS(coil_endpoint_close(&endpoint));
    CHECK(fcntl(fd, F_GETFD) < 0);
    return argument;
}

TEST(BaseEventLoopWithSelectorTests, test_create_datagram_endpoint_sock)
{
    ON_THE_RING(opens_what_is_bound, NULL);
}

static void *opens_without_a_path(void *argument)
{
    PASS(code_of(OPTIONS(.family = AF_UNIX)));
    return argument;
}

TEST(BaseEventLoopWithSelectorTests, test_create_datagram_endpoint_sock_unix)
{
    ON_THE_RING(opens_without_a_path, NULL);
}

static void *opens_at_a_path(void *path)
{
    PASS(code_of(OPTIONS(.family = AF_UNIX, .local_path = path)));
    CHECK(access(path, F_OK) == 0); /* as in CPython it stays, and is stale */
    PASS(code_of(OPTIONS(.family = AF_UNIX, .local_path = path)));
    return NULL;
}

TEST(BaseEventLoopWithSelectorTests, test_create_datagram_endpoint_existing_sock_unix)
{
    FOLDER(folder);
    char path[96];
    snprintf(path, sizeof(path), "%s/socket", folder.path);
    ON_THE_RING(opens_at_a_path, path);
}
