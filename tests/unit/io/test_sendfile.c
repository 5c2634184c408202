// SPDX-License-Identifier: MIT
#include <coil/sendfile.h>

#include "ends.h"
#include "folder.h"
#include "kernel.h"

#include <poll.h>
#include <stdlib.h>

enum { FD = 2001, OTHER = 2002, LONG = 700 * 1000 + 1 };

/* ---- on the simulated engine ---------------------------------------------------------------- */

static void *give_bad_arguments(void *argument)
{
    FAILS(coil_sendfile(-1, FD, 0, 1, 0), -EBADF);
    FAILS(coil_sendfile(FD, -1, 0, 1, 0), -EBADF);
    FAILS(coil_sendfile(OTHER, FD, -1, 1, 0), -EINVAL);
    FAILS(coil_sendfile(OTHER, FD, 0, -1, 0), -EINVAL);
    FAILS(coil_sendfile(OTHER, FD, 0, 1, 2), -EINVAL);
    CHECK_EQ(coil_sendfile(OTHER, FD, 0, 0, 0), 0);
    return argument;
}

TEST(sendfile, refuses_bad_arguments_and_submits_nothing)
{
    WORLD(w);
    PASS(world_run(&w, give_bad_arguments, NULL));
    CHECK_EQ(world_counts(&w).submitted, 0);
}

TEST(sendfile, is_for_tasks)
{
    FAILS(coil_sendfile(OTHER, FD, 0, 1, 0), -COIL_ENOLOOP);
}

static void *send_a_little(void *rc)
{
    *(ssize_t *)rc = coil_sendfile(OTHER, FD, 0, 10, 0);
    return NULL;
}

/* The answer of the read says how much there is, that of the write how much went out. */
TEST(sendfile, writes_on_after_a_part_of_what_was_read)
{
    ssize_t rc = 0;
    WORLD(w);
    world_answer(&w, OP_READ, 10, 0);
    world_answer(&w, OP_WRITE, 4, 0);
    world_answer(&w, OP_WRITE, 6, 0);
    PASS(world_run(&w, send_a_little, &rc));
    CHECK_EQ(rc, 10);
    CHECK_EQ(world_counts(&w).submitted, 3);
}

/* ---- on the ring ---------------------------------------------------------------------------- */

struct scene {
    int out, in, from; /* `from`: where the receiver reads */
    int64_t offset, count;
    unsigned flags;
    ssize_t sent;
    char *received;
    ssize_t length;
};

static void *receive_all(void *argument)
{
    struct scene *scene = argument;
    ssize_t n = 1;

    while (n > 0 && scene->length < LONG) {
        n = coil_recv(scene->from, scene->received + scene->length, (size_t)(LONG - scene->length),
                      0);
        scene->length += n > 0 ? n : 0;
    }
    if (n < 0)
        shutdown(scene->from, SHUT_RDWR); /* the sender waits for room */
    return NULL;
}

static void *send_it(void *argument)
{
    struct scene *scene = argument;

    errno = 77;
    scene->sent = coil_sendfile(scene->out, scene->in, scene->offset, scene->count, scene->flags);
    CHECK_EQ(errno, 77);
    if (scene->sent < 0)
        shutdown(scene->out, SHUT_WR); /* somebody may wait for what it did not send */
    return scene->sent < 0 ? COIL_ERR((int)scene->sent) : NULL;
}

static void *send_and_receive(void *argument)
{
    struct scene *scene = argument;
    coil_task *receiver = coil_create_task(receive_all, scene);
    void *result = send_it(scene);

    if (!PASS(coil_shutdown(scene->out, SHUT_WR)))
        shutdown(scene->out, SHUT_WR); /* the receiver waits for it */
    kernel_await(receiver);
    coil_unref(receiver);
    return result;
}

static char content(int64_t i)
{
    return (char)('a' + (i * 7 + i / 251) % 26);
}

