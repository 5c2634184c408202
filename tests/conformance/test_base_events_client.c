// SPDX-License-Identifier: MIT
/* CPython's test_base_events.py: create_connection. Names are answered by a resolver of the test's,
 * and what sockets do is scripted where that is the subject. */
#include "host/resolve.h"
#include "serving.h"

#include "engine/engine.h"

#include <stdlib.h>

enum { FD = 2001 };

#define OPTIONS(...)                                                                               \
    (&(coil_connection_options){.size = sizeof(coil_connection_options), __VA_ARGS__})

/* ---- a resolver ------------------------------------------------------------------------------ */

/* "A,B" gives the addresses A and B, "" none. */
static int resolve(const char *node, const char *service, const struct addrinfo *hints,
                   struct addrinfo **result)
{
    char copy[128], *rest = copy;
    struct addrinfo numeric = *hints, **last = result;

    snprintf(copy, sizeof(copy), "%s", node ? node : "");
    numeric.ai_flags |= AI_NUMERICHOST;
    *result = NULL;
    for (char *name; (name = strsep(&rest, ",")) && *name;) {
        int rc = getaddrinfo(name, service, &numeric, last);
        if (rc != 0)
            return rc;
        last = &(*last)->ai_next;
    }
    return 0;
}

static void restore(struct resolver *before)
{
    coil__resolver = *before;
}

#define RESOLVER                                                                                   \
    __attribute__((cleanup(restore), unused)) struct resolver resolver_before = coil__resolver;    \
    coil__resolver.getaddrinfo = resolve

/* ---- connecting ------------------------------------------------------------------------------ */

struct attempt {
    const char *host;
    int port;
    coil_connection_options options;
    int errors[8];
    size_t count;
    int fd; /* of the stream */
    int code;
};

static void *connects(void *argument)
{
    struct attempt *attempt = argument;

    attempt->options.size = sizeof(attempt->options);
    attempt->options.errors = attempt->errors;
    attempt->options.errors_size = 8;
    attempt->options.error_count = &attempt->count;
    coil_stream *stream = coil_open_connection(attempt->host, attempt->port, &attempt->options);
    attempt->code = err_code(stream);
    attempt->fd = coil_stream_descriptor(stream);
    (void)coil_stream_abort(stream);
    coil_stream_unref(stream);
    return NULL;
}

/* With a loop whose sockets do as the script says; their names take a thread. */
static const coil_sim_options with_threads = {.size = sizeof(with_threads),
                                              .foreign_threads = true};

static void script(const struct world *w, int opcode, int fd, int result)
{
    world_script(w->sim, (coil_sim_answer){.opcode = opcode, .fd = fd, .result = result});
}

/* Sockets have the numbers from FD on, and each is closed once. */
static void sockets(const struct world *w, int n)
{
    for (int i = 0; i < n; i++) {
        script(w, OP_SOCKET, COIL_SIM_ANY, FD + i);
        script(w, OP_CLOSE, FD + i, 0);
    }
}

static uint64_t run(const struct world *w, struct attempt *attempt)
{
    COIL_AUTO coil_task *task = coil_create_task_with(w->loop, connects, attempt, NULL);
    PASS(coil_run_until_complete(w->loop, task, NULL));
    return world_counts(w).submitted;
}

#define SCRIPTED(world)                                                                            \
    if (!world_is_virtual())                                                                       \
        return; /* what sockets do is scripted */                                                  \
    RESOLVER;                                                                                      \
    WORLD_WITH(world, &with_threads)

TEST(BaseEventLoopWithSelectorTests, test_create_connection_multiple_errors)
{
    struct attempt attempt = {.host = "127.0.0.1,127.0.0.2", .port = 80};
    SCRIPTED(w);
    sockets(&w, 2);
    script(&w, OP_CONNECT, FD, -ENETUNREACH);
    script(&w, OP_CONNECT, FD + 1, -ECONNREFUSED);
    CHECK_EQ(run(&w, &attempt), 6);
    FAILS(attempt.code, -ENETUNREACH);
    CHECK_EQ(attempt.count, 2);
    CHECK_EQ(attempt.errors[0], -ENETUNREACH);
    CHECK_EQ(attempt.errors[1], -ECONNREFUSED);
}

TEST(BaseEventLoopWithSelectorTests, test_create_connection_timeout)
{
    struct attempt attempt = {.host = "127.0.0.1", .port = 80};
    SCRIPTED(w);
    sockets(&w, 1);
    script(&w, OP_CONNECT, FD, -ETIMEDOUT);
    CHECK_EQ(run(&w, &attempt), 3);
    FAILS(attempt.code, -ETIMEDOUT);
}

