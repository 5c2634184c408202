// SPDX-License-Identifier: MIT
#include <coil/socket.h>

#include "ends.h"
#include "kernel.h"
#include "world.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/un.h>

enum { FD = 3 };

/* ---- on the simulated engine ---------------------------------------------------------------- */

static void *give_bad_arguments(void *argument)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct sockaddr *any = (struct sockaddr *)&address;
    char byte = 0;

    FAILS(coil_bind(-1, any, sizeof(address)), -EBADF);
    FAILS(coil_bind(FD, NULL, 0), -EINVAL);
    FAILS(coil_listen(-1, 1), -EBADF);
    FAILS(coil_connect(-1, any, sizeof(address)), -EBADF);
    FAILS(coil_connect(FD, NULL, 0), -EINVAL);
    FAILS(coil_accept(-1, NULL, NULL), -EBADF);
    FAILS(coil_accept(FD, any, NULL), -EINVAL);
    FAILS(coil_recv(-1, &byte, 1, 0), -EBADF);
    FAILS(coil_recv(FD, NULL, 1, 0), -EINVAL);
    FAILS(coil_send(-1, &byte, 1, 0), -EBADF);
    FAILS(coil_send(FD, NULL, 1, 0), -EINVAL);
    FAILS(coil_shutdown(-1, SHUT_WR), -EBADF);
    return argument;
}

TEST(socket, refuses_bad_arguments_and_submits_nothing)
{
    WORLD(w);
    PASS(world_run(&w, give_bad_arguments, NULL));
    CHECK_EQ(world_counts(&w).submitted, 0);
}

TEST(socket, is_for_tasks)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct sockaddr *any = (struct sockaddr *)&address;
    char byte = 0;
    FAILS(coil_socket(AF_INET, SOCK_STREAM, 0), -COIL_ENOLOOP);
    FAILS(coil_bind(FD, any, sizeof(address)), -COIL_ENOLOOP);
    FAILS(coil_listen(FD, 1), -COIL_ENOLOOP);
    FAILS(coil_connect(FD, any, sizeof(address)), -COIL_ENOLOOP);
    FAILS(coil_accept(FD, NULL, NULL), -COIL_ENOLOOP);
    FAILS(coil_recv(FD, &byte, 1, 0), -COIL_ENOLOOP);
    FAILS(coil_send(FD, &byte, 1, 0), -COIL_ENOLOOP);
    FAILS(coil_shutdown(FD, SHUT_WR), -COIL_ENOLOOP);
}

/* What reached the engine: the operation in flight. */
struct look {
    coil_loop *loop;
    struct op seen;
};

static int look_now(void *argument)
{
    struct look *look = argument;
    const struct list_node *node = list_first(&look->loop->engine->in_flight);
    if (CHECK(node != NULL))
        look->seen = *list_entry(node, struct op, in_flight);
    return 0;
}

static struct op look_at(struct world *w, coil_fn call, void *argument)
{
    struct look look = {.loop = w->loop};
    if (coil_is_err(w->loop))
        return look.seen;
    world_answer(w, COIL_SIM_ANY, 0, COIL_MS(20));
    PASS(coil_handle_error(coil_call_later(w->loop, COIL_MS(10), look_now, &look)));
    PASS(world_run(w, call, argument));
    return look.seen;
}

static void *make_socket(void *argument)
{
    CHECK_EQ(coil_socket(AF_INET6, SOCK_DGRAM, IPPROTO_UDP), 0);
    return argument;
}

TEST(socket, is_made_closed_on_exec)
{
    WORLD(w);
    struct op op = look_at(&w, make_socket, NULL);
    CHECK_EQ(op.opcode, OP_SOCKET);
    CHECK_EQ(op.fd, -1);
    CHECK_EQ(op.options, AF_INET6);
    CHECK_EQ(op.offset, SOCK_DGRAM | SOCK_CLOEXEC);
    CHECK_EQ(op.length, IPPROTO_UDP);
}

/* The domain is no descriptor of the same number. */
static void *make_socket_meanwhile(void *rc)
{
    PASS(coil_sleep(COIL_MS(10)));
    *(int *)rc = coil_socket(AF_INET, SOCK_STREAM, 0);
    return NULL;
}

