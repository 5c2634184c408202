// SPDX-License-Identifier: MIT
#include "ends.h"
#include "kernel.h"
#include "loop/await.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <time.h>

struct writer {
    const struct ends *ends;
    int rc;
};

static int write_to(int fd, const void *data, size_t size)
{
    struct op op;

    op_init(&op, OP_WRITE, fd, NULL);
    op.flags = OP_MAY_SIGNAL;
    op.address = data;
    op.length = (uint32_t)size;
    op.offset = OP_HERE;
    return await_op(&op);
}

static void *write_one(void *argument)
{
    struct writer *writer = argument;
    writer->rc = write_to(writer->ends->fd[1], "x", 1);
    return NULL;
}

static bool is_pending(void)
{
    sigset_t set;
    sigpending(&set);
    return sigismember(&set, SIGPIPE) == 1;
}

static bool is_blocked(void)
{
    sigset_t set;
    pthread_sigmask(SIG_BLOCK, NULL, &set);
    return sigismember(&set, SIGPIPE) == 1;
}

/* Writes where nobody reads; whether that was no more than -EPIPE. */
static bool write_where_nobody_reads(struct ends *ends, enum ring_nosignal nosignal)
{
    struct writer writer = {.ends = ends};
    KERNEL(loop);

    if (err_is(loop))
        return check_walking();
    kernel_ring(loop)->nosignal = (uint8_t)nosignal;
    ends_close(ends, 0);
    PASS(kernel_run(loop, write_one, &writer));
    return CHECK_EQ(writer.rc, -EPIPE) && CHECK(!is_pending()) && CHECK(!is_blocked()) &&
           CHECK_EQ(kernel_ring(loop)->may_signal, 0);
}

static bool pipe_at_once(void)
{
    ENDS ends = ends_pipe(0);
    return write_where_nobody_reads(&ends, NOSIGNAL_UNKNOWN);
}

static bool pipe_at_once_on_an_old_kernel(void)
{
    ENDS ends = ends_pipe(0);
    return write_where_nobody_reads(&ends, NOSIGNAL_NO);
}

static bool socket_at_once(void)
{
    ENDS ends = ends_sockets(SOCK_STREAM);
    return write_where_nobody_reads(&ends, NOSIGNAL_UNKNOWN);
}

static bool socket_at_once_on_an_old_kernel(void)
{
    ENDS ends = ends_sockets(SOCK_STREAM);
    return write_where_nobody_reads(&ends, NOSIGNAL_NO);
}

TEST(ring_sigpipe, is_not_raised_where_nobody_reads)
{
    CHECK(survives_sigpipe(pipe_at_once));
    CHECK(survives_sigpipe(pipe_at_once_on_an_old_kernel));
    CHECK(survives_sigpipe(socket_at_once));
    CHECK(survives_sigpipe(socket_at_once_on_an_old_kernel));
}

static int close_the_reader(void *argument)
{
    ends_close(argument, 0);
    return 0;
}

/* The write waits for room, the reader goes, and it is a later enter in which the write fails. */
static bool write_until_nobody_reads(enum ring_nosignal nosignal)
{
    ENDS ends = ends_pipe(0);
    struct writer writer = {.ends = &ends};
    KERNEL(loop);

    if (err_is(loop))
        return check_walking();
    if (!(kernel_ring(loop)->flags & IORING_SETUP_DEFER_TASKRUN))
        return true; /* older than what is supported: the write goes on outside the enter */
    kernel_ring(loop)->nosignal = (uint8_t)nosignal;
    ends_fill(&ends);
    COIL_AUTO coil_task *task = coil_create_task_with(loop, write_one, &writer, NULL);
    for (int i = 0; i < 3; i++) {
        coil_stop(loop);
        PASS(coil_run_forever(loop));
    }
    CHECK(!coil_done(task));
    CHECK(!is_blocked());
    PASS(coil_handle_error(coil_call_soon(loop, close_the_reader, &ends)));
    PASS(coil_run_until_complete(loop, task, NULL));
    return CHECK_EQ(writer.rc, -EPIPE) && CHECK(!is_pending()) && CHECK(!is_blocked()) &&
           CHECK_EQ(kernel_ring(loop)->may_signal, 0);
}

static bool later(void)
{
    return write_until_nobody_reads(NOSIGNAL_UNKNOWN);
}

static bool later_on_an_old_kernel(void)
{
    return write_until_nobody_reads(NOSIGNAL_NO);
}

