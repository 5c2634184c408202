// SPDX-License-Identifier: MIT
#include "faults.h"
#include "kernel.h"
#include "loop/await.h"

#include <fcntl.h>
#include <unistd.h>

struct ends {
    int fd[2];
    int rc;
    char text[8];
};

static void *read_some(void *argument)
{
    struct ends *pipe = argument;
    struct op op;

    op_init(&op, OP_READ, pipe->fd[0], NULL);
    op.address = pipe->text;
    op.length = sizeof(pipe->text);
    op.offset = OP_HERE;
    pipe->rc = await_op(&op);
    return pipe->rc < 0 ? COIL_ERR(pipe->rc) : NULL;
}

static void *write_some(void *argument)
{
    struct ends *pipe = argument;
    struct op op;

    op_init(&op, OP_WRITE, pipe->fd[1], NULL);
    op.address = "hello";
    op.length = 5;
    op.offset = OP_HERE;
    int rc = await_op(&op);
    return rc < 0 ? COIL_ERR(rc) : NULL;
}

static void *both(void *argument)
{
    const coil_coro ends[] = {{read_some, argument}, {write_some, argument}};
    COIL_AUTO coil_future *all = coil_gather(ends, 2, 0);
    int rc = coil_await(all, NULL);
    return rc < 0 ? COIL_ERR(rc) : NULL;
}

TEST(ring_submit, bytes_travel_from_task_to_task)
{
    struct ends pipe = {.rc = 0};
    if (!CHECK(pipe2(pipe.fd, 0) == 0))
        return;
    {
        KERNEL(loop);
        PASS(kernel_run(loop, both, &pipe));
    }
    CHECK_EQ(pipe.rc, 5);
    CHECK_EQ(memcmp(pipe.text, "hello", 5), 0);
    close(pipe.fd[0]);
    close(pipe.fd[1]);
}

static void *cancel_a_read(void *argument)
{
    COIL_AUTO coil_task *reader = coil_create_task(read_some, argument);

    if (coil_yield_now() < 0)
        return NULL;
    coil_cancel(reader);
    FAILS(coil_await(reader, NULL), -ECANCELED);
    CHECK(coil_cancelled(reader));
    return NULL;
}

TEST(ring_submit, a_cancelled_read_ends)
{
    struct ends pipe = {.rc = 0};
    if (!CHECK(pipe2(pipe.fd, 0) == 0))
        return;
    {
        KERNEL(loop);
        PASS(kernel_run(loop, cancel_a_read, &pipe));
    }
    CHECK_EQ(pipe.rc, -ECANCELED);
    close(pipe.fd[0]);
    close(pipe.fd[1]);
}

static void *nop(void *argument)
{
    struct op op;
    int *done = argument;

    op_init(&op, OP_NOP, -1, NULL);
    int rc = await_op(&op);
    *done += rc == 0;
    return rc < 0 ? COIL_ERR(rc) : NULL;
}

enum { MANY = 5000 }; /* more than the submission and the completion queue hold */

static void *many_nops(void *argument)
{
    static coil_coro nops[MANY];

    for (int i = 0; i < MANY; i++)
        nops[i] = (coil_coro){nop, argument};
    COIL_AUTO coil_future *all = coil_gather(nops, check_walking() ? 10 : MANY, 0);
    int rc = coil_await(all, NULL);
    return rc < 0 ? COIL_ERR(rc) : NULL;
}

TEST(ring_submit, more_operations_than_the_queues_hold)
{
    KERNEL(loop);
    int done = 0;
    PASS(kernel_run(loop, many_nops, &done));
    CHECK_EQ(done, MANY);
}

static void *left_behind(void *argument)
{
    return coil_go(read_some, argument) < 0 || coil_yield_now() < 0 ? COIL_ERR(-ENOMEM) : NULL;
}

/* The loop is closed with the read in flight: it is drained, not forgotten. */
TEST(ring_submit, closing_drains_what_is_in_flight)
{
    struct ends pipe = {.rc = 0};
    if (!CHECK(pipe2(pipe.fd, 0) == 0))
        return;
    {
        KERNEL(loop);
        PASS(kernel_run(loop, left_behind, &pipe));
    }
    CHECK_EQ(pipe.rc, -ECANCELED);
    close(pipe.fd[0]);
    close(pipe.fd[1]);
}

/* The cancellation finds no room: it is sent later, and the read does not wait for ever. */
static void *cancel_without_room(void *argument)
{
    COIL_AUTO coil_task *reader = coil_create_task(read_some, argument);

    if (coil_yield_now() < 0 || coil_sleep(1) < 0)
        return NULL;
    faults_fail(1, "ring_sqe");
    coil_cancel(reader);
    faults_end();
    FAILS(coil_await(reader, NULL), -ECANCELED);
    return NULL;
}

TEST(ring_submit, a_cancellation_without_room_is_sent_later)
{
    struct ends pipe = {.rc = 0};
    if (check_walking() || !CHECK(pipe2(pipe.fd, 0) == 0))
        return;
    {
        KERNEL(loop);
        PASS(kernel_run(loop, cancel_without_room, &pipe));
    }
    CHECK_EQ(pipe.rc, -ECANCELED);
    close(pipe.fd[0]);
    close(pipe.fd[1]);
}

enum { READS = 10 };

static void nothing(struct op *op, const struct completion *completion)
{
    (void)op;
    (void)completion;
}

/* Submits reads of a file's first bytes: how many the kernel has before the turn's enter. */
static uint64_t read_at_once(struct engine *engine, int fd, struct op reads[static READS])
{
    static char bytes[READS];
    uint64_t before;

    PASS(engine_enter(engine, INT64_MAX, false)); /* the read of the wake */
    before = ring_of(engine)->submissions;
    for (int i = 0; i < READS; i++) {
        op_init(&reads[i], OP_READ, fd, nothing);
        reads[i].address = &bytes[i];
        reads[i].length = 1;
        PASS(engine_submit(engine, &reads[i]));
    }
    return ring_of(engine)->submissions - before;
}

static void end_all(struct engine *engine, const struct op reads[static READS])
{
    struct completion completions[READS];

    for (int i = 0; i < READS; i++)
        while (reads[i].state != OP_IDLE) {
            PASS(engine_enter(engine, INT64_MAX, true));
            engine_reap(engine, completions, READS);
        }
}

/* A pipe that is empty stands for a device: it has nothing at once. The kernel asks no pipe for a
 * position. */
TEST(ring_submit, a_device_is_started_before_the_turn_ends)
{
    struct engine *engine;
    struct op reads[READS];
    int fd[2];

    if (!CHECK(pipe2(fd, 0) == 0))
        return;
    if (PASS(ring_new(&engine))) {
        uint64_t started = read_at_once(engine, fd[0], reads);
        CHECK(check_walking() || started == 8);
        CHECK_EQ(write(fd[1], "0123456789", READS), READS);
        end_all(engine, reads);
        engine_detach(engine);
    }
    close(fd[0]);
    close(fd[1]);
}

/* /dev/zero stands for the page cache: it has everything at once. */
TEST(ring_submit, what_the_page_cache_has_rides_on_the_turns_enter)
{
    struct engine *engine;
    struct op reads[READS];
    int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

    if (!CHECK(fd >= 0))
        return;
    if (PASS(ring_new(&engine))) {
        uint64_t started = read_at_once(engine, fd, reads);
        CHECK(check_walking() || started == 4);
        end_all(engine, reads);
        engine_detach(engine);
    }
    close(fd);
}
