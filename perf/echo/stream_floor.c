// SPDX-License-Identifier: MIT
/*
 * echo_stream_floor: floor.c for connections on which data is always under way. What one received
 * is sent in its order, one send at a time, each with all that came since the last; a receive that
 * found no buffer goes on when there is one. Nothing else is added, and as there a client that
 * does not read holds buffers for as long.
 */
#include "listen.h"
#include "ring.h"

#include <stdbool.h>
#include <sys/uio.h>

enum {
    ENTRIES = 512,
    COMPLETIONS = 4096,
    BUFFERS = 16,
    BUFFER_SIZE = 256 * 1024,
    PIECES = 16, /* of a send */
    DESCRIPTORS = 1024,
    NONE = -1,
};
enum kind { ACCEPT, RECV, SEND, CLOSE };

struct connection {
    int first, last; /* of what waits to be sent: buffers, linked by `next` */
    int sending[PIECES], count;
    struct iovec pieces[PIECES];
    struct msghdr message;
    bool marked; /* there is something to be done for it at the end of the turn */
    bool receiving, starved, ended;
};

struct server {
    struct ring ring;
    int listener;
    int next[BUFFERS];
    size_t lengths[BUFFERS];
    struct connection connections[DESCRIPTORS];
    int marked[DESCRIPTORS], marks;
    int starved;
};

static uint64_t named(enum kind kind, int fd)
{
    return (uint64_t)kind << 32 | (uint32_t)fd;
}

static void arm_accept(struct server *server)
{
    struct io_uring_sqe *sqe = ring_entry(&server->ring, server->listener, named(ACCEPT, 0));

    sqe->opcode = IORING_OP_ACCEPT;
    sqe->accept_flags = SOCK_CLOEXEC;
    sqe->ioprio = IORING_ACCEPT_MULTISHOT;
}

static void arm_recv(struct server *server, int fd)
{
    server->connections[fd].receiving = true;
    ring_recv(&server->ring, fd, named(RECV, fd));
}

static void mark(struct server *server, int fd)
{
    if (!server->connections[fd].marked) {
        server->connections[fd].marked = true;
        server->marked[server->marks++] = fd;
    }
}

static void send_waiting(struct server *server, int fd)
{
    struct connection *connection = &server->connections[fd];
    struct io_uring_sqe *sqe = ring_entry(&server->ring, fd, named(SEND, fd));
    int n = 0;

    for (; connection->first != NONE && n < PIECES; n++) {
        int buffer = connection->first;
        connection->sending[n] = buffer;
        connection->pieces[n].iov_base = ring_buffer(&server->ring, (unsigned)buffer);
        connection->pieces[n].iov_len = server->lengths[buffer];
        connection->first = server->next[buffer];
    }
    connection->count = n;
    connection->message.msg_iov = connection->pieces;
    connection->message.msg_iovlen = (size_t)n;
    sqe->opcode = n == 1 ? IORING_OP_SEND : IORING_OP_SENDMSG;
    sqe->addr = n == 1 ? (uint64_t)(uintptr_t)connection->pieces[0].iov_base
                       : (uint64_t)(uintptr_t)&connection->message;
    sqe->len = n == 1 ? (unsigned)connection->pieces[0].iov_len : 1;
    sqe->msg_flags = MSG_NOSIGNAL | MSG_WAITALL;
}

static void end(struct server *server, int fd)
{
    struct io_uring_sqe *sqe = ring_entry(&server->ring, fd, named(CLOSE, fd));

    sqe->opcode = IORING_OP_CLOSE;
    sqe->flags = IOSQE_CQE_SKIP_SUCCESS;
}

static void sent(struct server *server, int fd)
{
    struct connection *connection = &server->connections[fd];

    for (int i = 0; i < connection->count; i++)
        ring_give_back(&server->ring, (unsigned)connection->sending[i]);
    connection->count = 0;
    mark(server, fd);
}

static void queue(struct server *server, int fd, unsigned buffer, int length)
{
    struct connection *connection = &server->connections[fd];

    server->lengths[buffer] = (size_t)length;
    server->next[buffer] = NONE;
    if (connection->first == NONE)
        connection->first = (int)buffer;
    else
        server->next[connection->last] = (int)buffer;
    connection->last = (int)buffer;
    mark(server, fd);
}

static void received(struct server *server, int fd, const struct io_uring_cqe *cqe)
{
    struct connection *connection = &server->connections[fd];

    if (cqe->res > 0)
        queue(server, fd, cqe->flags >> IORING_CQE_BUFFER_SHIFT, cqe->res);
    if (cqe->flags & IORING_CQE_F_MORE)
        return;
    connection->receiving = false;
    if (cqe->res == -ENOBUFS) {
        connection->starved = true;
        server->starved++;
    } else if (cqe->res <= 0) {
        connection->ended = true;
    }
    mark(server, fd);
}

static void accepted(struct server *server, const struct io_uring_cqe *cqe)
{
    if (cqe->res >= DESCRIPTORS)
        fail("connections", EMFILE);
    if (cqe->res >= 0) {
        server->connections[cqe->res] = (struct connection){.first = NONE};
        no_delay(cqe->res);
        arm_recv(server, cqe->res);
    }
    if (!(cqe->flags & IORING_CQE_F_MORE))
        arm_accept(server);
}

static void completed(struct server *server, const struct io_uring_cqe *cqe)
{
    int fd = (int)(uint32_t)cqe->user_data;

    switch ((enum kind)(cqe->user_data >> 32)) {
    case ACCEPT:
        accepted(server, cqe);
        break;
    case RECV:
        received(server, fd, cqe);
        break;
    case SEND: /* what it could not send, the end of its connection tells */
        sent(server, fd);
        break;
    case CLOSE:
        break;
    }
}

/* What the turn's completions ask for, once for each connection. */
static void follow_up(struct server *server)
{
    for (int i = 0; i < server->marks; i++) {
        int fd = server->marked[i];
        struct connection *connection = &server->connections[fd];
        connection->marked = false;
        if (connection->count == 0 && connection->first != NONE)
            send_waiting(server, fd);
        if (connection->ended && connection->count == 0)
            end(server, fd);
        else if (!connection->receiving && !connection->starved && !connection->ended)
            arm_recv(server, fd);
    }
    server->marks = 0;
}

static void feed_starved(struct server *server)
{
    for (int fd = 0; fd < DESCRIPTORS && server->starved; fd++) {
        if (!server->connections[fd].starved)
            continue;
        server->connections[fd].starved = false;
        server->starved--;
        arm_recv(server, fd);
    }
}

static void turn(struct server *server)
{
    struct io_uring_cqe *cqe;
    unsigned head, seen = 0;

    ring_enter(&server->ring);
    io_uring_for_each_cqe(&server->ring.uring, head, cqe)
    {
        completed(server, cqe);
        seen++;
    }
    io_uring_cq_advance(&server->ring.uring, seen);
    follow_up(server);
    if (server->starved && server->ring.given_back)
        feed_starved(server);
    ring_publish(&server->ring);
}

int main(int argc, char **argv)
{
    static struct server server;
    in_port_t port = port_of(argc, argv);

    ring_make(&server.ring, ENTRIES, COMPLETIONS);
    ring_make_buffers(&server.ring, BUFFERS, BUFFER_SIZE);
    server.listener = listen_on(port, 0);
    arm_accept(&server);
    for (;;)
        turn(&server);
}
