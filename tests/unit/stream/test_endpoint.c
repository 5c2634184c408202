// SPDX-License-Identifier: MIT
#include <coil/endpoint.h>

#include "engine/engine.h"
#include "folder.h"
#include "kernel.h"
#include "net.h"

enum { FD = 2001 };

#define OPTIONS(...) (&(coil_endpoint_options){.size = sizeof(coil_endpoint_options), __VA_ARGS__})

/* ---- on the simulated engine ---------------------------------------------------------------- */

static void *give_bad_arguments(void *argument)
{
    coil_endpoint endpoint = COIL_ENDPOINT_INIT;
    char byte = 0;

    FAILS(coil_endpoint_open(NULL, OPTIONS(.family = AF_INET)), -EINVAL);
    FAILS(coil_endpoint_open(&endpoint, NULL), -EINVAL);
    FAILS(coil_endpoint_open(&endpoint, &(coil_endpoint_options){.family = AF_INET}), -EINVAL);
    FAILS(coil_endpoint_open(&endpoint, OPTIONS(.family = 0)), -EINVAL);
    FAILS(coil_endpoint_open(&endpoint, OPTIONS(.fd = -1)), -EINVAL);
    FAILS(coil_endpoint_open(&endpoint, OPTIONS(.fd = FD, .local_port = 1)), -EINVAL);
    FAILS(coil_endpoint_open(&endpoint, OPTIONS(.fd = FD, .family = AF_INET)), -EINVAL);
    FAILS(coil_endpoint_open(&endpoint, OPTIONS(.fd = FD, .protocol = 1)), -EINVAL);
    FAILS(coil_endpoint_open(&endpoint, OPTIONS(.fd = FD, .flags = 1)), -EINVAL);
    FAILS(coil_endpoint_open(&endpoint, OPTIONS(.fd = FD, .reuse_port = true)), -EINVAL);
    FAILS(coil_endpoint_open(&endpoint, OPTIONS(.fd = FD, .allow_broadcast = true)), -EINVAL);
    FAILS(coil_endpoint_open(&endpoint, OPTIONS(.family = AF_UNIX, .local_port = 1)), -EINVAL);
    FAILS(coil_endpoint_open(&endpoint, OPTIONS(.family = AF_UNIX, .remote_path = "")), -EINVAL);
    FAILS(coil_endpoint_open(&endpoint, OPTIONS(.family = AF_INET, .local_path = "a")), -EINVAL);
    FAILS(coil_endpoint_open(&endpoint, OPTIONS(.local_port = 65536)), -EINVAL);
    FAILS(coil_endpoint_send(&endpoint, &byte, 1), -COIL_ECLOSED);
    FAILS(coil_endpoint_sendto(&endpoint, &byte, 1, NULL, 0), -COIL_ECLOSED);
    FAILS(coil_endpoint_recv(&endpoint, &byte, 1), -COIL_ECLOSED);
    FAILS(coil_endpoint_recvfrom(&endpoint, &byte, 1, NULL, NULL), -COIL_ECLOSED);
    FAILS(coil_endpoint_descriptor(&endpoint), -COIL_ECLOSED);
    FAILS(coil_endpoint_descriptor(NULL), -EINVAL);
    FAILS(coil_endpoint_close(&endpoint), -COIL_ECLOSED);
    FAILS(coil_endpoint_close(NULL), -EINVAL);
    return argument;
}

TEST(endpoint, refuses_bad_arguments_and_submits_nothing)
{
    WORLD(w);
    PASS(world_run(&w, give_bad_arguments, NULL));
    CHECK_EQ(world_counts(&w).submitted, 0);
}

TEST(endpoint, is_for_tasks)
{
    coil_endpoint endpoint = COIL_ENDPOINT_INIT;
    FAILS(coil_endpoint_open(&endpoint, OPTIONS(.family = AF_INET)), -COIL_ENOLOOP);
    CHECK(!endpoint.open);
    endpoint = (coil_endpoint){.open = true, .fd = FD};
    FAILS(coil_endpoint_close(&endpoint), -COIL_ENOLOOP);
    CHECK(endpoint.open);
}

