// SPDX-License-Identifier: MIT
#include "crew.h"

#include <errno.h>

static void *passes(void *arg)
{
    struct member *self = arg;

    self->rc = coil_barrier_wait(self->crew->thing);
    record(&self->crew->log, "%d:%d", self->id, self->rc < 0 ? -1 : self->rc);
    return NULL;
}

TEST(barrier, the_index_is_the_order_of_arrival)
{
    coil_barrier barrier = COIL_BARRIER_INIT(3);
    SCENE(s, &barrier);

    for (int i = 0; i < 3; i++)
        hire(&s, passes);
    turns(&s, 2);
    CHECK_STR(s.log.text, "3:2 1:0 2:1");
}

TEST(barrier, a_loop_that_closes_ends_the_wait)
{
    coil_barrier barrier = COIL_BARRIER_INIT(3);
    SCENE(s, &barrier);

    hire(&s, passes);
    hire(&s, passes);
    turns(&s, 1);
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK_EQ(s.members[0].rc, -ECANCELED);
    CHECK_EQ(s.members[1].rc, -ECANCELED);
    CHECK_EQ(coil_barrier_n_waiting(&barrier), 0);
}

TEST(barrier, bad_arguments)
{
    coil_barrier barrier, wrong = COIL_BARRIER_INIT(-1);

    FAILS(coil_barrier_init(NULL, 1), -EINVAL);
    PASS(coil_barrier_init(&barrier, 1));
    FAILS(coil_barrier_wait(&barrier), -COIL_ENOLOOP);
    FAILS(coil_barrier_reset(&barrier), -COIL_ENOLOOP);
    FAILS(coil_barrier_abort(&barrier), -COIL_ENOLOOP);
    CHECK(!coil_barrier_broken(&barrier));
    FAILS(coil_barrier_wait(NULL), -EINVAL);
    FAILS(coil_barrier_reset(NULL), -EINVAL);
    FAILS(coil_barrier_abort(&wrong), -EINVAL);
    FAILS(coil_barrier_parties(NULL), -EINVAL);
    FAILS(coil_barrier_n_waiting(&wrong), -EINVAL);
    CHECK(!coil_barrier_broken(NULL));
}

TEST(barrier, no_two_parties_get_the_same_number_when_one_has_gone)
{
    coil_barrier barrier = COIL_BARRIER_INIT(3);
    SCENE(s, &barrier);

    struct member *first = hire(&s, passes);
    hire(&s, passes);
    turns(&s, 1);
    CHECK(coil_cancel(first->task) || check_walking());
    hire(&s, passes);
    hire(&s, passes);
    turns(&s, 3);
    CHECK_STR(s.log.text, "1:-1 4:2 2:0 3:1");
}