static void *close_the_descriptor_2(void *argument)
{
    PASS(coil_close_fd(AF_INET));
    return argument;
}

TEST(socket, has_no_descriptor_before_it_is_made)
{
    int rc = 0;
    WORLD(w);
    world_answer(&w, OP_CLOSE, 0, COIL_MS(20));
    world_answer(&w, OP_SOCKET, 20, COIL_MS(20));
    COIL_AUTO coil_task *closer = coil_create_task_with(w.loop, close_the_descriptor_2, NULL, NULL);
    PASS(world_run(&w, make_socket_meanwhile, &rc));
    CHECK_EQ(rc, 20);
    PASS(coil_run_until_complete(w.loop, closer, NULL));
}

static void *accept_one(void *argument)
{
    CHECK_EQ(coil_accept(FD, NULL, argument), 0);
    return NULL;
}

TEST(socket, is_accepted_closed_on_exec)
{
    socklen_t length = 0;
    WORLD(w);
    struct op op = look_at(&w, accept_one, &length);
    CHECK_EQ(op.opcode, OP_ACCEPT);
    CHECK_EQ(op.options, SOCK_CLOEXEC);
    CHECK_PTR(op.address, NULL);
    CHECK_PTR(op.address2, NULL); /* a length without an address means nothing */
}

static void *send_too_much(void *argument)
{
    CHECK_EQ(coil_send(FD, "hello", SIZE_MAX, MSG_MORE), 0);
    return argument;
}

TEST(socket, is_sent_to_without_a_signal)
{
    WORLD(w);
    struct op op = look_at(&w, send_too_much, NULL);
    CHECK_EQ(op.opcode, OP_SEND);
    CHECK_EQ(op.options, MSG_MORE | MSG_NOSIGNAL);
    CHECK_EQ(op.length, 0x7ffff000);
}

static void *shut_down(void *argument)
{
    CHECK_EQ(coil_shutdown(FD, SHUT_WR), 0);
    return argument;
}

static void *listen_many(void *argument)
{
    CHECK_EQ(coil_listen(FD, 128), 0);
    return argument;
}

TEST(socket, listens_and_is_shut_down)
{
    WORLD(w);
    struct op op = look_at(&w, shut_down, NULL);
    CHECK_EQ(op.opcode, OP_SHUTDOWN);
    CHECK_EQ(op.length, SHUT_WR);
    op = look_at(&w, listen_many, NULL);
    CHECK_EQ(op.opcode, OP_LISTEN);
    CHECK_EQ(op.length, 128);
}

static void *accept_any(void *argument)
{
    (void)argument;
    return COIL_ERR(coil_accept(FD, NULL, NULL));
}

static void *receive_any(void *argument)
{
    char byte;
    (void)argument;
    return COIL_ERR((int)coil_recv(FD, &byte, 1, 0));
}

static void *send_any(void *argument)
{
    (void)argument;
    return COIL_ERR((int)coil_send(FD, "x", 1, 0));
}

static void *connect_any(void *argument)
{
    struct sockaddr address = {.sa_family = AF_INET};
    (void)argument;
    return COIL_ERR(coil_connect(FD, &address, sizeof(address)));
}

/* The event that a call waits for when the socket was not ready. */
static uint64_t event_of(coil_fn call)
{
    WORLD(w);
    struct look look = {.loop = w.loop};
    world_answer(&w, COIL_SIM_ANY, -EAGAIN, 0);
    if (coil_is_err(w.loop))
        return 0;
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(10), look_now, &look)));
    FAILS(world_run(&w, call, NULL), -COIL_EDEADLOCK);
    CHECK_EQ(look.seen.opcode, OP_POLL);
    CHECK_EQ(look.seen.fd, FD);
    return look.seen.mask;
}

TEST(socket, waits_for_what_it_does)
{
    CHECK_EQ(event_of(accept_any), POLLIN);
    CHECK_EQ(event_of(receive_any), POLLIN);
    CHECK_EQ(event_of(send_any), POLLOUT);
    CHECK_EQ(event_of(connect_any), POLLOUT);
}

/* ---- connecting, as the kernel tells of it -------------------------------------------------- */

struct connector {
    int family;
    int rc;
};