static void *opens(void *options)
{
    coil_endpoint endpoint = COIL_ENDPOINT_INIT;
    int rc = coil_endpoint_open(&endpoint, options);

    CHECK(!endpoint.open);
    return COIL_ERR(rc);
}

/* A socket is made, and closed because something fails. */
static void fail_to_open(const coil_endpoint_options *options, int opcode, int code)
{
    WORLD(w);
    world_answer(&w, OP_SOCKET, opcode == OP_SOCKET ? code : FD, 0);
    if (opcode == OP_CONNECT)
        world_answer(&w, OP_BIND, 0, 0);
    if (opcode != OP_SOCKET) {
        world_answer(&w, opcode, code, 0);
        world_script(w.sim, (coil_sim_answer){.opcode = OP_CLOSE, .fd = FD});
    }
    FAILS(world_run(&w, opens, (void *)(uintptr_t)options), code);
    CHECK_EQ(world_counts(&w).submitted, opcode == OP_SOCKET ? 1 : opcode == OP_BIND ? 3 : 4);
}

TEST(endpoint, leaves_no_descriptor_behind)
{
    const coil_endpoint_options *both =
        OPTIONS(.local_host = "127.0.0.1", .remote_host = "127.0.0.1", .remote_port = 9);
    fail_to_open(OPTIONS(.family = AF_INET), OP_SOCKET, -EMFILE);
    fail_to_open(both, OP_SOCKET, -EMFILE);
    fail_to_open(both, OP_BIND, -EADDRINUSE);
    fail_to_open(both, OP_CONNECT, -ENETUNREACH);
}

TEST(endpoint, leaves_no_descriptor_behind_when_it_is_cancelled)
{
    const coil_endpoint_options *options = OPTIONS(.remote_host = "127.0.0.1", .remote_port = 9);
    WORLD(w);
    world_answer(&w, OP_SOCKET, FD, 0);
    world_answer(&w, OP_CONNECT, 0, COIL_SEC(9));
    world_script(w.sim, (coil_sim_answer){.opcode = OP_CLOSE, .fd = FD});
    COIL_AUTO coil_task *task =
        coil_create_task_with(w.loop, opens, (void *)(uintptr_t)options, NULL);
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(5), world_cancel, task)));
    FAILS(coil_run_until_complete(w.loop, task, NULL), -ECANCELED);
    CHECK_EQ(world_counts(&w).submitted, 3);
}

static void *opens_what_is_being_opened(void *endpoint)
{
    FAILS(coil_endpoint_open(endpoint, OPTIONS(.family = AF_INET)), -EBUSY);
    FAILS(coil_endpoint_close(endpoint), -COIL_ECLOSED);
    return NULL;
}

static void *opens_beside_another(void *argument)
{
    coil_endpoint endpoint = COIL_ENDPOINT_INIT;
    coil_task *other = coil_create_task(opens_what_is_being_opened, &endpoint);

    FAILS(coil_endpoint_open(&endpoint, OPTIONS(.family = AF_INET)), -EMFILE);
    kernel_await(other);
    coil_unref(other);
    PASS(coil_endpoint_open(&endpoint, OPTIONS(.family = AF_INET)));
    PASS(coil_endpoint_close(&endpoint));
    return argument;
}

TEST(endpoint, is_opened_by_one_at_a_time)
{
    WORLD(w);
    world_answer(&w, OP_SOCKET, -EMFILE, COIL_MS(1));
    world_answer(&w, OP_SOCKET, FD, COIL_MS(1));
    world_answer(&w, OP_CLOSE, 0, 0);
    PASS(world_run(&w, opens_beside_another, NULL));
    CHECK_EQ(world_counts(&w).submitted, 3);
}

static void *opens_a_mixed_pair(void *argument)
{
    coil_endpoint endpoint = COIL_ENDPOINT_INIT;

    FAILS(coil_endpoint_open(&endpoint, OPTIONS(.local_host = "127.0.0.1", .remote_host = "::1",
                                                .remote_port = 9)),
          -EADDRNOTAVAIL);
    return argument;
}

TEST(endpoint, has_two_addresses_of_one_family)
{
    WORLD(w);
    PASS(world_run(&w, opens_a_mixed_pair, NULL));
    CHECK_EQ(world_counts(&w).submitted, 0);
}

