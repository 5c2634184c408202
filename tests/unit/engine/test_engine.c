// SPDX-License-Identifier: MIT
/* What every engine has in common: the part of engine.h that is written once, on an engine that
 * does nothing. */
#include "engine/engine.h"

#include "check.h"

#include <linux/io_uring.h>

struct fake {
    struct engine engine;
    int submits, cancels, detaches;
    int submit_rc;
};

static int submit(struct engine *engine, struct op *op)
{
    struct fake *fake = container_of(engine, struct fake, engine);

    (void)op;
    fake->submits++;
    return fake->submit_rc;
}

static void cancel(struct engine *engine, struct op *op)
{
    (void)op;
    container_of(engine, struct fake, engine)->cancels++;
}

static int lend(struct engine *engine, uint16_t group, unsigned count, size_t size)
{
    (void)engine;
    return group + (int)count + (int)size;
}

static void detach(struct engine *engine)
{
    container_of(engine, struct fake, engine)->detaches++;
}

static const struct engine_class fake_class = {
    .name = "fake",
    .submit = submit,
    .cancel = cancel,
    .lend = lend,
    .detach = detach,
};

static void fake_init(struct fake *fake)
{
    *fake = (struct fake){.submit_rc = 0};
    engine_init(&fake->engine, &fake_class);
    fake->engine.opcodes = UINT64_C(1) << OP_RECV;
}

static void complete(struct op *op, const struct completion *completion)
{
    (void)op;
    (void)completion;
}

static struct op receive(void)
{
    struct op op;

    op_init(&op, OP_RECV, 3, complete);
    return op;
}

TEST(engine, names_opcodes_as_the_kernel_does)
{
    CHECK_EQ(OP_NOP, IORING_OP_NOP);
    CHECK_EQ(OP_READV, IORING_OP_READV);
    CHECK_EQ(OP_WRITEV, IORING_OP_WRITEV);
    CHECK_EQ(OP_FSYNC, IORING_OP_FSYNC);
    CHECK_EQ(OP_POLL, IORING_OP_POLL_ADD);
    CHECK_EQ(OP_SENDMSG, IORING_OP_SENDMSG);
    CHECK_EQ(OP_RECVMSG, IORING_OP_RECVMSG);
    CHECK_EQ(OP_ACCEPT, IORING_OP_ACCEPT);
    CHECK_EQ(OP_CONNECT, IORING_OP_CONNECT);
    CHECK_EQ(OP_OPENAT, IORING_OP_OPENAT);
    CHECK_EQ(OP_CLOSE, IORING_OP_CLOSE);
    CHECK_EQ(OP_STATX, IORING_OP_STATX);
    CHECK_EQ(OP_READ, IORING_OP_READ);
    CHECK_EQ(OP_WRITE, IORING_OP_WRITE);
    CHECK_EQ(OP_SEND, IORING_OP_SEND);
    CHECK_EQ(OP_RECV, IORING_OP_RECV);
    CHECK_EQ(OP_SPLICE, IORING_OP_SPLICE);
    CHECK_EQ(OP_SHUTDOWN, IORING_OP_SHUTDOWN);
    CHECK_EQ(OP_RENAMEAT, IORING_OP_RENAMEAT);
    CHECK_EQ(OP_UNLINKAT, IORING_OP_UNLINKAT);
    CHECK_EQ(OP_MKDIRAT, IORING_OP_MKDIRAT);
    CHECK_EQ(OP_SYMLINKAT, IORING_OP_SYMLINKAT);
    CHECK_EQ(OP_LINKAT, IORING_OP_LINKAT);
    CHECK_EQ(OP_SOCKET, IORING_OP_SOCKET);
}

TEST(engine, carries_what_its_bits_say)
{
    struct fake fake;
    fake_init(&fake);
    fake.engine.opcodes |= UINT64_C(1) << (OP_CODES - 1);
    CHECK(engine_carries(&fake.engine, OP_RECV));
    CHECK(engine_carries(&fake.engine, (enum op_code)(OP_CODES - 1)));
    CHECK(!engine_carries(&fake.engine, OP_SEND));
    CHECK(!engine_carries(&fake.engine, OP_NOP));
}