static void *connect_it(void *argument)
{
    struct connector *connector = argument;
    struct sockaddr address = {.sa_family = (sa_family_t)connector->family};
    connector->rc = coil_connect(FD, &address, sizeof(address));
    return NULL;
}

TEST(socket, is_connected)
{
    struct connector connector = {.family = AF_INET};
    WORLD(w);
    world_answer(&w, OP_CONNECT, 0, COIL_MS(20));
    PASS(world_run(&w, connect_it, &connector));
    PASS(connector.rc);
    CHECK_EQ(world_counts(&w).submitted, 1);
}

TEST(socket, is_connected_where_it_is_nonblocking)
{
    const int first[] = {-EINPROGRESS, -EAGAIN, -EINTR}, last[] = {0, -EISCONN, -ECONNREFUSED};
    for (int i = 0; i < 3; i++) {
        struct connector connector = {.family = AF_INET};
        WORLD(w);
        world_answer(&w, OP_CONNECT, first[i], 0);
        world_answer(&w, OP_POLL, POLLOUT, COIL_MS(20));
        world_answer(&w, OP_CONNECT, -EALREADY, 0); /* the poll was too early */
        world_answer(&w, OP_POLL, POLLOUT, COIL_MS(20));
        world_answer(&w, OP_CONNECT, last[i], 0);
        PASS(world_run(&w, connect_it, &connector));
        CHECK_EQ(connector.rc, last[i] == -EISCONN ? 0 : last[i]);
        CHECK_EQ(world_time(&w), COIL_MS(40));
    }
}

TEST(socket, is_not_connected_twice)
{
    const struct connector cases[] = {
        {.family = AF_INET, .rc = -EISCONN},
        {.family = AF_INET, .rc = -EALREADY},
        {.family = AF_UNIX, .rc = -EAGAIN}, /* nothing tells when the queue has room */
    };
    for (int i = 0; i < 3; i++) {
        struct connector connector = {.family = cases[i].family};
        WORLD(w);
        world_answer(&w, OP_CONNECT, cases[i].rc, 0);
        PASS(world_run(&w, connect_it, &connector));
        FAILS(connector.rc, cases[i].rc);
        CHECK_EQ(world_counts(&w).submitted, 1);
    }
}

TEST(socket, gives_up_to_connect_when_the_poll_fails)
{
    struct connector connector = {.family = AF_INET};
    WORLD(w);
    world_answer(&w, OP_CONNECT, -EINPROGRESS, 0);
    world_answer(&w, OP_POLL, -ENOMEM, 0);
    PASS(world_run(&w, connect_it, &connector));
    FAILS(connector.rc, -ENOMEM);
}

/* Contract 3: an accepted connection is not lost. */
static void *accept_and_wait(void *argument)
{
    int *rc = argument;
    rc[0] = coil_accept(FD, NULL, NULL);
    rc[1] = coil_yield_now();
    return NULL;
}

TEST(socket, is_accepted_although_it_was_cancelled)
{
    int rc[2] = {0, 0};
    WORLD(w);
    world_script(w.sim, (coil_sim_answer){.opcode = OP_ACCEPT,
                                          .fd = FD,
                                          .result = 20,
                                          .delay = COIL_MS(20),
                                          .cancel = COIL_SIM_CANCEL_LOSES});
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, accept_and_wait, rc, NULL);
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(10), world_cancel, task)));
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK_EQ(rc[0], 20);
    FAILS(rc[1], -ECANCELED);
}

/* ---- in the kernel -------------------------------------------------------------------------- */

/* A client and a server on 127.0.0.1. */
struct net {
    int type; /* of the sockets: SOCK_NONBLOCK or 0 */
    int listener;
    struct sockaddr_in address;
};

#define NET __attribute__((cleanup(net_free))) struct net

static void net_free(struct net *net)
{
    if (net->listener >= 0)
        close(net->listener);
}

/* In a task: a socket that listens, and where. */
static int net_listen(struct net *net)
{
    socklen_t length = sizeof(net->address);
    struct sockaddr *address = (struct sockaddr *)&net->address;

    net->address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    net->listener = coil_socket(AF_INET, SOCK_STREAM | net->type, 0);
    if (net->listener < 0)
        return net->listener;
    int rc = coil_bind(net->listener, address, length);
    if (rc == 0)
        rc = coil_listen(net->listener, 16);
    if (rc == 0 && !CHECK(getsockname(net->listener, address, &length) == 0))
        rc = -EIO;
    return rc;
}

