// SPDX-License-Identifier: MIT
/* Descriptors closed in every state of what waits on them, and numbers that are used again. */
#include "ends.h"
#include "loop/await.h"
#include "loop/descriptor.h"
#include "loop/flush.h"
#include "small.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>

enum state { QUEUED, SENT, CANCELLED, READY, STATES };
enum kind { RECV, READ, SEND, POLL, ACCEPT, KINDS };

struct scene {
    enum kind kind;
    enum state state;
    int fd;
    int result;
    int closed;
    struct ends ends;
};

static void *waits(void *argument)
{
    static const enum op_code opcodes[] = {OP_RECV, OP_READ, OP_SEND, OP_POLL, OP_ACCEPT};
    struct scene *scene = argument;
    char bytes[8] = "";
    struct op op;

    op_init(&op, opcodes[scene->kind], scene->fd, NULL);
    if (scene->kind == POLL)
        op.mask = POLLIN;
    else if (scene->kind != ACCEPT) {
        op.address = bytes;
        op.length = sizeof(bytes);
    }
    scene->result = await_op(&op);
    return NULL;
}

static void make_ready(const struct scene *scene)
{
    if (scene->kind == SEND)
        ends_empty(&(struct ends){{scene->ends.fd[1], -1}});
    else if (scene->kind != ACCEPT)
        CHECK_EQ(send(scene->ends.fd[1], "ready", 5, 0), 5);
}

static void *closes(void *argument)
{
    struct scene *scene = argument;
    COIL_AUTO coil_task *waiter = coil_create_task(waits, scene);

    PASS(coil_yield_now()); /* it has run: its operation is queued */
    if (scene->state != QUEUED)
        PASS(coil_sleep(1)); /* and sent */
    if (scene->state == CANCELLED)
        coil_cancel(waiter);
    if (scene->state == READY)
        make_ready(scene);
    scene->closed = descriptor_close(scene->fd);
    kernel_await(waiter);
    return NULL;
}

static int listener(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0 && listen(fd, 1) == 0);
    return fd;
}

/* Whether the waiter may have got this. */
static bool plausible(const struct scene *scene)
{
    if (scene->result > 0) /* completion wins */
        return scene->state == READY;
    return scene->result == (scene->state == CANCELLED ? -ECANCELED : -COIL_ECLOSED);
}

static void close_one(enum kind kind, enum state state)
{
    struct scene scene = {.kind = kind, .state = state, .ends = ends_sockets(SOCK_STREAM)};

    scene.fd = kind == ACCEPT ? listener() : scene.ends.fd[0];
    if (kind == SEND) {
        struct ends turned = {{scene.ends.fd[1], scene.ends.fd[0]}};
        ends_fill(&turned);
    }
    {
        KERNEL(loop);
        PASS(kernel_run(loop, closes, &scene));
    }
    if (!CHECK(plausible(&scene)) || !CHECK_EQ(scene.closed, 0))
        fprintf(stderr, "kind %d, state %d: %d\n", kind, state, scene.result);
    if (kind != ACCEPT)
        scene.ends.fd[0] = -1;
    ends_free(&scene.ends);
}

TEST(close, wakes_whoever_waits_in_every_state)
{
    for (enum kind kind = 0; kind < KINDS; kind++)
        for (enum state state = 0; state < STATES; state++)
            close_one(kind, state);
}

TEST(close, wakes_whoever_waits_in_every_state_of_a_small_ring)
{
    SMALL_RINGS;

    for (enum kind kind = 0; kind < KINDS; kind++)
        for (enum state state = 0; state < STATES; state++)
            close_one(kind, state);
}

/* ---- numbers that are used again ------------------------------------------------------------ */

enum { GENERATIONS = WITH_TSAN ? 200 : 2000, READERS = 3 };

struct reuse {
    int fd;
    unsigned char generation;
    int wrong, closed, read;
};

static void *reads_its_own(void *argument)
{
    struct reuse *reuse = argument;
    const unsigned char generation = reuse->generation;
    unsigned char byte = 0;
    int rc = world_op(OP_RECV, reuse->fd, &byte, 1);

    reuse->closed += rc == -COIL_ECLOSED;
    reuse->read += rc == 1;
    reuse->wrong += rc == 1 && byte != generation;
    return NULL;
}

static void *generations(void *argument)
{
    struct reuse *reuse = argument;

    for (int i = 0; i < GENERATIONS; i++) {
        struct ends ends = ends_sockets(SOCK_STREAM);
        reuse->fd = ends.fd[0];
        reuse->generation = (unsigned char)i;
        for (int r = 0; r < READERS; r++)
            PASS(coil_go(reads_its_own, reuse));
        PASS(coil_yield_now());
        if (i % 3 == 0)
            CHECK_EQ(send(ends.fd[1], &reuse->generation, 1, 0), 1);
        if (i % 2 == 0)
            PASS(coil_yield_now());
        PASS(descriptor_close(ends.fd[0]));
        close(ends.fd[1]);
    }
    return NULL;
}

/* The same two numbers name another pair each time, while readers of the last one go. */
TEST(close, a_number_that_is_used_again_is_nobodys_from_before)
{
    for (int small = 0; small < 2; small++) {
        const struct ring_size size = coil__ring_size;
        struct reuse reuse = {.fd = -1};
        if (small)
            coil__ring_size = (struct ring_size){4, 4};
        {
            KERNEL(loop);
            PASS(kernel_run(loop, generations, &reuse));
        }
        coil__ring_size = size;
        CHECK_EQ(reuse.wrong, 0);
        CHECK_EQ(reuse.closed + reuse.read, GENERATIONS * READERS);
        CHECK(reuse.closed > 0);
    }
}

/* ---- nothing to wait for -------------------------------------------------------------------- */

static void does_nothing(struct flush *flush)
{
    (void)flush;
}

TEST(close, waits_for_nobody_when_what_is_flushed_comes_to_nothing)
{
    struct flush flush = {.run = does_nothing};
    KERNEL(loop);

    if (!err_is(loop))
        flush_soon(loop, &flush);
    CHECK(flush.queued);
}
