// SPDX-License-Identifier: MIT
#include "stream/kind.h"

#include "ends.h"
#include "net.h"

#include <errno.h>
#include <netinet/tcp.h>

enum { PIPE = STREAM_FILE | STREAM_PIPE };

TEST(kind, tells_the_ends_of_a_pipe)
{
    ENDS ends = ends_pipe(0);

    CHECK_EQ(kind_of(ends.fd[0]), PIPE | STREAM_NO_WRITES);
    CHECK_EQ(kind_of(ends.fd[1]), PIPE | STREAM_NO_READS);
}

TEST(kind, tells_the_sides_of_a_pseudo_terminal)
{
    ENDS ends = ends_terminal();

    CHECK_EQ(kind_of(ends.fd[0]), STREAM_FILE | STREAM_MASTER);
    CHECK_EQ(kind_of(ends.fd[1]), STREAM_FILE);
}

TEST(kind, of_other_files_is_how_they_are_open)
{
    ENDS null = {
        {open("/dev/null", O_RDONLY | O_CLOEXEC), open("/dev/null", O_WRONLY | O_CLOEXEC)}};

    CHECK_EQ(kind_of(null.fd[0]), STREAM_FILE | STREAM_NO_WRITES);
    CHECK_EQ(kind_of(null.fd[1]), STREAM_FILE | STREAM_NO_READS);
}

TEST(kind, of_a_socket_is_the_plain_one)
{
    ENDS ends = ends_sockets(SOCK_STREAM);
    int tcp = net_bound(SOCK_STREAM), value = 0;
    socklen_t size = sizeof(value);

    errno = ENOENT;
    CHECK_EQ(kind_of(ends.fd[0]), STREAM_SOCKET);
    CHECK_EQ(kind_of(tcp), STREAM_SOCKET);
    CHECK_EQ(errno, ENOENT);
    CHECK_EQ(getsockopt(tcp, IPPROTO_TCP, TCP_NODELAY, &value, &size), 0);
    CHECK(value != 0);
    close(tcp);
}

TEST(kind, of_no_descriptor_is_an_error)
{
    ENDS path = {{open("/", O_PATH | O_CLOEXEC), -1}};

    FAILS(kind_of(-1), -EBADF);
    FAILS(kind_of(1 << 20), -EBADF);
    FAILS(kind_of(path.fd[0]), -EBADF);
}