static void *gives_what_is_too_much(void *argument)
{
    int stream = net_bound(SOCK_STREAM), datagram = net_bound(SOCK_DGRAM);

    FAILS(err_code(coil_open_connection("127.0.0.1", 80, OPTIONS(.fd = stream))), -EINVAL);
    FAILS(err_code(coil_open_connection("127.0.0.1", 0, OPTIONS(.fd = stream))), -EINVAL);
    FAILS(err_code(coil_open_connection(NULL, 80, OPTIONS(.fd = stream))), -EINVAL);
    FAILS(err_code(coil_open_connection(NULL, 0, OPTIONS(.fd = datagram))), -EINVAL);
    FAILS(err_code(coil_open_connection(NULL, 0, NULL)), -EINVAL);
    CHECK_EQ(fcntl(stream, F_GETFD), FD_CLOEXEC);
    close(stream);
    close(datagram);
    return argument;
}

TEST(BaseEventLoopWithSelectorTests, test_create_connection_host_port_sock)
{
    WORLD(w);
    PASS(world_run(&w, gives_what_is_too_much, NULL));
}

TEST(BaseEventLoopWithSelectorTests, test_create_connection_wrong_sock)
{
    WORLD(w);
    PASS(world_run(&w, gives_what_is_too_much, NULL));
}

TEST(BaseEventLoopWithSelectorTests, test_create_connection_no_host_port_sock)
{
    WORLD(w);
    PASS(world_run(&w, gives_what_is_too_much, NULL));
}

TEST(BaseEventLoopWithSelectorTests, test_create_connection_no_getaddrinfo)
{
    struct attempt attempt = {.host = "", .port = 80};
    SCRIPTED(w);
    CHECK_EQ(run(&w, &attempt), 0);
    FAILS(attempt.code, -EADDRNOTAVAIL);
}

TEST(BaseEventLoopWithSelectorTests, test_create_connection_connect_err)
{
    struct attempt attempt = {.host = "127.0.0.1", .port = 80};
    SCRIPTED(w);
    sockets(&w, 1);
    script(&w, OP_CONNECT, FD, -EHOSTUNREACH);
    CHECK_EQ(run(&w, &attempt), 3);
    FAILS(attempt.code, -EHOSTUNREACH);
    CHECK_EQ(attempt.count, 1);
    CHECK_EQ(attempt.errors[0], -EHOSTUNREACH);
}

TEST(BaseEventLoopWithSelectorTests, test_create_connection_multiple)
{
    int listener = net_bound(SOCK_STREAM); /* on the second of three */
    struct attempt attempt = {.host = "127.0.0.2,127.0.0.1,127.0.0.3", .port = net_port(listener)};
    RESOLVER;
    ON_THE_RING(connects, &attempt);
    PASS(attempt.code);
    CHECK_EQ(attempt.count, 0);
    close(listener);
    ON_THE_RING(connects, &attempt);
    FAILS(attempt.code, -ECONNREFUSED);
    CHECK_EQ(attempt.count, 3);
}

TEST(BaseEventLoopWithSelectorTests, test_create_connection_multiple_errors_local_addr)
{
    struct attempt attempt = {
        .host = "127.0.0.1,127.0.0.2", .port = 80, .options.local_host = "127.0.0.1"};
    SCRIPTED(w);
    sockets(&w, 2);
    script(&w, OP_BIND, FD, -EADDRINUSE);
    script(&w, OP_BIND, FD + 1, 0);
    script(&w, OP_CONNECT, FD + 1, -ECONNREFUSED);
    CHECK_EQ(run(&w, &attempt), 7);
    FAILS(attempt.code, -EADDRINUSE);
    CHECK_EQ(attempt.count, 2);
    CHECK_EQ(attempt.errors[1], -ECONNREFUSED);
}

TEST(BaseEventLoopWithSelectorTests, test_create_connection_no_local_addr)
{
    struct attempt attempt = {
        .host = "127.0.0.1,127.0.0.2", .port = 80, .options = {.local_host = "", .local_port = 9}};
    SCRIPTED(w);
    CHECK_EQ(run(&w, &attempt), 0);
    FAILS(attempt.code, -EADDRNOTAVAIL);
}

/* ---- what the kernel is asked for ------------------------------------------------------------ */

struct look {
    coil_loop *loop;
    struct op seen;
    union net_address address;
};

/* The connect that waits: it is the newest operation. */
static int look_now(void *argument)
{
    struct look *look = argument;

    list_for_each (node, &look->loop->engine->in_flight) {
        const struct op *op = list_entry(node, struct op, in_flight);
        if (op->opcode != OP_CONNECT)
            continue;
        look->seen = *op;
        memcpy(&look->address, op->address, op->offset);
    }
    return 0;
}