static int net_connect(struct net *net)
{
    int fd = coil_socket(AF_INET, SOCK_STREAM | net->type, 0);
    if (fd < 0)
        return fd;
    int rc = coil_connect(fd, (struct sockaddr *)&net->address, sizeof(net->address));
    if (rc < 0)
        close(fd);
    return rc < 0 ? rc : fd;
}

static void *serve(void *argument)
{
    struct net *net = argument;
    struct sockaddr_in peer;
    socklen_t length = sizeof(peer);
    char text[8];
    ssize_t n = 0;

    int fd = coil_accept(net->listener, (struct sockaddr *)&peer, &length);
    if (fd < 0)
        return COIL_ERR(fd);
    CHECK_EQ(length, sizeof(peer));
    CHECK_EQ(peer.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    if (net->type)
        fcntl(fd, F_SETFL, O_NONBLOCK);
    for (;;) {
        n = coil_recv(fd, text, sizeof(text), 0);
        if (n > 0)
            n = coil_send(fd, text, (size_t)n, 0);
        if (n <= 0)
            break;
    }
    close(fd);
    return n < 0 ? COIL_ERR((int)n) : NULL;
}

static void *ask(void *argument)
{
    char text[8] = "";
    int fd = net_connect(argument);
    if (fd < 0)
        return COIL_ERR(fd);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    ssize_t n = coil_send(fd, "hello", 6, 0);
    if (n >= 0)
        n = coil_recv(fd, text, 6, MSG_WAITALL);
    CHECK_EQ(n, 6);
    CHECK_STR(text, "hello");
    if (n >= 0)
        n = coil_shutdown(fd, SHUT_WR);
    if (n >= 0)
        n = coil_recv(fd, text, sizeof(text), 0);
    CHECK_EQ(n, 0); /* the server has closed */
    close(fd);
    return n < 0 ? COIL_ERR((int)n) : NULL;
}

static void *talk(void *argument)
{
    int rc = net_listen(argument);
    if (rc < 0)
        return COIL_ERR(rc);
    const coil_coro both[] = {{serve, argument}, {ask, argument}};
    COIL_AUTO coil_future *all = coil_gather(both, 2, 0);
    rc = coil_await(all, NULL);
    return rc < 0 ? COIL_ERR(rc) : NULL;
}

TEST(socket, carries_bytes_both_ways)
{
    NET net = {.listener = -1};
    KERNEL(loop);
    PASS(kernel_run(loop, talk, &net));
}

TEST(socket, carries_bytes_both_ways_where_it_is_nonblocking)
{
    NET net = {.type = SOCK_NONBLOCK, .listener = -1};
    KERNEL(loop);
    PASS(kernel_run(loop, talk, &net));
}

static void forget_the_newer(coil_loop *loop)
{
    if (!err_is(loop))
        loop->engine->opcodes &=
            ~(UINT64_C(1) << OP_SOCKET | UINT64_C(1) << OP_BIND | UINT64_C(1) << OP_LISTEN);
}

TEST(socket, is_made_without_the_ring_on_an_old_kernel)
{
    NET net = {.listener = -1};
    KERNEL(loop);
    forget_the_newer(loop);
    PASS(kernel_run(loop, talk, &net));
}

/* The kernel's own codes, on the ring and without it; errno is left alone. */
static void *fail_everywhere(void *argument)
{
    struct net *net = argument;
    struct sockaddr_in taken = net->address;

    errno = 77;
    FAILS(coil_socket(-1, SOCK_STREAM, 0), -EAFNOSUPPORT);
    FAILS(coil_bind(1 << 20, (struct sockaddr *)&taken, sizeof(taken)), -EBADF);
    FAILS(coil_listen(1 << 20, 1), -EBADF);
    CHECK_EQ(errno, 77);
    int fd = coil_socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0)
        return COIL_ERR(fd);
    FAILS(coil_bind(fd, (struct sockaddr *)&taken, sizeof(taken)), -EADDRINUSE);
    FAILS(coil_bind(fd, (struct sockaddr *)&taken, 1), -EINVAL);
    FAILS(coil_shutdown(fd, SHUT_WR), -ENOTCONN);
    FAILS(coil_shutdown(fd, 99), -EINVAL);
    CHECK_EQ(errno, 77);
    close(fd);
    return NULL;
}

