// SPDX-License-Identifier: MIT
/*
 * Memory that an operation names is the kernel's until its last completion, and not a moment
 * longer: reads into a task's stack, cancelled while data arrives.
 */
#include "ends.h"
#include "random.h"
#include "small.h"

enum { ROUNDS = WITH_TSAN ? 300 : 3000, SIZE = 24, GUARD = 64, PATTERN = 0x5a };

struct scene {
    struct ends ends;
    struct random random;
    uint64_t sent, got;
    int completed, cancelled, refused;
    bool damaged;
};

struct frame {
    unsigned char before[GUARD], buffer[SIZE], after[GUARD];
};

static bool is_all(const unsigned char *memory, size_t size, unsigned char value)
{
    for (size_t i = 0; i < size; i++)
        if (memory[i] != value)
            return false;
    return true;
}

static void *reads(void *argument)
{
    struct scene *scene = argument;
    struct frame frame;

    memset(&frame, PATTERN, sizeof(frame));
    int rc = world_op(OP_RECV, scene->ends.fd[0], frame.buffer, SIZE);
    if (rc > 0) {
        scene->got += (uint64_t)rc;
        scene->completed++;
        scene->damaged |= !is_all(frame.buffer, (size_t)rc, 'd');
        scene->damaged |= !is_all(frame.buffer + rc, SIZE - (size_t)rc, PATTERN);
    } else {
        scene->cancelled++;
        scene->damaged |= rc != -ECANCELED || !is_all(frame.buffer, SIZE, PATTERN);
    }
    scene->damaged |= !is_all(frame.before, GUARD, PATTERN) || !is_all(frame.after, GUARD, PATTERN);
    /* From here on the frame is the task's alone. */
    memset(&frame, PATTERN + 1, sizeof(frame));
    for (int turns = 2; turns; turns--)
        scene->refused += coil_yield_now() < 0; /* the cancellation that came too late */
    scene->damaged |= !is_all((const unsigned char *)&frame, sizeof(frame), PATTERN + 1);
    return NULL;
}

static void *races(void *argument)
{
    struct scene *scene = argument;
    char data[SIZE];

    memset(data, 'd', sizeof(data));
    for (int i = 0; i < ROUNDS; i++) {
        COIL_AUTO coil_task *reader = coil_create_task(reads, scene);
        size_t size = 1 + random_below(&scene->random, SIZE);
        uint64_t order = random_below(&scene->random, 6);
        for (uint64_t wait = random_below(&scene->random, 4); wait; wait--)
            PASS(coil_yield_now());
        if (order == 0)
            coil_cancel(reader);
        if (order != 1) {
            CHECK_EQ(send(scene->ends.fd[1], data, size, 0), (ssize_t)size);
            scene->sent += size;
        }
        if (order == 2)
            PASS(coil_yield_now());
        if (order != 5 || random_below(&scene->random, 2))
            coil_cancel(reader);
        kernel_await(reader);
    }
    return NULL;
}

static uint64_t left(const struct ends *ends)
{
    char data[4096];
    uint64_t sum = 0;
    ssize_t n;

    while ((n = recv(ends->fd[0], data, sizeof(data), MSG_DONTWAIT)) > 0)
        sum += (uint64_t)n;
    return sum;
}

TEST(buffers, on_a_stack_are_the_kernels_until_the_last_completion)
{
    for (int small = 0; small < 2; small++) {
        const struct ring_size size = coil__ring_size;
        struct scene scene = {.ends = ends_sockets(SOCK_STREAM), .random = {12345}};
        if (small)
            coil__ring_size = (struct ring_size){4, 4};
        {
            KERNEL(loop);
            PASS(kernel_run(loop, races, &scene));
        }
        coil__ring_size = size;
        CHECK(!scene.damaged);
        CHECK_EQ(scene.sent, scene.got + left(&scene.ends)); /* no byte is lost */
        CHECK(scene.completed > 0 && scene.cancelled > 0);
        ends_free(&scene.ends);
    }
}

/* ---- lent ones ------------------------------------------------------------------------------ */

enum { GROUP = 1, COUNT = 2, LENT_SIZE = 16 };

struct lent {
    struct engine *engine;
    uint64_t got;
    int none;
};

static void received(struct op *op, const struct completion *completion)
{
    struct lent *lent = op->submitter;

    lent->none += completion->result == -ENOBUFS;
    if (!(completion->flags & COMPLETION_BUFFER))
        return;
    const char *memory = engine_lent(lent->engine, GROUP, completion->buffer);
    for (int i = 0; i < completion->result; i++)
        CHECK_EQ(memory[i], 'd');
    lent->got += (uint64_t)completion->result;
    engine_give_back(lent->engine, GROUP, completion->buffer);
}

static void pass(struct engine *engine, bool block)
{
    struct completion completions[3];
    size_t n;

    PASS(engine_enter(engine, INT64_MAX, block));
    while ((n = engine_reap(engine, completions, 3)) > 0)
        for (size_t i = 0; i < n; i++)
            completions[i].op->complete(completions[i].op, &completions[i]);
}

/* A many-shot receive that is cancelled, starved of buffers and begun again. */
TEST(buffers, that_are_lent_come_back_whatever_ends_the_receive)
{
    SMALL_RINGS;
    struct random random = {99};
    struct lent lent = {.got = 0};
    ENDS ends = ends_sockets(SOCK_STREAM);
    char data[256];
    uint64_t sent = 0;
    struct op op;

    if (!PASS(ring_new(&lent.engine)))
        return;
    memset(data, 'd', sizeof(data));
    op_init(&op, OP_RECV, ends.fd[0], received);
    op.flags = OP_LEND | OP_MANY;
    op.group = GROUP;
    op.submitter = &lent;
    bool can = lent.engine->capabilities & ENGINE_MANY_RECV &&
               PASS(engine_lend(lent.engine, GROUP, COUNT, LENT_SIZE));
    for (int i = 0; can && i < ROUNDS; i++) {
        if (op.state == OP_IDLE)
            PASS(engine_submit(lent.engine, &op));
        size_t size = 1 + random_below(&random, sizeof(data));
        ssize_t n = send(ends.fd[1], data, size, MSG_DONTWAIT); /* it may be full */
        sent += n > 0 ? (uint64_t)n : 0;
        if (random_below(&random, 3) == 0 && op.state == OP_IN_FLIGHT)
            engine_cancel(lent.engine, &op);
        pass(lent.engine, false);
    }
    while (can && (op.state == OP_IDLE || lent.got < sent)) {
        if (op.state == OP_IDLE)
            PASS(engine_submit(lent.engine, &op));
        pass(lent.engine, false);
    }
    if (op.state == OP_IN_FLIGHT)
        engine_cancel(lent.engine, &op);
    while (op.state != OP_IDLE)
        pass(lent.engine, true);
    CHECK_EQ(lent.got, sent);
    CHECK(!can || lent.none > 0);
    engine_detach(lent.engine); /* asserts that all are back */
}
