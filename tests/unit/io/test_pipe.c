// SPDX-License-Identifier: MIT
#include <coil/pipe.h>

#include "ends.h"
#include "folder.h"
#include "kernel.h"

#include <poll.h>

enum { FD = 3 };

static void *give_bad_arguments(void *argument)
{
    int64_t below = -1;

    FAILS(coil_pipe(NULL, 0), -EINVAL);
    FAILS(coil_splice(-1, NULL, FD, NULL, 1, 0), -EBADF);
    FAILS(coil_splice(FD, NULL, -1, NULL, 1, 0), -EBADF);
    FAILS(coil_splice(FD, &below, FD, NULL, 1, 0), -EINVAL);
    FAILS(coil_splice(FD, NULL, FD, &below, 1, 0), -EINVAL);
    FAILS(coil_tee(-1, FD, 1, 0), -EBADF);
    FAILS(coil_tee(FD, -1, 1, 0), -EBADF);
    return argument;
}

TEST(pipe, refuses_bad_arguments_and_submits_nothing)
{
    WORLD(w);
    PASS(world_run(&w, give_bad_arguments, NULL));
    CHECK_EQ(world_counts(&w).submitted, 0);
}

static void *make_one(void *argument)
{
    int ends[2] = {-1, -1};

    errno = 77;
    int rc = coil_pipe(ends, O_NONBLOCK);
    if (!PASS(rc))
        return COIL_ERR(rc);
    CHECK_EQ(errno, 77);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(fcntl(ends[i], F_GETFD), FD_CLOEXEC);
        CHECK(fcntl(ends[i], F_GETFL) & O_NONBLOCK);
    }
    CHECK_EQ(write(ends[1], "x", 1), 1);
    close(ends[0]);
    close(ends[1]);
    FAILS(coil_pipe(ends, 0x40000000), -EINVAL);
    return argument;
}

TEST(pipe, is_made_and_closed_on_exec)
{
    KERNEL(loop);
    PASS(kernel_run(loop, make_one, NULL));
}

struct way {
    int from, to;
    int64_t at, *to_at;
    ssize_t rc;
};

static void *splice_it(void *argument)
{
    struct way *way = argument;

    way->rc = coil_splice(way->from, way->at >= 0 ? &way->at : NULL, way->to, way->to_at, 5, 0);
    return way->rc < 0 ? COIL_ERR((int)way->rc) : NULL;
}

TEST(pipe, takes_from_a_file_at_an_offset_that_moves)
{
    FOLDER(folder);
    ENDS ends = ends_pipe(0);
    int fd = folder_file(&folder, "a", "hello world");
    {
        struct way way = {.from = fd, .to = ends.fd[1], .at = 6};
        char text[8] = "";
        KERNEL(loop);
        PASS(kernel_run(loop, splice_it, &way));
        CHECK_EQ(way.rc, 5);
        CHECK_EQ(way.at, 11);
        if (way.rc == 5)
            CHECK_EQ(read(ends.fd[0], text, sizeof(text)), 5);
        CHECK_STR(text, "world");
        CHECK_EQ(lseek(fd, 0, SEEK_CUR), 11); /* where the text was written to */
    }
    close(fd);
}

TEST(pipe, waits_for_what_is_to_be_moved)
{
    ENDS from = ends_pipe(O_NONBLOCK);
    ENDS to = ends_pipe(O_NONBLOCK);
    struct way way = {.from = from.fd[0], .to = to.fd[1], .at = -1};
    KERNEL(loop);
    if (err_is(loop))
        return;
    COIL_AUTO coil_task *task = coil_create_task_with(loop, splice_it, &way, NULL);
    coil_stop(loop);
    PASS(coil_run_forever(loop));
    CHECK(check_walking() || !coil_done(task));
    CHECK_EQ(write(from.fd[1], "hello", 5), 5);
    PASS(coil_run_until_complete(loop, task, NULL));
    CHECK_EQ(way.rc, 5);
}

TEST(pipe, puts_into_a_file_at_an_offset_that_moves)
{
    FOLDER(folder);
    ENDS from = ends_pipe(0);
    int fd = folder_file(&folder, "a", "hello world");
    {
        int64_t to_at = 6;
        struct way way = {.from = from.fd[0], .to = fd, .at = -1, .to_at = &to_at};
        char text[16] = "";
        CHECK_EQ(write(from.fd[1], "there", 5), 5);
        KERNEL(loop);
        PASS(kernel_run(loop, splice_it, &way));
        if (way.rc == 5)
            CHECK_EQ(pread(fd, text, sizeof(text) - 1, 0), 11);
        CHECK_STR(text, "hello there");
        CHECK_EQ(to_at, 11);
    }
    close(fd);
}