TEST(engine, refuses_an_opcode_that_it_does_not_carry)
{
    struct fake fake;
    struct op op = receive();
    fake_init(&fake);
    op.opcode = OP_SEND;
    FAILS(engine_submit(&fake.engine, &op), -EOPNOTSUPP);
    CHECK_EQ(fake.submits, 0);
    CHECK_EQ(op.state, OP_IDLE);
    CHECK_EQ(fake.engine.in_flight_count, 0);
    CHECK(list_empty(&fake.engine.in_flight));
}

TEST(engine, queues_nothing_when_it_cannot)
{
    struct fake fake;
    struct op op = receive();
    fake_init(&fake);
    fake.submit_rc = -ENOMEM;
    FAILS(engine_submit(&fake.engine, &op), -ENOMEM);
    CHECK_EQ(op.state, OP_IDLE);
    CHECK_EQ(fake.engine.in_flight_count, 0);
    CHECK(list_empty(&fake.engine.in_flight));
}

TEST(engine, lists_operations_in_the_order_of_submission)
{
    struct fake fake;
    struct op first = receive(), second = receive();
    fake_init(&fake);
    PASS(engine_submit(&fake.engine, &first));
    PASS(engine_submit(&fake.engine, &second));
    CHECK_EQ(fake.engine.in_flight_count, 2);
    CHECK_PTR(list_first(&fake.engine.in_flight), &first.in_flight);
    CHECK_PTR(first.in_flight.next, &second.in_flight);
}

/* ---- by descriptor -------------------------------------------------------------------------- */

static void submit_on(struct fake *fake, struct op *op, int fd, unsigned flags)
{
    *op = receive();
    op->fd = fd;
    op->flags = (uint8_t)flags;
    PASS(engine_submit(&fake->engine, op));
}

static void end(struct fake *fake, struct op *op)
{
    const struct completion completion = {.op = op};
    engine_hand_over(&fake->engine, &completion);
}

TEST(engine, finds_what_is_in_flight_on_a_descriptor)
{
    enum { HERE = 5, SAME_BUCKET = HERE + ENGINE_BUCKETS };
    struct op other, first, slot, none, second;
    struct fake fake;
    fake_init(&fake);
    submit_on(&fake, &other, SAME_BUCKET, 0);
    submit_on(&fake, &first, HERE, 0);
    submit_on(&fake, &slot, HERE, OP_SLOT);
    submit_on(&fake, &none, -1, 0);
    submit_on(&fake, &second, HERE, 0);
    CHECK_PTR(engine_next_on(&fake.engine, HERE, NULL), &first);
    CHECK_PTR(engine_next_on(&fake.engine, HERE, &first), &second);
    CHECK_PTR(engine_next_on(&fake.engine, HERE, &second), NULL);
    CHECK_PTR(engine_next_on(&fake.engine, SAME_BUCKET, NULL), &other);
    CHECK_PTR(engine_next_on(&fake.engine, HERE + 1, NULL), NULL);
    end(&fake, &first);
    CHECK_PTR(engine_next_on(&fake.engine, HERE, NULL), &second);
    end(&fake, &slot);
    end(&fake, &none);
    end(&fake, &second);
    CHECK_PTR(engine_next_on(&fake.engine, HERE, NULL), NULL);
    end(&fake, &other);
    engine_detach(&fake.engine);
}

TEST(engine, finds_it_among_many_with_two_on_each_in_order)
{
    enum { DESCRIPTORS = 1000 };
    static struct op firsts[DESCRIPTORS], seconds[DESCRIPTORS];
    struct fake fake;
    fake_init(&fake);
    for (int fd = 0; fd < DESCRIPTORS; fd++)
        submit_on(&fake, &firsts[fd], fd, 0);
    for (int fd = 0; fd < DESCRIPTORS; fd++)
        submit_on(&fake, &seconds[fd], fd, 0);
    CHECK(fake.engine.bucket_mask >= DESCRIPTORS || check_walking());
    for (int fd = 0; fd < DESCRIPTORS; fd++) {
        CHECK_PTR(engine_next_on(&fake.engine, fd, NULL), &firsts[fd]);
        CHECK_PTR(engine_next_on(&fake.engine, fd, &firsts[fd]), &seconds[fd]);
        CHECK_PTR(engine_next_on(&fake.engine, fd, &seconds[fd]), NULL);
        end(&fake, &firsts[fd]);
        end(&fake, &seconds[fd]);
    }
    engine_detach(&fake.engine);
    CHECK_EQ(fake.engine.bucket_mask, ENGINE_BUCKETS - 1); /* and its memory is given back */
}