static struct look look_at(struct attempt attempt)
{
    struct look look = {.loop = NULL};
    WORLD_WITH(w, &with_threads);
    look.loop = w.loop;
    sockets(&w, 1);
    world_answer(&w, OP_CONNECT, -ECONNREFUSED, COIL_SEC(3));
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_SEC(1), look_now, &look)));
    (void)run(&w, &attempt);
    return look;
}

TEST(BaseEventLoopWithSelectorTests, test_create_connection_ip_addr)
{
    if (!world_is_virtual())
        return; /* it looks into the engine */
    struct look look = look_at((struct attempt){.host = "1.2.3.4", .port = 80});
    CHECK_EQ(look.address.in.sin_family, AF_INET);
    CHECK_EQ(look.address.in.sin_addr.s_addr, htonl(0x01020304));
    CHECK_EQ(net_port_of(&look.address), 80);
    look = look_at((struct attempt){.host = "::5", .port = 443});
    CHECK_EQ(look.address.in6.sin6_family, AF_INET6);
    CHECK_EQ(look.address.in6.sin6_addr.s6_addr[15], 5);
    CHECK_EQ(net_port_of(&look.address), 443);
}

TEST(BaseEventLoopWithSelectorTests, test_create_connection_ipv6_scope)
{
    if (!world_is_virtual())
        return;
    struct look look = look_at((struct attempt){.host = "fe80::1%lo", .port = 80});
    CHECK_EQ(look.address.in6.sin6_family, AF_INET6);
    CHECK(look.address.in6.sin6_scope_id != 0);
}

TEST(BaseEventLoopWithSelectorTests, test_create_connection_service_name)
{
    struct attempt attempt = {.host = "127.0.0.1", .options.service = "nonsense"};
    if (!world_is_virtual())
        return;
    {
        WORLD_WITH(w, &with_threads);
        CHECK_EQ(run(&w, &attempt), 0);
        FAILS(attempt.code, -COIL_EAI_SERVICE);
    }
    struct look look = look_at((struct attempt){.host = "127.0.0.1", .options.service = "http"});
    CHECK_EQ(net_port_of(&look.address), 80);
}

/* An address of a family that the resolver does not know goes to connect as it is: io's calls take
 * any. */
static void *connects_to_a_strange_family(void *argument)
{
    const unsigned char bluetooth[8] = {31 /* AF_BLUETOOTH */, 0, 1, 2, 3, 4, 5, 6};
    union net_address address = {.in.sin_port = 0};

    memcpy(&address, bluetooth, sizeof(bluetooth));
    FAILS(coil_connect(FD, &address.any, sizeof(bluetooth)), -EHOSTDOWN);
    return argument;
}

TEST(BaseEventLoopWithSelectorTests, test_create_connection_bluetooth)
{
    if (!world_is_virtual())
        return; /* there is no such device */
    struct look look = {.loop = NULL};
    WORLD(w);
    look.loop = w.loop;
    world_answer(&w, OP_CONNECT, -EHOSTDOWN, COIL_SEC(3));
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_SEC(1), look_now, &look)));
    PASS(world_run(&w, connects_to_a_strange_family, NULL));
    CHECK_EQ(look.seen.offset, 8);
    CHECK_EQ(look.address.any.sa_family, 31);
    CHECK_EQ(((const unsigned char *)&look.address)[7], 6);
}

/* ---- what a stream's socket is like ---------------------------------------------------------- */

static int delays(int fd)
{
    int on = -1;
    socklen_t size = sizeof(on);

    CHECK_EQ(getsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, &size), 0);
    return !on;
}

static void *makes_streams(void *argument)
{
    int listener = net_bound(SOCK_STREAM), port = net_port(listener);

    for (int flags = 0; flags <= O_NONBLOCK; flags += O_NONBLOCK) {
        int fd = net_client(port);
        CHECK_EQ(fcntl(fd, F_SETFL, flags), 0);
        coil_stream *stream = coil_open_connection(NULL, 0, OPTIONS(.fd = fd));
        CHECK(!delays(coil_stream_descriptor(stream)));
        serving_hang_up(stream);
    }
    coil_stream *stream = coil_open_connection("127.0.0.1", port, NULL);
    CHECK(!delays(coil_stream_descriptor(stream)));
    serving_hang_up(stream);
    close(listener);
    return argument;
}

TEST(TestSelectorUtils, test_set_nodelay)
{
    ON_THE_RING(makes_streams, NULL);
}
