// SPDX-License-Identifier: MIT
/* CPython's test_locks.py: the barrier. */
#include "crew.h"

#include <errno.h>

enum { N = 5 };

/* A barrier of N parties, who keep a few notes. */
struct gate {
    coil_barrier barrier;
    int indices[2]; /* of each round, a bit each */
    int broken;     /* how many heard that it is */
    int out;
};

enum { ALL = (1 << N) - 1 };

#define GATE                                                                                       \
    {                                                                                              \
        .barrier = COIL_BARRIER_INIT(N)                                                            \
    }

static int pass(struct member *self)
{
    struct gate *gate = self->crew->thing;

    self->rc = coil_barrier_wait(&gate->barrier);
    if (self->rc >= 0)
        record(&self->crew->log, "%d", self->id);
    gate->broken += self->rc == -COIL_EBROKEN;
    gate->out++;
    return self->rc;
}

static void *passes(void *arg)
{
    struct member *self = arg;
    struct gate *gate = self->crew->thing;

    if (pass(self) >= 0)
        gate->indices[0] |= 1 << self->rc;
    return NULL;
}

static void *passes_twice(void *arg)
{
    struct member *self = arg;
    struct gate *gate = self->crew->thing;

    for (int round = 0; round < 2; round++)
        if (pass(self) >= 0)
            gate->indices[round] |= 1 << self->rc;
    return NULL;
}

static void hire_all(struct crew *crew, coil_fn fn, int n)
{
    for (int i = 0; i < n; i++)
        hire(crew, fn);
}

static void check_idle(const struct gate *gate)
{
    CHECK_EQ(coil_barrier_n_waiting(&gate->barrier), 0);
    CHECK(!coil_barrier_broken(&gate->barrier));
}

/* All N come, and all are let go. */
static void check_usable(struct crew *crew)
{
    struct gate *gate = crew->thing;

    gate->indices[0] = 0;
    hire_all(crew, passes, N);
    turns(crew, 4);
    CHECK_EQ(gate->indices[0], ALL);
    check_idle(gate);
}

TEST(BarrierTests, test_barrier_parties)
{
    coil_barrier barrier = COIL_BARRIER_INIT(0);

    FAILS(coil_barrier_wait(&barrier), -EINVAL);
    FAILS(coil_barrier_init(&barrier, 0), -EINVAL);
    FAILS(coil_barrier_init(&barrier, -1), -EINVAL);
    PASS(coil_barrier_init(&barrier, N));
    CHECK_EQ(coil_barrier_parties(&barrier), N);
}

TEST(BarrierTests, test_context_manager)
{
    struct gate gate = GATE;
    SCENE(s, &gate);

    hire_all(&s, passes, N);
    turns(&s, 3);
    CHECK_EQ(gate.indices[0], ALL);
    check_idle(&gate);
}

static void *passes_alone_twice(void *arg)
{
    struct member *self = arg;
    struct gate *gate = self->crew->thing;

    CHECK_EQ(coil_barrier_wait(&gate->barrier), 0);
    check_idle(gate);
    CHECK_EQ(coil_barrier_wait(&gate->barrier), 0);
    check_idle(gate);
    return NULL;
}

static void *passes_alone(void *arg)
{
    struct member *self = arg;
    struct gate *gate = self->crew->thing;

    CHECK_EQ(coil_barrier_wait(&gate->barrier), 0);
    return NULL;
}

TEST(BarrierTests, test_filling_one_task)
{
    struct gate gate = {.barrier = COIL_BARRIER_INIT(1)};
    SCENE(s, &gate);

    struct member *member = hire(&s, passes_alone);
    turns(&s, 1);
    CHECK(coil_done(member->task));
    check_idle(&gate);
}

TEST(BarrierTests, test_filling_one_task_twice)
{
    struct gate gate = {.barrier = COIL_BARRIER_INIT(1)};
    SCENE(s, &gate);

    struct member *member = hire(&s, passes_alone_twice);
    turns(&s, 1);
    CHECK(coil_done(member->task));
}

TEST(BarrierTests, test_filling_task_by_task)
{
    struct gate gate = GATE;
    SCENE(s, &gate);

    for (int i = 1; i < N; i++) {
        hire(&s, passes);
        turns(&s, 1);
        CHECK_EQ(coil_barrier_n_waiting(&gate.barrier), i);
    }
    CHECK_EQ(gate.out, 0);
    hire(&s, passes);
    turns(&s, 2);
    CHECK_EQ(gate.out, N);
    check_idle(&gate);
}

TEST(BarrierTests, test_filling_tasks_wait_twice)
{
    struct gate gate = GATE;
    SCENE(s, &gate);

    hire_all(&s, passes_twice, N);
    turns(&s, 8);
    CHECK_EQ(gate.out, 2 * N);
    CHECK_EQ(gate.broken, 0);
    check_idle(&gate);
}

