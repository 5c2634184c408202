// SPDX-License-Identifier: MIT
/* Under Valgrind each branch on what was read would be reported, had nobody told it. */
#include "kernel.h"
#include "loop/await.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

struct scene {
    int fd[2];
    int right;
};

static int run(enum op_code opcode, int fd, void *address, size_t length)
{
    struct op op;

    op_init(&op, opcode, fd, NULL);
    op.address = address;
    op.length = (uint32_t)length;
    return await_op(&op);
}

static bool is(const char *memory, const char *text)
{
    return memory[0] == text[0] && memory[1] == text[1];
}

static void *reads(void *argument)
{
    struct scene *scene = argument;
    char *memory = malloc(16);

    if (!CHECK(memory))
        return NULL;
    struct iovec parts[2] = {{memory + 4, 1}, {memory + 5, 8}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};

    CHECK_EQ(send(scene->fd[1], "one", 3, 0), 3);
    scene->right += run(OP_READ, scene->fd[0], memory, 3) == 3 && is(memory, "on");
    CHECK_EQ(send(scene->fd[1], "two", 3, 0), 3);
    scene->right += run(OP_RECV, scene->fd[0], memory, 3) == 3 && is(memory, "tw");
    CHECK_EQ(send(scene->fd[1], "vector", 6, 0), 6);
    scene->right += run(OP_READV, scene->fd[0], parts, 2) == 6 && is(memory + 4, "ve");
    CHECK_EQ(send(scene->fd[1], "message", 7, 0), 7);
    scene->right += run(OP_RECVMSG, scene->fd[0], &message, 1) == 7 && is(memory + 4, "me");
    free(memory);

    struct statx *status = malloc(sizeof(*status));
    struct op op;
    op_init(&op, OP_STATX, AT_FDCWD, NULL);
    op.address = "/";
    op.address2 = status;
    op.length = STATX_TYPE;
    if (CHECK(status))
        scene->right += await_op(&op) == 0 && S_ISDIR(status->stx_mode);
    free(status);
    return NULL;
}

TEST(ring_written, what_the_kernel_wrote_may_be_read)
{
    struct scene scene = {.right = 0};

    if (!CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, scene.fd) == 0))
        return;
    {
        KERNEL(loop);
        PASS(kernel_run(loop, reads, &scene));
    }
    CHECK_EQ(scene.right, 5);
    close(scene.fd[0]);
    close(scene.fd[1]);
}