static void submit_twice(void *unused)
{
    struct fake fake;
    struct op op = receive();
    (void)unused;
    fake_init(&fake);
    (void)engine_submit(&fake.engine, &op);
    (void)engine_submit(&fake.engine, &op);
}

static void submit_without_complete(void *unused)
{
    struct fake fake;
    struct op op = receive();
    (void)unused;
    fake_init(&fake);
    op.complete = NULL;
    (void)engine_submit(&fake.engine, &op);
}

TEST(engine, dies_of_an_operation_that_cannot_be_submitted)
{
    DIES(submit_twice, NULL);
    DIES(submit_without_complete, NULL);
}

TEST(engine, asks_once_for_a_cancellation)
{
    struct fake fake;
    struct op op = receive();
    fake_init(&fake);
    PASS(engine_submit(&fake.engine, &op));
    engine_cancel(&fake.engine, &op);
    engine_cancel(&fake.engine, &op);
    CHECK_EQ(fake.cancels, 1);
    CHECK_EQ(op.state, OP_CANCELLING);
    CHECK_EQ(fake.engine.in_flight_count, 1); /* it has not ended by that */
}

static void cancel_idle(void *unused)
{
    struct fake fake;
    struct op op = receive();
    (void)unused;
    fake_init(&fake);
    engine_cancel(&fake.engine, &op);
}

TEST(engine, dies_of_a_cancellation_of_what_is_not_in_flight)
{
    DIES(cancel_idle, NULL);
}

TEST(engine, ends_an_operation_with_its_last_completion)
{
    struct fake fake;
    struct op op = receive();
    struct completion completion = {.op = &op, .result = 5, .flags = COMPLETION_MORE};
    fake_init(&fake);
    PASS(engine_submit(&fake.engine, &op));
    engine_hand_over(&fake.engine, &completion);
    CHECK_EQ(op.state, OP_IN_FLIGHT);
    CHECK_EQ(fake.engine.in_flight_count, 1);
    completion.flags = 0;
    engine_hand_over(&fake.engine, &completion);
    CHECK_EQ(op.state, OP_IDLE);
    CHECK_EQ(fake.engine.in_flight_count, 0);
    CHECK(list_empty(&fake.engine.in_flight));
}

TEST(engine, takes_an_operation_again_after_its_end)
{
    struct fake fake;
    struct op op = receive();
    const struct completion completion = {.op = &op, .result = -ECANCELED};
    fake_init(&fake);
    PASS(engine_submit(&fake.engine, &op));
    engine_cancel(&fake.engine, &op);
    engine_hand_over(&fake.engine, &completion);
    PASS(engine_submit(&fake.engine, &op));
    engine_cancel(&fake.engine, &op);
    CHECK_EQ(fake.submits, 2);
    CHECK_EQ(fake.cancels, 2);
}

static void end_twice(void *unused)
{
    struct fake fake;
    struct op op = receive();
    const struct completion completion = {.op = &op};
    (void)unused;
    fake_init(&fake);
    (void)engine_submit(&fake.engine, &op);
    engine_hand_over(&fake.engine, &completion);
    engine_hand_over(&fake.engine, &completion);
}

TEST(engine, dies_of_a_second_end)
{
    DIES(end_twice, NULL);
}

TEST(engine, lends_only_when_it_can)
{
    struct fake fake;
    fake_init(&fake);
    FAILS(engine_lend(&fake.engine, 1, 2, 3), -EOPNOTSUPP);
    fake.engine.capabilities = ENGINE_LEND;
    CHECK_EQ(engine_lend(&fake.engine, 1, 2, 3), 1 + 2 + 3);
}

static void detach_in_flight(void *unused)
{
    struct fake fake;
    struct op op = receive();
    (void)unused;
    fake_init(&fake);
    (void)engine_submit(&fake.engine, &op);
    engine_detach(&fake.engine);
}

TEST(engine, is_left_with_nothing_in_flight)
{
    struct fake fake;
    fake_init(&fake);
    engine_detach(&fake.engine);
    CHECK_EQ(fake.detaches, 1);
    DIES(detach_in_flight, NULL);
}