TEST(pipe, waits_for_room_where_it_is_moved_to)
{
    ENDS from = ends_pipe(0);
    ENDS to = ends_sockets(SOCK_STREAM | SOCK_NONBLOCK);
    struct way way = {.from = from.fd[0], .to = to.fd[1], .at = -1};
    char text[8] = "";
    KERNEL(loop);
    if (err_is(loop))
        return;
    ends_fill(&to);
    CHECK_EQ(write(from.fd[1], "hello", 5), 5);
    COIL_AUTO coil_task *task = coil_create_task_with(loop, splice_it, &way, NULL);
    coil_stop(loop);
    PASS(coil_run_forever(loop));
    CHECK(check_walking() || !coil_done(task));
    ends_empty(&to);
    PASS(coil_run_until_complete(loop, task, NULL));
    CHECK_EQ(way.rc, 5);
    if (way.rc == 5)
        CHECK_EQ(read(to.fd[0], text, sizeof(text)), 5);
    CHECK_STR(text, "hello");
}

/* Of two descriptors that are O_NONBLOCK an older kernel says so, and not which one. */
static void *splice_what_is_not_ready(void *argument)
{
    FAILS(coil_splice(FD, NULL, FD + 1, NULL, 5, SPLICE_F_NONBLOCK), -EAGAIN);
    CHECK_EQ(world_now(), 0);
    CHECK_EQ(coil_splice(FD, NULL, FD + 1, NULL, 5, 0), 5);
    CHECK_EQ(world_now(), COIL_MS(3)); /* when both were ready */
    FAILS(coil_splice(FD, NULL, FD + 1, NULL, 5, 0), -EBADF);
    return argument;
}

TEST(pipe, waits_for_both_ends_where_the_kernel_does_not)
{
    WORLD(w);
    world_answer(&w, OP_SPLICE, -EAGAIN, 0);
    world_answer(&w, OP_SPLICE, -EAGAIN, 0);
    world_script(w.sim, (coil_sim_answer){
                            .opcode = OP_POLL, .fd = FD, .result = POLLIN, .delay = COIL_MS(1)});
    world_script(
        w.sim,
        (coil_sim_answer){.opcode = OP_POLL, .fd = FD + 1, .result = POLLOUT, .delay = COIL_MS(2)});
    world_answer(&w, OP_SPLICE, 5, 0);
    world_answer(&w, OP_SPLICE, -EAGAIN, 0);
    world_answer(&w, OP_POLL, -EBADF, 0);
    PASS(world_run(&w, splice_what_is_not_ready, NULL));
}

TEST(pipe, has_an_end)
{
    ENDS from = ends_pipe(0);
    ENDS to = ends_pipe(0);
    struct way way = {.from = from.fd[0], .to = to.fd[1], .at = -1};
    ends_close(&from, 1);
    KERNEL(loop);
    PASS(kernel_run(loop, splice_it, &way));
    CHECK_EQ(way.rc, 0);
}

static bool splice_to_nobody(void)
{
    ENDS from = ends_pipe(0);
    ENDS to = ends_pipe(0);
    struct way way = {.from = from.fd[0], .to = to.fd[1], .at = -1};

    if (write(from.fd[1], "hello", 5) != 5)
        return false;
    ends_close(&to, 0);
    KERNEL(loop);
    return FAILS(kernel_run(loop, splice_it, &way), -EPIPE);
}

TEST(pipe, to_nobody_is_an_error_and_no_signal)
{
    CHECK(survives_sigpipe(splice_to_nobody));
}

static void *copy_it(void *argument)
{
    const struct way *way = argument;

    CHECK_EQ(coil_tee(way->from, way->to, 5, 0), 5);
    return NULL;
}

TEST(pipe, is_copied_and_keeps_what_it_holds)
{
    ENDS from = ends_pipe(0);
    ENDS to = ends_pipe(0);
    struct way way = {.from = from.fd[0], .to = to.fd[1]};
    char text[2][8] = {"", ""};

    CHECK_EQ(write(from.fd[1], "hello", 5), 5);
    KERNEL(loop);
    PASS(kernel_run(loop, copy_it, &way));
    if (check_walking())
        return;
    CHECK_EQ(read(from.fd[0], text[0], sizeof(text[0])), 5);
    CHECK_EQ(read(to.fd[0], text[1], sizeof(text[1])), 5);
    CHECK_STR(text[0], "hello");
    CHECK_STR(text[1], "hello");
}
