// SPDX-License-Identifier: MIT
#include <coil/socket.h>

#include "ends.h"
#include "kernel.h"

#include <netinet/in.h>

enum { FD = 3 };

static void *give_bad_arguments(void *argument)
{
    struct sockaddr_in address;
    int fds[1] = {FD};
    char byte = 0;
    size_t n = 1;

    FAILS(coil_recvmsg(-1, &(struct msghdr){0}, 0), -EBADF);
    FAILS(coil_sendmsg(-1, &(struct msghdr){0}, 0), -EBADF);
    FAILS(coil_recvmsg(FD, NULL, 0), -EINVAL);
    FAILS(coil_sendmsg(FD, NULL, 0), -EINVAL);
    FAILS(coil_recvfrom(-1, &byte, 1, 0, NULL, NULL), -EBADF);
    FAILS(coil_recvfrom(FD, NULL, 1, 0, NULL, NULL), -EINVAL);
    FAILS(coil_recvfrom(FD, &byte, 1, 0, (struct sockaddr *)&address, NULL), -EINVAL);
    FAILS(coil_sendto(-1, &byte, 1, 0, NULL, 0), -EBADF);
    FAILS(coil_sendto(FD, NULL, 1, 0, NULL, 0), -EINVAL);
    FAILS(coil_send_fds(-1, &byte, 1, fds, 1), -EBADF);
    FAILS(coil_send_fds(FD, &byte, 0, fds, 1), -EINVAL);
    FAILS(coil_send_fds(FD, &byte, 1, NULL, 1), -EINVAL);
    FAILS(coil_send_fds(FD, &byte, 1, fds, COIL_FDS_MAX + 1), -EINVAL);
    FAILS(coil_recv_fds(-1, &byte, 1, fds, &n), -EBADF);
    FAILS(coil_recv_fds(FD, &byte, 0, fds, &n), -EINVAL);
    FAILS(coil_recv_fds(FD, &byte, 1, fds, NULL), -EINVAL);
    FAILS(coil_recv_fds(FD, &byte, 1, NULL, &n), -EINVAL);
    return argument;
}

TEST(message, refuses_bad_arguments_and_submits_nothing)
{
    WORLD(w);
    PASS(world_run(&w, give_bad_arguments, NULL));
    CHECK_EQ(world_counts(&w).submitted, 0);
}

static void *send_parts(void *argument)
{
    const struct ends *ends = argument;
    char text[2][4] = {"", ""};
    struct iovec out[2] = {{(char *)(uintptr_t) "hel", 3}, {(char *)(uintptr_t) "lo", 2}};
    struct iovec in[2] = {{text[0], 2}, {text[1], 4}};
    struct msghdr message = {.msg_iov = out, .msg_iovlen = 2};

    CHECK_EQ(coil_sendmsg(ends->fd[1], &message, 0), 5);
    message = (struct msghdr){.msg_iov = in, .msg_iovlen = 2};
    CHECK_EQ(coil_recvmsg(ends->fd[0], &message, 0), 5);
    CHECK(memcmp(text[0], "he", 2) == 0);
    CHECK(memcmp(text[1], "llo", 3) == 0);
    FAILS(coil_recvmsg(ends->fd[0], &message, MSG_DONTWAIT), -EAGAIN);
    return NULL;
}

TEST(message, has_parts)
{
    ENDS ends = ends_sockets(SOCK_STREAM);
    KERNEL(loop);
    if (!check_walking()) /* without what was sent it would wait for ever */
        PASS(kernel_run(loop, send_parts, &ends));
}

static int socket_on_loopback(struct sockaddr_in *address)
{
    socklen_t length = sizeof(*address);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    *address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK(bind(fd, (struct sockaddr *)address, length) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)address, &length) == 0);
    return fd;
}

struct datagrams {
    int fd[2];
    struct sockaddr_in address[2];
};

static void *send_a_datagram(void *argument)
{
    struct datagrams *datagrams = argument;
    struct sockaddr_in from = {.sin_port = 0};
    socklen_t length = sizeof(from);
    char text[8] = "";

    CHECK_EQ(coil_sendto(datagrams->fd[0], "hello", 5, 0, (struct sockaddr *)&datagrams->address[1],
                         sizeof(from)),
             5);
    CHECK_EQ(
        coil_recvfrom(datagrams->fd[1], text, sizeof(text), 0, (struct sockaddr *)&from, &length),
        5);
    CHECK_STR(text, "hello");
    CHECK_EQ(length, sizeof(from));
    CHECK_EQ(from.sin_port, datagrams->address[0].sin_port);
    return NULL;
}

TEST(message, of_a_datagram_tells_from_whom)
{
    struct datagrams datagrams;
    for (int i = 0; i < 2; i++)
        datagrams.fd[i] = socket_on_loopback(&datagrams.address[i]);
    {
        KERNEL(loop);
        if (!check_walking())
            PASS(kernel_run(loop, send_a_datagram, &datagrams));
    }
    close(datagrams.fd[0]);
    close(datagrams.fd[1]);
}

static void *pass_descriptors(void *argument)
{
    const struct ends *ends = argument;
    ENDS pipe = ends_pipe(0);
    int got[2] = {-1, -1};
    size_t n = 1;
    char byte = 0;

    CHECK_EQ(coil_send_fds(ends->fd[0], "x", 1, pipe.fd, 2), 1);
    CHECK_EQ(coil_recv_fds(ends->fd[1], &byte, 1, got, &n), 1);
    CHECK_EQ(byte, 'x');
    CHECK_EQ(n, 2); /* and there was room for one */
    CHECK_EQ(fcntl(got[0], F_GETFD), FD_CLOEXEC);
    CHECK_EQ(write(pipe.fd[1], "y", 1), 1);
    CHECK_EQ(read(got[0], &byte, 1), 1);
    CHECK_EQ(byte, 'y');
    ends_close(&pipe, 1);
    CHECK_EQ(read(got[0], &byte, 1), 0); /* the other one that came is closed */
    close(got[0]);
    n = 1;
    CHECK_EQ(coil_send_fds(ends->fd[0], "z", 1, NULL, 0), 1);
    CHECK_EQ(coil_recv_fds(ends->fd[1], &byte, 1, got, &n), 1);
    CHECK_EQ(n, 0);
    return NULL;
}

TEST(message, carries_descriptors)
{
    ENDS ends = ends_sockets(SOCK_STREAM);
    KERNEL(loop);
    if (!check_walking())
        PASS(kernel_run(loop, pass_descriptors, &ends));
}