/* ---- on the ring ---------------------------------------------------------------------------- */

static int port_of(const coil_endpoint *endpoint)
{
    return net_port(coil_endpoint_descriptor(endpoint));
}

static void *ask_and_answer(void *argument)
{
    coil_endpoint server = COIL_ENDPOINT_INIT, client = COIL_ENDPOINT_INIT;
    union net_address from = {.un.sun_path = ""};
    socklen_t length = sizeof(from);
    char text[8] = "";

    if (!PASS(coil_endpoint_open(&server, OPTIONS(.local_host = "127.0.0.1"))))
        return NULL; /* what it is sent would be waited for in vain */
    FAILS(coil_endpoint_open(&server, OPTIONS(.family = AF_INET)), -EBUSY);
    PASS(coil_endpoint_open(&client,
                            OPTIONS(.remote_host = "127.0.0.1", .remote_port = port_of(&server))));
    FAILS(coil_endpoint_send(&server, "x", 1), -EDESTADDRREQ);
    if (CHECK_EQ(coil_endpoint_send(&client, "ask", 3), 3) &&
        CHECK_EQ(coil_endpoint_recvfrom(&server, text, sizeof(text), &from.any, &length), 3)) {
        CHECK_EQ(net_port_of(&from), port_of(&client));
        if (CHECK_EQ(coil_endpoint_sendto(&server, "answer", 6, &from.any, length), 6))
            CHECK_EQ(coil_endpoint_recv(&client, text, sizeof(text)), 6);
        CHECK_STR(text, "answer");
        if (CHECK_EQ(coil_endpoint_sendto(&server, "", 0, &from.any, length), 0))
            CHECK_EQ(coil_endpoint_recv(&client, text, sizeof(text)), 0);
    }
    /* To whom it is connected, or to nobody. */
    union net_address to = net_loopback(port_of(&server)), other = net_loopback(9);
    CHECK_EQ(coil_endpoint_sendto(&client, "x", 1, &to.any, sizeof(to.in)), 1);
    FAILS(coil_endpoint_sendto(&client, "x", 1, &other.any, sizeof(other.in)), -EINVAL);
    FAILS(coil_endpoint_sendto(&client, "x", 1, NULL, 0), -EINVAL);
    PASS(coil_endpoint_close(&client));
    PASS(coil_endpoint_close(&server));
    FAILS(coil_endpoint_close(&server), -COIL_ECLOSED);
    return argument;
}

TEST(endpoint, asks_and_answers)
{
    KERNEL(loop);
    PASS(kernel_run(loop, ask_and_answer, NULL));
}

static void *sends_to_nobody(void *argument)
{
    coil_endpoint endpoint = COIL_ENDPOINT_INIT, peer = COIL_ENDPOINT_INIT;
    int port = net_free_port(SOCK_DGRAM);
    char byte = 0;

    PASS(coil_endpoint_open(&endpoint, OPTIONS(.remote_host = "127.0.0.1", .remote_port = port)));
    if (CHECK_EQ(coil_endpoint_send(&endpoint, "x", 1), 1))
        FAILS(coil_endpoint_recv(&endpoint, &byte, 1), -ECONNREFUSED);
    PASS(coil_endpoint_open(&peer, OPTIONS(.local_host = "127.0.0.1", .local_port = port)));
    if (CHECK_EQ(coil_endpoint_send(&endpoint, "y", 1), 1))
        CHECK_EQ(coil_endpoint_recv(&peer, &byte, 1), 1);
    CHECK_EQ(byte, 'y');
    PASS(coil_endpoint_close(&endpoint));
    PASS(coil_endpoint_close(&peer));
    return argument;
}

TEST(endpoint, goes_on_when_a_message_found_nobody)
{
    KERNEL(loop);
    PASS(kernel_run(loop, sends_to_nobody, NULL));
}

