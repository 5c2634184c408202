// SPDX-License-Identifier: MIT
/*
 * echo_floor: sends back what it receives, written by hand on io_uring and nothing else: one accept
 * and one receive a connection that complete many times, buffers that the kernel picks, sends from
 * these, and one io_uring_enter a turn. What examples/echo_server is measured against.
 *
 * It leaves out what the measurement does not need. A connection that has two messages under way
 * may have them swapped, and more data than there are buffers ends the program.
 */
#include <errno.h>
#include <liburing.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

enum { ENTRIES = 512, COMPLETIONS = 4096, BUFFERS = 1024, BUFFER_SIZE = 4096 };
enum kind { ACCEPT, RECV, SEND, CLOSE };

struct server {
    struct io_uring ring;
    struct io_uring_buf_ring *queue;
    char *memory;
    int listener;
    int given_back; /* since the last turn */
};

_Noreturn static void fail(const char *what, int code)
{
    fprintf(stderr, "echo_floor: %s: %s\n", what, strerror(code));
    exit(1);
}

static struct io_uring_sqe *entry(struct server *server, enum kind kind, int fd, unsigned buffer)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&server->ring);

    while (!sqe) {
        io_uring_submit(&server->ring);
        sqe = io_uring_get_sqe(&server->ring);
    }
    memset(sqe, 0, sizeof(*sqe));
    sqe->fd = fd;
    sqe->user_data = (uint64_t)kind << 48 | (uint64_t)buffer << 32 | (uint32_t)fd;
    return sqe;
}

static void arm_accept(struct server *server)
{
    struct io_uring_sqe *sqe = entry(server, ACCEPT, server->listener, 0);

    sqe->opcode = IORING_OP_ACCEPT;
    sqe->accept_flags = SOCK_CLOEXEC;
    sqe->ioprio = IORING_ACCEPT_MULTISHOT;
}

static void arm_recv(struct server *server, int fd)
{
    struct io_uring_sqe *sqe = entry(server, RECV, fd, 0);

    sqe->opcode = IORING_OP_RECV;
    sqe->ioprio = IORING_RECV_MULTISHOT;
    sqe->flags = IOSQE_BUFFER_SELECT;
}

static char *memory_of(const struct server *server, unsigned buffer)
{
    return server->memory + (size_t)buffer * BUFFER_SIZE;
}

static void send_back(struct server *server, int fd, unsigned buffer, int length)
{
    struct io_uring_sqe *sqe = entry(server, SEND, fd, buffer);

    sqe->opcode = IORING_OP_SEND;
    sqe->addr = (uint64_t)(uintptr_t)memory_of(server, buffer);
    sqe->len = (unsigned)length;
    sqe->msg_flags = MSG_NOSIGNAL | MSG_WAITALL;
}

static void end(struct server *server, int fd)
{
    struct io_uring_sqe *sqe = entry(server, CLOSE, fd, 0);

    sqe->opcode = IORING_OP_CLOSE;
    sqe->flags = IOSQE_CQE_SKIP_SUCCESS;
}

static void give_back(struct server *server, unsigned buffer)
{
    io_uring_buf_ring_add(server->queue, memory_of(server, buffer), BUFFER_SIZE,
                          (unsigned short)buffer, io_uring_buf_ring_mask(BUFFERS),
                          server->given_back++);
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

static void completed(struct server *server, const struct io_uring_cqe *cqe)
{
    int fd = (int)(uint32_t)cqe->user_data;

    switch ((enum kind)(cqe->user_data >> 48)) {
    case ACCEPT:
        if (cqe->res >= 0)
            arm_recv(server, cqe->res);
        if (!(cqe->flags & IORING_CQE_F_MORE))
            arm_accept(server);
        break;
    case RECV:
        received(server, fd, cqe);
        break;
    case SEND: /* what it could not send, the end of its connection tells */
        give_back(server, cqe->user_data >> 32 & 0xffff);
        break;
    case CLOSE:
        break;
    }
}

static void listen_on(struct server *server, in_port_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t length = sizeof(address);
    const int yes = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server->listener < 0)
        fail("socket", errno);
    setsockopt(server->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (bind(server->listener, (struct sockaddr *)&address, length) < 0 ||
        listen(server->listener, 1024) < 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &length) < 0)
        fail("listen", errno);
    printf("listening on 127.0.0.1:%u\n", (unsigned)ntohs(address.sin_port));
    fflush(stdout);
}

static void make_ring(struct server *server)
{
    struct io_uring_params params = {
        .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                 IORING_SETUP_COOP_TASKRUN | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE,
        .cq_entries = COMPLETIONS,
    };
    struct io_uring_buf_reg registration = {.ring_entries = BUFFERS};
    const size_t queue_size = BUFFERS * sizeof(struct io_uring_buf);
    int rc = io_uring_queue_init_params(ENTRIES, &server->ring, &params);

    if (rc < 0)
        fail("io_uring", -rc);
    io_uring_register_ring_fd(&server->ring);
    server->queue = mmap(NULL, queue_size + (size_t)BUFFERS * BUFFER_SIZE, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (server->queue == MAP_FAILED)
        fail("buffers", errno);
    server->memory = (char *)server->queue + queue_size;
    registration.ring_addr = (uint64_t)(uintptr_t)server->queue;
    rc = io_uring_register_buf_ring(&server->ring, &registration, 0);
    if (rc < 0)
        fail("buffers", -rc);
    for (unsigned i = 0; i < BUFFERS; i++)
        give_back(server, i);
}

static void turn(struct server *server)
{
    struct io_uring_cqe *cqe;
    unsigned head, seen = 0;
    int rc = io_uring_submit_and_wait(&server->ring, 1);

    if (rc < 0 && rc != -EINTR)
        fail("io_uring_enter", -rc);
    io_uring_for_each_cqe(&server->ring, head, cqe)
    {
        completed(server, cqe);
        seen++;
    }
    io_uring_cq_advance(&server->ring, seen);
    io_uring_buf_ring_advance(server->queue, server->given_back);
    server->given_back = 0;
}

int main(int argc, char **argv)
{
    static struct server server;
    char *end_of_number = NULL;
    unsigned long port = argc == 2 ? strtoul(argv[1], &end_of_number, 10) : 0;

    if (!end_of_number || end_of_number == argv[1] || *end_of_number || argv[1][0] == '-' ||
        port > UINT16_MAX) {
        fprintf(stderr, "echo_floor: give it a port, 0 to 65535: echo_floor PORT\n");
        return 2;
    }
    make_ring(&server);
    listen_on(&server, (in_port_t)port);
    arm_accept(&server);
    for (;;)
        turn(&server);
}