TEST(ring_sigpipe, is_not_raised_by_a_write_that_had_to_wait)
{
    CHECK(survives_sigpipe(later));
    CHECK(survives_sigpipe(later_on_an_old_kernel));
}

static void *write_to_a_full_queue(void *argument)
{
    const struct ends *ends = argument;
    coil_task *writers[600]; /* more than the submission queue holds */
    struct writer state[600];
    int broken = 0;

    for (int i = 0; i < 600; i++) {
        state[i] = (struct writer){.ends = ends};
        writers[i] = coil_create_task(write_one, &state[i]);
    }
    for (int i = 0; i < 600; i++) {
        broken += coil_await(writers[i], NULL) == 0 && state[i].rc == -EPIPE;
        coil_unref(writers[i]);
    }
    return CHECK_EQ(broken, 600) ? NULL : COIL_ERR(-EIO);
}

static bool overfull_on_an_old_kernel(void)
{
    ENDS ends = ends_pipe(0);
    KERNEL(loop);

    kernel_ring(loop)->nosignal = NOSIGNAL_NO;
    ends_close(&ends, 0);
    return PASS(kernel_run(loop, write_to_a_full_queue, &ends)) && CHECK(!is_pending());
}

TEST(ring_sigpipe, is_not_raised_by_an_enter_for_want_of_room)
{
    CHECK(survives_sigpipe(overfull_on_an_old_kernel));
}

/* Not raised by us, so not ours to take away. */
static void keep_a_pending_one(enum ring_nosignal nosignal)
{
    const struct timespec at_once = {0};
    sigset_t set, before;

    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, &before);
    pthread_kill(pthread_self(), SIGPIPE);
    {
        ENDS ends = ends_pipe(0);
        struct writer writer = {.ends = &ends};
        KERNEL(loop);
        if (!err_is(loop))
            kernel_ring(loop)->nosignal = (uint8_t)nosignal;
        ends_close(&ends, 0);
        PASS(kernel_run(loop, write_one, &writer));
        CHECK_EQ(writer.rc, -EPIPE);
        CHECK(is_blocked());
    }
    CHECK(is_pending());
    CHECK_EQ(sigtimedwait(&set, NULL, &at_once), SIGPIPE);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

TEST(ring_sigpipe, of_the_program_stays_pending)
{
    keep_a_pending_one(NOSIGNAL_UNKNOWN);
    keep_a_pending_one(NOSIGNAL_NO);
}

/* Whoever blocks it finds none that was not there. */
TEST(ring_sigpipe, does_not_become_pending_where_it_is_blocked)
{
    sigset_t set, before;

    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, &before);
    for (int i = 0; i < 2; i++) {
        ENDS ends = ends_pipe(0);
        struct writer writer = {.ends = &ends};
        KERNEL(loop);
        if (!err_is(loop))
            kernel_ring(loop)->nosignal = i ? NOSIGNAL_NO : NOSIGNAL_UNKNOWN;
        ends_close(&ends, 0);
        PASS(kernel_run(loop, write_one, &writer));
        CHECK(!is_pending());
        CHECK(is_blocked());
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct written {
    int fd;
    int rc;
    uint64_t value;
};

static void *write_eight(void *argument)
{
    struct written *written = argument;
    written->rc = write_to(written->fd, &written->value, sizeof(written->value));
    return NULL;
}

/* The flag is for every descriptor that can be written. */
TEST(ring_sigpipe, does_not_matter_to_other_descriptors)
{
    const int fds[] = {eventfd(0, EFD_CLOEXEC), open("/dev/null", O_WRONLY | O_CLOEXEC),
                       open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
    {
        KERNEL(loop);
        for (int i = 0; i < 3; i++) {
            struct written written = {.fd = fds[i], .value = 1};
            PASS(kernel_run(loop, write_eight, &written));
            CHECK_EQ(written.rc, 8);
        }
    }
    for (int i = 0; i < 3; i++)
        close(fds[i]);
}

static void *keep_errno(void *argument)
{
    struct writer *writer = argument;

    errno = 77;
    write_one(writer);
    CHECK_EQ(errno, 77);
    return NULL;
}

TEST(ring_sigpipe, leaves_errno_alone)
{
    for (int i = 0; i < 2; i++) {
        ENDS ends = ends_pipe(0);
        struct writer writer = {.ends = &ends};
        KERNEL(loop);
        if (!err_is(loop))
            kernel_ring(loop)->nosignal = i ? NOSIGNAL_NO : NOSIGNAL_UNKNOWN;
        PASS(kernel_run(loop, keep_errno, &writer));
        CHECK_EQ(writer.rc, 1);
    }
}