static void *opens_to_all(void *argument)
{
    coil_endpoint endpoint = COIL_ENDPOINT_INIT;
    int broadcast = 0, reuse = 0;
    socklen_t size = sizeof(int);
    union net_address peer;
    socklen_t length = sizeof(peer);

    PASS(coil_endpoint_open(&endpoint, OPTIONS(.remote_host = "127.0.0.1", .remote_port = 9,
                                               .allow_broadcast = true, .reuse_port = true)));
    int fd = coil_endpoint_descriptor(&endpoint);
    CHECK_EQ(getsockopt(fd, SOL_SOCKET, SO_BROADCAST, &broadcast, &size), 0);
    CHECK_EQ(getsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &reuse, &size), 0);
    CHECK(broadcast && reuse);
    CHECK(getpeername(fd, &peer.any, &length) < 0);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(coil_endpoint_send(&endpoint, "x", 1), 1);
    PASS(coil_endpoint_close(&endpoint));
    return argument;
}

TEST(endpoint, that_allows_broadcast_is_not_connected)
{
    KERNEL(loop);
    PASS(kernel_run(loop, opens_to_all, NULL));
}

struct paths {
    char server[128], client[128];
};

static void *talk_by_paths(void *argument)
{
    const struct paths *paths = argument;
    coil_endpoint server = COIL_ENDPOINT_INIT, client = COIL_ENDPOINT_INIT;
    union net_address from = {.un.sun_path = ""};
    socklen_t length = sizeof(from);
    char text[8] = "";

    PASS(coil_endpoint_open(&server, OPTIONS(.family = AF_UNIX, .local_path = paths->server)));
    PASS(coil_endpoint_close(&server));
    /* What is left of it is in the way of nobody. */
    PASS(coil_endpoint_open(&server, OPTIONS(.family = AF_UNIX, .local_path = paths->server)));
    PASS(coil_endpoint_open(&client, OPTIONS(.family = AF_UNIX, .local_path = paths->client,
                                             .remote_path = paths->server)));
    if (CHECK_EQ(coil_endpoint_send(&client, "ask", 3), 3)) {
        CHECK_EQ(coil_endpoint_recvfrom(&server, text, sizeof(text), &from.any, &length), 3);
        CHECK_STR(from.un.sun_path, paths->client);
    }
    PASS(coil_endpoint_close(&client));
    PASS(coil_endpoint_close(&server));
    return NULL;
}

TEST(endpoint, is_a_file)
{
    FOLDER(folder);
    struct paths paths;
    snprintf(paths.server, sizeof(paths.server), "%s/server", folder.path);
    snprintf(paths.client, sizeof(paths.client), "%s/client", folder.path);
    KERNEL(loop);
    PASS(kernel_run(loop, talk_by_paths, &paths));
}

static void *takes_over(void *argument)
{
    coil_endpoint endpoint = COIL_ENDPOINT_INIT;
    int stream = net_bound(SOCK_STREAM), datagram = net_bound(SOCK_DGRAM);

    FAILS(coil_endpoint_open(&endpoint, OPTIONS(.fd = stream)), -EINVAL);
    FAILS(coil_endpoint_open(&endpoint, OPTIONS(.fd = FD)), -EBADF);
    PASS(coil_endpoint_open(&endpoint, OPTIONS(.fd = datagram)));
    CHECK_EQ(coil_endpoint_descriptor(&endpoint), datagram);
    PASS(coil_endpoint_close(&endpoint));
    CHECK(fcntl(datagram, F_GETFD) < 0);
    close(stream);
    return argument;
}

TEST(endpoint, takes_a_socket_over)
{
    KERNEL(loop);
    PASS(kernel_run(loop, takes_over, NULL));
}

static void *waits(void *endpoint)
{
    char byte;
    FAILS(coil_endpoint_recv(endpoint, &byte, 1), -COIL_ECLOSED);
    return NULL;
}

static void *closes_under_a_waiter(void *argument)
{
    coil_endpoint endpoint = COIL_ENDPOINT_INIT;

    PASS(coil_endpoint_open(&endpoint, OPTIONS(.local_host = "127.0.0.1")));
    coil_task *waiter = coil_create_task(waits, &endpoint);
    PASS(coil_sleep(COIL_MS(1)));
    PASS(coil_endpoint_close(&endpoint));
    kernel_await(waiter);
    coil_unref(waiter);
    return argument;
}

TEST(endpoint, tells_who_waits_that_it_was_closed)
{
    KERNEL(loop);
    PASS(kernel_run(loop, closes_under_a_waiter, NULL));
}