static int long_file(const struct folder *folder)
{
    char *text = malloc(LONG + 1);

    for (int i = 0; text && i < LONG; i++)
        text[i] = content(i);
    if (text)
        text[LONG] = 0;
    int fd = folder_file(folder, "long", text ? text : "");
    free(text);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static bool received_rightly(const struct scene *scene)
{
    for (ssize_t i = 0; i < scene->length; i++)
        if (scene->received[i] != content(scene->offset + i))
            return false;
    return scene->length == scene->sent;
}

static void send_part(int64_t offset, int64_t count, unsigned flags, ssize_t expected)
{
    FOLDER(folder);
    ENDS ends = ends_sockets(SOCK_STREAM);
    struct scene scene = {.out = ends.fd[1],
                          .from = ends.fd[0],
                          .in = long_file(&folder),
                          .offset = offset,
                          .count = count,
                          .flags = flags,
                          .received = malloc(LONG)};
    {
        KERNEL(loop);
        if (scene.received)
            PASS(kernel_run(loop, send_and_receive, &scene));
    }
    CHECK_EQ(scene.sent, expected);
    CHECK(check_walking() || received_rightly(&scene));
    CHECK_EQ(lseek(scene.in, 0, SEEK_CUR), offset + expected);
    free(scene.received);
    close(scene.in);
}

TEST(sendfile, sends_a_whole_file)
{
    send_part(0, COIL_TO_END, COIL_SENDFILE_NO_COPY, LONG);
}

TEST(sendfile, sends_a_part_and_leaves_the_position_behind_it)
{
    send_part(12345, 456789, 0, 456789);
}

TEST(sendfile, sends_what_there_is)
{
    send_part(LONG - 99999, 200000, 0, 99999);
}

TEST(sendfile, sends_little_by_a_copy)
{
    send_part(LONG - 5000, COIL_TO_END, 0, 5000);
    send_part(77, 5000, 0, 5000);
}

TEST(sendfile, takes_sockets_that_do_not_wait)
{
    FOLDER(folder);
    ENDS ends = ends_sockets(SOCK_STREAM | SOCK_NONBLOCK);
    struct scene scene = {.out = ends.fd[1],
                          .from = ends.fd[0],
                          .in = long_file(&folder),
                          .count = COIL_TO_END,
                          .received = malloc(LONG)};
    {
        KERNEL(loop);
        if (scene.received)
            PASS(kernel_run(loop, send_and_receive, &scene));
    }
    CHECK_EQ(scene.sent, LONG);
    CHECK(check_walking() || received_rightly(&scene));
    free(scene.received);
    close(scene.in);
}

/* Nothing can be spliced to the end of a file. */
TEST(sendfile, copies_what_cannot_be_spliced)
{
    FOLDER(folder);
    struct scene scene = {.in = long_file(&folder), .count = COIL_TO_END};
    scene.out = open("/dev/null", O_WRONLY | O_APPEND | O_CLOEXEC);
    {
        KERNEL(loop);
        scene.flags = COIL_SENDFILE_NO_COPY;
        FAILS(kernel_run(loop, send_it, &scene), -EINVAL);
        CHECK_EQ(lseek(scene.in, 0, SEEK_CUR), 0);
        scene.flags = 0;
        PASS(kernel_run(loop, send_it, &scene));
        CHECK_EQ(scene.sent, LONG);
        CHECK_EQ(lseek(scene.in, 0, SEEK_CUR), LONG);
    }
    close(scene.out);
    close(scene.in);
}

TEST(sendfile, refuses_sockets_of_messages)
{
    ENDS ends = ends_sockets(SOCK_DGRAM);
    struct scene scene = {.out = ends.fd[1], .in = FD, .count = 1};
    KERNEL(loop);
    FAILS(kernel_run(loop, send_it, &scene), -EINVAL);
}

struct canceller {
    int fd;
    coil_task *task;
};

static void *cancel_when_some_came(void *argument)
{
    struct canceller *canceller = argument;

    if (!coil_done(canceller->task)) /* it may not have begun */
        PASS(coil_poll(canceller->fd, POLLIN));
    (void)coil_cancel(canceller->task);
    return NULL;
}

/* The socket is full: what was not sent is not lost, the position says where it begins. */
TEST(sendfile, shows_how_far_it_came_when_it_is_cancelled)
{
    FOLDER(folder);
    ENDS ends = ends_sockets(SOCK_STREAM);
    struct scene scene = {.out = ends.fd[1], .in = long_file(&folder), .count = COIL_TO_END};
    {
        KERNEL(loop);
        if (err_is(loop))
            goto out;
        COIL_AUTO coil_task *task = coil_create_task_with(loop, send_it, &scene, NULL);
        if (!PASS(coil_is_err(task) ? coil_err(task) : 0))
            goto out;
        if (!PASS(kernel_run(loop, cancel_when_some_came,
                             &(struct canceller){.fd = ends.fd[0], .task = task})))
            (void)coil_cancel(task); /* nobody else would */
        FAILS(coil_run_until_complete(loop, task, NULL), -ECANCELED);
    }
    int64_t position = lseek(scene.in, 0, SEEK_CUR), there = 0;
    char block[4096];
    ends_close(&ends, 1);
    for (ssize_t n; (n = read(ends.fd[0], block, sizeof(block))) > 0;)
        there += n;
    CHECK(there > 0 && there < LONG);
    CHECK_EQ(position, there);
out:
    close(scene.in);
}

static bool send_to_nobody(void)
{
    FOLDER(folder);
    ENDS ends = ends_sockets(SOCK_STREAM);
    struct scene scene = {.out = ends.fd[1], .in = long_file(&folder), .count = COIL_TO_END};
    ends_close(&ends, 0);
    KERNEL(loop);
    bool rightly = FAILS(kernel_run(loop, send_it, &scene), -EPIPE);
    scene.count = 100;
    rightly &= FAILS(kernel_run(loop, send_it, &scene), -EPIPE);
    close(scene.in);
    return rightly;
}

TEST(sendfile, to_nobody_raises_no_signal)
{
    CHECK(survives_sigpipe(send_to_nobody));
}