TEST(BarrierTests, test_filling_tasks_check_return_value)
{
    struct gate gate = GATE;
    SCENE(s, &gate);

    hire_all(&s, passes_twice, N);
    turns(&s, 8);
    CHECK_EQ(gate.indices[0], ALL);
    CHECK_EQ(gate.indices[1], ALL);
}

/* The last to come is the first to leave, and comes again while the others leave. */
static void *comes_back_when_first_out(void *arg)
{
    struct member *self = arg;
    struct gate *gate = self->crew->thing;

    if (pass(self) == N - 1)
        (void)pass(self);
    else
        CHECK_EQ(coil_barrier_n_waiting(&gate->barrier), 0); /* it drains: nobody is let in */
    return NULL;
}

TEST(BarrierTests, test_draining_state)
{
    struct gate gate = GATE;
    SCENE(s, &gate);

    hire_all(&s, comes_back_when_first_out, N);
    turns(&s, 1);
    CHECK_STR(s.log.text, "5");
    CHECK_EQ(coil_barrier_n_waiting(&gate.barrier), 0);
    turns(&s, 3);
    CHECK_STR(s.log.text, "5 1 2 3 4");
    CHECK_EQ(coil_barrier_n_waiting(&gate.barrier), 1); /* it fills again */
}

TEST(BarrierTests, test_blocking_tasks_while_draining)
{
    struct gate gate = GATE;
    SCENE(s, &gate);

    hire_all(&s, comes_back_when_first_out, N);
    turns(&s, 4);
    CHECK_EQ(gate.out, N);
    hire_all(&s, passes, N - 1);
    turns(&s, 3);
    CHECK_EQ(gate.out, 2 * N);
    CHECK_EQ(s.members[N - 1].rc, 0); /* it was the first of the next round */
    check_idle(&gate);
}

TEST(BarrierTests, test_filling_tasks_cancel_one)
{
    struct gate gate = GATE;
    SCENE(s, &gate);

    hire_all(&s, passes, N - 1);
    turns(&s, 1);
    CHECK(coil_cancel(s.members[1].task));
    turns(&s, 1);
    CHECK_EQ(s.members[1].rc, -ECANCELED);
    CHECK_EQ(coil_barrier_n_waiting(&gate.barrier), N - 2);
    hire(&s, passes);
    turns(&s, 2);
    CHECK_EQ(coil_barrier_n_waiting(&gate.barrier), N - 1);
    hire(&s, passes);
    turns(&s, 2);
    CHECK_STR(s.log.text, "6 1 3 4 5");
    CHECK_EQ(gate.broken, 0);
    check_idle(&gate);
}

static void *resets(void *arg)
{
    struct member *self = arg;
    struct gate *gate = self->crew->thing;

    PASS(coil_barrier_reset(&gate->barrier));
    return NULL;
}

static void *aborts(void *arg)
{
    struct member *self = arg;
    struct gate *gate = self->crew->thing;

    PASS(coil_barrier_abort(&gate->barrier));
    return NULL;
}

TEST(BarrierTests, test_reset_barrier)
{
    struct gate gate = GATE;
    SCENE(s, &gate);

    PASS(run_as_member(&s, resets));
    check_idle(&gate);
}

TEST(BarrierTests, test_reset_barrier_while_tasks_waiting)
{
    struct gate gate = GATE;
    SCENE(s, &gate);

    hire_all(&s, passes, N - 1);
    turns(&s, 1);
    PASS(run_as_member(&s, resets));
    turns(&s, 1);
    CHECK_EQ(gate.broken, N - 1);
    check_usable(&s);
}

/* Breaks what is left of the round when it is half out. */
static void *resets_when_half_is_out(void *arg)
{
    struct member *self = arg;
    struct gate *gate = self->crew->thing;

    if (pass(self) >= 0 && gate->out == N - N / 2)
        PASS(coil_barrier_reset(&gate->barrier));
    return NULL;
}

TEST(BarrierTests, test_reset_barrier_when_tasks_half_draining)
{
    struct gate gate = GATE;
    SCENE(s, &gate);

    hire_all(&s, resets_when_half_is_out, N);
    turns(&s, 3);
    CHECK_STR(s.log.text, "5 1 2");
    CHECK_EQ(gate.broken, N / 2);
    check_usable(&s);
}

/* The same; who got out before stands outside already. */
static void *comes_back_until_half_is_out(void *arg)
{
    struct member *self = arg;
    struct gate *gate = self->crew->thing;

    if (pass(self) < 0)
        return NULL;
    if (gate->out < N - N / 2)
        (void)pass(self);
    else if (self->crew->log.text[0] != '-')
        PASS(coil_barrier_reset(&gate->barrier));
    return NULL;
}

