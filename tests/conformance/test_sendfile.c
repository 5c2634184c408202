// SPDX-License-Identifier: MIT
/* CPython's BaseLoopSockSendfileTests, of test_base_events.py. */
#include "folder.h"
#include "kernel.h"
#include "net.h"

#include <coil/sendfile.h>

#include <stdlib.h>

enum { SIZE = 256 * 1024 }; /* in CPython: 160 KiB */

struct scene {
    int in, out;
    int64_t offset, count;
    unsigned flags;
    ssize_t sent;
};

static void *sends(void *argument)
{
    struct scene *scene = argument;

    scene->sent = coil_sendfile(scene->out, scene->in, scene->offset, scene->count, scene->flags);
    return NULL;
}

static int file_of(const struct folder *folder)
{
    char *text = malloc(SIZE + 1);

    for (int i = 0; text && i < SIZE; i++)
        text[i] = (char)('a' + i * 7 % 26);
    if (text)
        text[SIZE] = 0;
    int fd = folder_file(folder, "file", text ? text : "");
    free(text);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

/* Whether what lies at a path is the file's, from `offset` on, so many bytes. */
static bool is_part(const struct folder *folder, int in, int64_t offset, ssize_t n)
{
    static char expected[SIZE], found[SIZE + 1];
    char path[96];

    snprintf(path, sizeof(path), "%s/out", folder->path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool rightly = pread(in, expected, (size_t)n, offset) == n &&
                   read(fd, found, sizeof(found)) == n && memcmp(expected, found, (size_t)n) == 0;
    close(fd);
    return rightly;
}

/* The kernel splices nothing into a file that is opened to append. */
static int no_splice(const struct folder *folder)
{
    return openat(folder->fd, "out", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void run(struct scene *scene)
{
    KERNEL(loop);
    PASS(kernel_run(loop, sends, scene));
}

TEST(BaseLoopSockSendfileTests, test_sock_sendfile_no_fallback)
{
    FOLDER(folder);
    struct scene scene = {.in = file_of(&folder),
                          .out = no_splice(&folder),
                          .count = COIL_TO_END,
                          .flags = COIL_SENDFILE_NO_COPY};
    run(&scene);
    FAILS(scene.sent, -EINVAL);
    CHECK_EQ(lseek(scene.in, 0, SEEK_CUR), 0);
    CHECK(is_part(&folder, scene.in, 0, 0));
    close(scene.in);
    close(scene.out);
}

TEST(BaseLoopSockSendfileTests, test_sock_sendfile_fallback)
{
    FOLDER(folder);
    struct scene scene = {.in = file_of(&folder), .out = no_splice(&folder), .count = COIL_TO_END};
    run(&scene);
    CHECK_EQ(scene.sent, SIZE);
    CHECK_EQ(lseek(scene.in, 0, SEEK_CUR), SIZE);
    CHECK(is_part(&folder, scene.in, 0, SIZE));
    close(scene.in);
    close(scene.out);
}

TEST(BaseLoopSockSendfileTests, test_sock_sendfile_fallback_offset_and_count)
{
    FOLDER(folder);
    struct scene scene = {
        .in = file_of(&folder), .out = no_splice(&folder), .offset = 1000, .count = 200000};
    run(&scene);
    CHECK_EQ(scene.sent, 200000);
    CHECK_EQ(lseek(scene.in, 0, SEEK_CUR), 201000);
    CHECK(is_part(&folder, scene.in, 1000, 200000));
    close(scene.in);
    close(scene.out);
}

/* Blocking or not: the loop goes on while the socket is full. */
static void *sends_into_a_full_socket(void *argument)
{
    struct scene *scene = argument;
    coil_task *task = coil_create_task(sends, scene);

    PASS(coil_sleep(COIL_MS(5)));
    CHECK(!coil_done(task));
    coil_cancel(task);
    PASS(coil_await(task, NULL));
    FAILS(scene->sent, -ECANCELED);
    coil_unref(task);
    return NULL;
}

TEST(BaseLoopSockSendfileTests, test_blocking_socket)
{
    FOLDER(folder);
    for (int flags = 0; flags <= SOCK_NONBLOCK; flags += SOCK_NONBLOCK) {
        int ends[2] = {-1, -1};
        CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0, ends), 0);
        struct scene scene = {.in = file_of(&folder), .out = ends[0], .count = COIL_TO_END};
        CHECK_EQ(setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &(int){4096}, sizeof(int)), 0);
        KERNEL(loop);
        PASS(kernel_run(loop, sends_into_a_full_socket, &scene));
        close(ends[0]);
        close(ends[1]);
        close(scene.in);
    }
}

static void refuse(int type, int64_t offset, int64_t count)
{
    FOLDER(folder);
    struct scene scene = {.in = file_of(&folder),
                          .out = socket(AF_INET, type | SOCK_CLOEXEC, 0),
                          .offset = offset,
                          .count = count};
    run(&scene);
    FAILS(scene.sent, -EINVAL);
    close(scene.in);
    close(scene.out);
}

TEST(BaseLoopSockSendfileTests, test_nonstream_socket)
{
    refuse(SOCK_DGRAM, 0, COIL_TO_END);
}

TEST(BaseLoopSockSendfileTests, test_negative_count)
{
    refuse(SOCK_STREAM, 0, -1);
}

TEST(BaseLoopSockSendfileTests, test_negative_offset)
{
    refuse(SOCK_STREAM, -1, COIL_TO_END);
}