static void *listen_and_fail(void *argument)
{
    int rc = net_listen(argument);
    return rc < 0 ? COIL_ERR(rc) : fail_everywhere(argument);
}

TEST(socket, gives_the_codes_of_the_kernel)
{
    NET net = {.listener = -1}, old = {.listener = -1};
    KERNEL(loop);
    PASS(kernel_run(loop, listen_and_fail, &net));
    forget_the_newer(loop);
    PASS(kernel_run(loop, listen_and_fail, &old));
}

/* A plain call is refused as an operation is. */
static void *listen_when_cancelled(void *argument)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int *rc = argument;
    (void)coil_cancel(coil_current_task());
    rc[0] = coil_listen(FD, 1);
    (void)coil_cancel(coil_current_task());
    rc[1] = coil_socket(AF_INET, SOCK_STREAM, 0);
    (void)coil_cancel(coil_current_task());
    rc[2] = coil_bind(FD, (struct sockaddr *)&address, sizeof(address));
    return NULL;
}

TEST(socket, is_cancelled_also_on_an_old_kernel)
{
    int rc[3] = {0, 0, 0};
    KERNEL(loop);
    forget_the_newer(loop);
    PASS(kernel_run(loop, listen_when_cancelled, rc));
    FAILS(rc[0], -ECANCELED);
    FAILS(rc[1], -ECANCELED);
    FAILS(rc[2], -ECANCELED);
}

static void *be_refused(void *argument)
{
    struct net *net = argument;
    int rc = net_listen(net);
    if (rc < 0)
        return COIL_ERR(rc);
    close(net->listener); /* nobody listens there now */
    net->listener = -1;
    FAILS(net_connect(net), -ECONNREFUSED);
    return NULL;
}

TEST(socket, is_refused)
{
    NET net = {.listener = -1}, other = {.type = SOCK_NONBLOCK, .listener = -1};
    KERNEL(loop);
    PASS(kernel_run(loop, be_refused, &net));
    PASS(kernel_run(loop, be_refused, &other));
}

static void *fill_the_queue(void *argument)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t length = sizeof(sa_family_t); /* the kernel picks a name */
    const int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    int fds[] = {socket(AF_UNIX, type, 0), socket(AF_UNIX, type, 0), socket(AF_UNIX, type, 0)};

    int rc = coil_bind(fds[0], (struct sockaddr *)&address, length);
    if (rc == 0)
        rc = coil_listen(fds[0], 0);
    length = sizeof(address);
    CHECK_EQ(getsockname(fds[0], (struct sockaddr *)&address, &length), 0);
    if (rc == 0)
        rc = coil_connect(fds[1], (struct sockaddr *)&address, length);
    if (rc == 0)
        FAILS(coil_connect(fds[2], (struct sockaddr *)&address, length), -EAGAIN);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    return rc < 0 ? COIL_ERR(rc) : argument;
}

TEST(socket, does_not_spin_where_a_queue_is_full)
{
    KERNEL(loop);
    PASS(kernel_run(loop, fill_the_queue, NULL));
}

/* ---- closing, shutting down ----------------------------------------------------------------- */

struct one_call {
    int fd;
    ssize_t rc;
};

static void *wait_to_accept(void *argument)
{
    struct one_call *call = argument;
    call->rc = coil_accept(call->fd, NULL, NULL);
    return NULL;
}

static void *wait_to_receive(void *argument)
{
    struct one_call *call = argument;
    char byte;
    call->rc = coil_recv(call->fd, &byte, 1, 0);
    return NULL;
}

static void *close_it(void *fd)
{
    int rc = coil_close_fd(*(int *)fd);
    if (rc == 0)
        *(int *)fd = -1;
    return rc < 0 ? COIL_ERR(rc) : NULL;
}

static void *listen_only(void *argument)
{
    int rc = net_listen(argument);
    return rc < 0 ? COIL_ERR(rc) : NULL;
}