TEST(BarrierTests, test_reset_barrier_when_tasks_half_draining_half_blocking)
{
    struct gate gate = GATE;
    SCENE(s, &gate);

    hire_all(&s, comes_back_until_half_is_out, N);
    turns(&s, 4);
    CHECK_STR(s.log.text, "5 1 2");
    CHECK_EQ(gate.broken, N / 2);
    CHECK_EQ(coil_barrier_n_waiting(&gate.barrier), 2); /* 5 and 1, who were outside */
    hire_all(&s, passes, N - 2);
    turns(&s, 3);
    CHECK_EQ(gate.broken, N / 2);
    check_idle(&gate);
}

static void *passes_again_when_broken(void *arg)
{
    struct member *self = arg;

    return pass(self) == -COIL_EBROKEN ? passes(arg) : NULL;
}

TEST(BarrierTests, test_reset_barrier_while_tasks_waiting_and_waiting_again)
{
    struct gate gate = GATE;
    SCENE(s, &gate);

    hire_all(&s, passes_again_when_broken, N - 1);
    turns(&s, 1);
    PASS(run_as_member(&s, resets));
    turns(&s, 4);
    CHECK_EQ(gate.broken, N - 1);
    CHECK_EQ(coil_barrier_n_waiting(&gate.barrier), N - 1);
    hire(&s, passes);
    turns(&s, 3);
    CHECK_EQ(gate.indices[0], ALL);
    check_idle(&gate);
}

/* Twice, and the last to leave the first round resets. */
static void *passes_twice_and_resets(void *arg)
{
    struct member *self = arg;
    struct gate *gate = self->crew->thing;

    if (pass(self) >= 0 && gate->out == N)
        PASS(coil_barrier_reset(&gate->barrier));
    return passes(arg);
}

TEST(BarrierTests, test_reset_barrier_while_tasks_draining)
{
    struct gate gate = GATE;
    SCENE(s, &gate);

    hire_all(&s, passes_twice_and_resets, N);
    turns(&s, 8);
    CHECK_EQ(gate.broken, 0);
    CHECK_EQ(gate.indices[0], ALL);
    check_usable(&s);
}

TEST(BarrierTests, test_abort_barrier)
{
    struct gate gate = GATE;
    SCENE(s, &gate);

    PASS(run_as_member(&s, aborts));
    CHECK(coil_barrier_broken(&gate.barrier));
    PASS(run_as_member(&s, passes));
    CHECK_EQ(gate.broken, 1);
}

static void *aborts_when_half_is_out(void *arg)
{
    struct member *self = arg;
    struct gate *gate = self->crew->thing;

    if (pass(self) < 0)
        return NULL;
    if (gate->out < N - N / 2)
        (void)pass(self);
    else
        PASS(coil_barrier_abort(&gate->barrier));
    return NULL;
}

TEST(BarrierTests, test_abort_barrier_when_tasks_half_draining_half_blocking)
{
    struct gate gate = GATE;
    SCENE(s, &gate);

    hire_all(&s, aborts_when_half_is_out, N);
    turns(&s, 5);
    CHECK_STR(s.log.text, "5 1 2");
    CHECK_EQ(gate.broken, N - 1); /* 3 and 4, who were inside; 5 and 1, who were outside */
    CHECK(coil_barrier_broken(&gate.barrier));
    CHECK_EQ(coil_barrier_n_waiting(&gate.barrier), 0);
}

/* The last to leave the first round fails, and the others are in the second. */
static void *fails_after_first_round(void *arg)
{
    struct member *self = arg;
    struct gate *gate = self->crew->thing;

    if (pass(self) == N - 2)
        return aborts(arg);
    (void)pass(self);
    CHECK(coil_barrier_broken(&gate->barrier));
    return NULL;
}

TEST(BarrierTests, test_abort_barrier_when_exception)
{
    struct gate gate = GATE;
    SCENE(s, &gate);

    hire_all(&s, fails_after_first_round, N);
    turns(&s, 6);
    CHECK_STR(s.log.text, "5 1 2 3 4");
    CHECK_EQ(gate.broken, N - 1);
    CHECK(coil_barrier_broken(&gate.barrier));
}

TEST(BarrierTests, test_abort_barrier_when_exception_then_resetting)
{
    struct gate gate = GATE;
    SCENE(s, &gate);

    hire_all(&s, fails_after_first_round, N);
    turns(&s, 6);
    CHECK_EQ(gate.broken, N - 1);
    PASS(run_as_member(&s, resets));
    CHECK(!coil_barrier_broken(&gate.barrier));
    check_usable(&s);
}
