// SPDX-License-Identifier: MIT
#include "ends.h"
#include "kernel.h"

#include <poll.h>

static coil_loop *restricted(void)
{
    coil_loop_options options = {.size = sizeof(options), .no_paths = true};

    return coil_loop_new(&options);
}

#define RESTRICTED(name) __attribute__((cleanup(kernel_free))) coil_loop *name = restricted()

static void *names_paths(void *argument)
{
    struct statx status;

    (void)argument;
    FAILS(coil_open("/dev/null", O_RDONLY, 0), -EACCES);
    FAILS(coil_statx(AT_FDCWD, "/dev/null", 0, STATX_SIZE, &status), -EACCES);
    FAILS(coil_rename("/nowhere/a", "/nowhere/b"), -EACCES);
    FAILS(coil_unlink("/nowhere/a"), -EACCES);
    FAILS(coil_mkdir("/nowhere/a", 0700), -EACCES);
    FAILS(coil_symlink("/nowhere/a", "/nowhere/b"), -EACCES);
    FAILS(coil_link("/nowhere/a", "/nowhere/b"), -EACCES);
    return NULL;
}

TEST(ring_restrict, refuses_what_names_a_path)
{
    RESTRICTED(loop);
    PASS(kernel_run(loop, names_paths, NULL));
}

static void *uses_descriptors(void *argument)
{
    struct ends *ends = argument;
    char byte = 0;

    PASS(coil_sleep(COIL_MS(1)));
    coil_timeout hour = COIL_TIMEOUT_INIT;
    if (PASS(coil_timeout_enter(&hour, COIL_SEC(3600)))) {
        PASS(coil_poll(ends->fd[1], POLLOUT)); /* a turn: the ring has that deadline */
        PASS(coil_timeout_exit(&hour, coil_sleep(COIL_MS(1)))); /* and moves its timeout */
    }
    if (CHECK_EQ(coil_send(ends->fd[1], "x", 1, 0), 1)) {
        CHECK_EQ(coil_recv(ends->fd[0], &byte, 1, 0), 1);
        CHECK_EQ(byte, 'x');
    }
    if (CHECK_EQ(coil_write(ends->fd[1], "y", 1), 1))
        CHECK_EQ(coil_read(ends->fd[0], &byte, 1), 1);
    coil_timeout timeout = COIL_TIMEOUT_INIT;
    if (PASS(coil_timeout_enter(&timeout, COIL_MS(1)))) /* a cancellation */
        FAILS(coil_timeout_exit(&timeout, (int)coil_recv(ends->fd[0], &byte, 1, 0)), -ETIMEDOUT);
    return NULL;
}

TEST(ring_restrict, leaves_descriptors_time_and_the_loop_itself)
{
    ENDS ends = ends_sockets(SOCK_STREAM);
    RESTRICTED(loop);

    PASS(kernel_run(loop, uses_descriptors, &ends));
    if (err_is(loop))
        return;
    PASS(coil_loop_fd(loop));
    struct engine *engine = loop->engine;
    if (engine->capabilities & ENGINE_LEND)
        PASS(engine_lend(engine, 1, 4, 64));
}

static void *opens(void *argument)
{
    int fd = coil_open("/dev/null", O_RDONLY, 0);

    (void)argument;
    if (PASS(fd))
        close(fd);
    return NULL;
}

TEST(ring_restrict, is_for_those_who_ask)
{
    KERNEL(loop);
    PASS(kernel_run(loop, opens, NULL));
}
