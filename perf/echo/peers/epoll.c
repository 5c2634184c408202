// SPDX-License-Identifier: MIT
/*
 * echo_epoll: the echo server as it is written by hand on epoll: level-triggered, one buffer for
 * all connections, an answer at once. What a peer does not take is kept for it, and until it has
 * been sent nothing more is received from there.
 */
#include "../listen.h"

#include <stdbool.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS = 1024, SIZE = 256 * 1024, DESCRIPTORS = 32768 };

struct connection {
    char *kept;
    size_t from, length;
};

static struct connection connections[DESCRIPTORS];
static char buffer[SIZE];

static void want(int poll, int operation, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};

    if (epoll_ctl(poll, operation, fd, &event) < 0)
        fail("epoll_ctl", errno);
}

static void accept_all(int poll, int listener)
{
    int fd;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if (fd >= DESCRIPTORS)
            fail("connections", EMFILE);
        no_delay(fd);
        want(poll, EPOLL_CTL_ADD, fd, EPOLLIN);
    }
}

static void end(int fd)
{
    free(connections[fd].kept);
    connections[fd] = (struct connection){0};
    close(fd);
}

static void keep(int poll, int fd, const char *data, size_t length)
{
    struct connection *connection = &connections[fd];

    connection->kept = malloc(length);
    if (!connection->kept)
        fail("memory", ENOMEM);
    memcpy(connection->kept, data, length);
    connection->from = 0;
    connection->length = length;
    want(poll, EPOLL_CTL_MOD, fd, EPOLLOUT);
}

static void receive(int poll, int fd)
{
    ssize_t n = recv(fd, buffer, SIZE, 0), sent;

    if (n > 0) {
        sent = send(fd, buffer, (size_t)n, MSG_NOSIGNAL);
        if (sent < n && (sent >= 0 || errno == EAGAIN)) {
            sent = sent < 0 ? 0 : sent;
            keep(poll, fd, buffer + sent, (size_t)(n - sent));
        } else if (sent < 0) {
            end(fd);
        }
    } else if (n == 0 || errno != EAGAIN) {
        end(fd);
    }
}

static void send_kept(int poll, int fd)
{
    struct connection *connection = &connections[fd];
    ssize_t n = send(fd, connection->kept + connection->from, connection->length, MSG_NOSIGNAL);

    if (n < 0 && errno != EAGAIN) {
        end(fd);
    } else if (n >= 0) {
        connection->from += (size_t)n;
        connection->length -= (size_t)n;
        if (connection->length == 0) {
            free(connection->kept);
            connection->kept = NULL;
            want(poll, EPOLL_CTL_MOD, fd, EPOLLIN);
        }
    }
}

int main(int argc, char **argv)
{
    static struct epoll_event events[EVENTS];
    int listener = listen_on(port_of(argc, argv), SOCK_NONBLOCK);
    int poll = epoll_create1(EPOLL_CLOEXEC);

    if (poll < 0)
        fail("epoll_create1", errno);
    want(poll, EPOLL_CTL_ADD, listener, EPOLLIN);
    for (;;) {
        int n = epoll_wait(poll, events, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            if (fd == listener)
                accept_all(poll, listener);
            else if (connections[fd].kept)
                send_kept(poll, fd);
            else
                receive(poll, fd);
        }
    }
}
