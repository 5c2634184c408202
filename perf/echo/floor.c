// SPDX-License-Identifier: MIT
/*
 * echo_floor: sends back what it receives, written by hand on io_uring and nothing else: one accept
 * and one receive a connection that complete many times, buffers that the kernel picks, sends from
 * these, and one io_uring_enter a turn. What the echo servers of the examples are measured against
 * when each connection has one message to and fro; stream_floor.c is for streams.
 *
 * It leaves out what the measurement does not need. A connection that has two messages under way
 * may have them swapped, and more data than there are buffers ends the program.
 */
#include "listen.h"
#include "ring.h"

enum { ENTRIES = 512, COMPLETIONS = 4096, BUFFERS = 1024, BUFFER_SIZE = 4096 };
enum kind { ACCEPT, RECV, SEND, CLOSE };

struct server {
    struct ring ring;
    int listener;
};

static uint64_t named(enum kind kind, int fd, unsigned buffer)
{
    return (uint64_t)kind << 48 | (uint64_t)buffer << 32 | (uint32_t)fd;
}

static void arm_accept(struct server *server)
{
    struct io_uring_sqe *sqe = ring_entry(&server->ring, server->listener, named(ACCEPT, 0, 0));

    sqe->opcode = IORING_OP_ACCEPT;
    sqe->accept_flags = SOCK_CLOEXEC;
    sqe->ioprio = IORING_ACCEPT_MULTISHOT;
}

static void arm_recv(struct server *server, int fd)
{
    ring_recv(&server->ring, fd, named(RECV, fd, 0));
}

static void send_back(struct server *server, int fd, unsigned buffer, int length)
{
    struct io_uring_sqe *sqe = ring_entry(&server->ring, fd, named(SEND, fd, buffer));

    sqe->opcode = IORING_OP_SEND;
    sqe->addr = (uint64_t)(uintptr_t)ring_buffer(&server->ring, buffer);
    sqe->len = (unsigned)length;
    sqe->msg_flags = MSG_NOSIGNAL | MSG_WAITALL;
}

static void end(struct server *server, int fd)
{
    struct io_uring_sqe *sqe = ring_entry(&server->ring, fd, named(CLOSE, fd, 0));

    sqe->opcode = IORING_OP_CLOSE;
    sqe->flags = IOSQE_CQE_SKIP_SUCCESS;
}

static void received(struct server *server, int fd, const struct io_uring_cqe *cqe)
{
    if (cqe->res == -ENOBUFS)
        fail("it has buffers for 1024 messages only", ENOBUFS);
    if (cqe->res > 0)
        send_back(server, fd, cqe->flags >> IORING_CQE_BUFFER_SHIFT, cqe->res);
    if (cqe->flags & IORING_CQE_F_MORE)
        return;
    if (cqe->res > 0)
        arm_recv(server, fd);
    else
        end(server, fd);
}

static void accepted(struct server *server, const struct io_uring_cqe *cqe)
{
    if (cqe->res >= 0) {
        no_delay(cqe->res);
        arm_recv(server, cqe->res);
    }
    if (!(cqe->flags & IORING_CQE_F_MORE))
        arm_accept(server);
}

static void completed(struct server *server, const struct io_uring_cqe *cqe)
{
    switch ((enum kind)(cqe->user_data >> 48)) {
    case ACCEPT:
        accepted(server, cqe);
        break;
    case RECV:
        received(server, (int)(uint32_t)cqe->user_data, cqe);
        break;
    case SEND: /* what it could not send, the end of its connection tells */
        ring_give_back(&server->ring, cqe->user_data >> 32 & 0xffff);
        break;
    case CLOSE:
        break;
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