TEST(socket, is_closed_while_someone_waits_for_a_connection)
{
    for (int i = 0; i < 2; i++) {
        NET net = {.type = i ? SOCK_NONBLOCK : 0, .listener = -1};
        KERNEL(loop);
        if (kernel_run(loop, listen_only, &net) < 0)
            continue;
        struct one_call call = {.fd = net.listener};
        COIL_AUTO coil_task *task = coil_create_task_with(loop, wait_to_accept, &call, NULL);
        coil_stop(loop);
        PASS(coil_run_forever(loop));
        CHECK(!coil_done(task));
        if (kernel_run(loop, close_it, &net.listener) == 0)
            PASS(coil_run_until_complete(loop, task, NULL));
        FAILS(call.rc, -COIL_ECLOSED);
        PASS(coil_close(loop)); /* while `call` is there */
    }
}

TEST(socket, is_closed_while_someone_waits_for_bytes)
{
    for (int i = 0; i < 2; i++) {
        ENDS ends = ends_sockets(SOCK_STREAM | (i ? SOCK_NONBLOCK : 0));
        struct one_call call = {.fd = ends.fd[0]};
        char byte;
        KERNEL(loop);
        COIL_AUTO coil_task *task = coil_create_task_with(loop, wait_to_receive, &call, NULL);
        if (err_is(loop))
            continue;
        coil_stop(loop);
        PASS(coil_run_forever(loop));
        if (kernel_run(loop, close_it, &ends.fd[0]) == 0)
            PASS(coil_run_until_complete(loop, task, NULL));
        FAILS(call.rc, -COIL_ECLOSED);
        CHECK_EQ(recv(ends.fd[1], &byte, 1, MSG_DONTWAIT), 0); /* the peer sees the end */
    }
}

static void *do_not_wait(void *argument)
{
    const struct ends *ends = argument;
    char byte;
    FAILS(coil_recv(ends->fd[0], &byte, 1, MSG_DONTWAIT), -EAGAIN);
    ends_fill(ends);
    FAILS(coil_send(ends->fd[1], &byte, 1, MSG_DONTWAIT), -EAGAIN);
    return NULL;
}

TEST(socket, does_not_wait_when_it_is_told_not_to)
{
    for (int i = 0; i < 2; i++) {
        ENDS ends = ends_sockets(SOCK_STREAM | (i ? SOCK_NONBLOCK : 0));
        KERNEL(loop);
        PASS(kernel_run(loop, do_not_wait, &ends));
    }
}

static void *send_one(void *argument)
{
    struct one_call *call = argument;
    call->rc = coil_send(call->fd, "x", 1, 0);
    return NULL;
}

TEST(socket, waits_for_room)
{
    for (int i = 0; i < 2; i++) {
        ENDS ends = ends_sockets(SOCK_STREAM | (i ? SOCK_NONBLOCK : 0));
        struct one_call call = {.fd = ends.fd[1]};
        ends_fill(&ends);
        KERNEL(loop);
        if (err_is(loop))
            continue;
        COIL_AUTO coil_task *task = coil_create_task_with(loop, send_one, &call, NULL);
        coil_stop(loop);
        PASS(coil_run_forever(loop));
        CHECK(!coil_done(task));
        ends_empty(&ends);
        PASS(coil_run_until_complete(loop, task, NULL));
        CHECK_EQ(call.rc, 1);
    }
}

static bool send_to_nobody(void)
{
    ENDS ends = ends_sockets(SOCK_STREAM);
    struct one_call call = {.fd = ends.fd[1]};
    KERNEL(loop);
    ends_close(&ends, 0);
    return PASS(kernel_run(loop, send_one, &call)) && CHECK_EQ(call.rc, -EPIPE);
}

TEST(socket, raises_no_signal)
{
    CHECK(survives_sigpipe(send_to_nobody));
}

static void *accept_nonblocking(void *argument)
{
    int fd = coil_accept4(*(int *)argument, NULL, NULL, SOCK_NONBLOCK);
    if (!PASS(fd))
        return COIL_ERR(fd);
    CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    close(fd);
    return NULL;
}

TEST(socket, that_is_accepted_may_be_nonblocking)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(listener, (struct sockaddr *)&address, length) == 0 && listen(listener, 1) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
    CHECK(connect(client, (struct sockaddr *)&address, length) == 0);
    {
        KERNEL(loop);
        PASS(kernel_run(loop, accept_nonblocking, &listener));
    }
    close(client);
    close(listener);
}
