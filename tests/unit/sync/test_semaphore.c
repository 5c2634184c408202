// SPDX-License-Identifier: MIT
#include "crew.h"

#include <errno.h>
#include <limits.h>

static void *takes(void *arg)
{
    struct member *self = arg;

    self->rc = coil_semaphore_acquire(self->crew->thing);
    record(&self->crew->log, self->rc < 0 ? "-%d" : "%d", self->id);
    return NULL;
}

TEST(semaphore, a_release_is_counted_down_at_the_wake)
{
    coil_semaphore semaphore = COIL_SEMAPHORE_INIT(0);
    SCENE(s, &semaphore);

    hire(&s, takes);
    turns(&s, 1);
    PASS(coil_semaphore_release(&semaphore));
    CHECK_EQ(coil_semaphore_value(&semaphore), 0);
    CHECK_STR(s.log.text, "");
    turns(&s, 1);
    CHECK_STR(s.log.text, "1");
}

TEST(semaphore, a_permit_given_back_goes_to_the_next)
{
    coil_semaphore semaphore = COIL_SEMAPHORE_INIT(0);
    SCENE(s, &semaphore);

    hire(&s, takes);
    hire(&s, takes);
    turns(&s, 1);
    PASS(coil_semaphore_release(&semaphore));
    CHECK(coil_cancel(s.members[0].task));
    turns(&s, 2);
    CHECK_STR(s.log.text, "-1 2");
    CHECK_EQ(coil_semaphore_value(&semaphore), 0);
}

TEST(semaphore, a_loop_that_closes_ends_the_wait)
{
    coil_semaphore semaphore = COIL_SEMAPHORE_INIT(0);
    SCENE(s, &semaphore);

    hire(&s, takes);
    hire(&s, takes);
    turns(&s, 1);
    PASS(coil_semaphore_release(&semaphore));
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK_STR(s.log.text, "-1 -2");
    CHECK_EQ(coil_semaphore_value(&semaphore), 1);
}

TEST(semaphore, its_value_has_a_bound)
{
    coil_semaphore semaphore, bounded;

    PASS(coil_semaphore_init(&semaphore, INT_MAX));
    FAILS(coil_semaphore_release(&semaphore), -EOVERFLOW);
    CHECK_EQ(coil_semaphore_value(&semaphore), INT_MAX);
    PASS(coil_semaphore_init_bounded(&bounded, 2));
    PASS(coil_semaphore_try_acquire(&bounded));
    PASS(coil_semaphore_release(&bounded));
    FAILS(coil_semaphore_release(&bounded), -EOVERFLOW);
}

TEST(semaphore, bad_arguments)
{
    coil_semaphore semaphore = COIL_SEMAPHORE_INIT(1);

    FAILS(coil_semaphore_init(NULL, 1), -EINVAL);
    FAILS(coil_semaphore_init_bounded(NULL, 1), -EINVAL);
    FAILS(coil_semaphore_acquire(&semaphore), -COIL_ENOLOOP);
    FAILS(coil_semaphore_acquire(NULL), -EINVAL);
    FAILS(coil_semaphore_try_acquire(NULL), -EINVAL);
    FAILS(coil_semaphore_release(NULL), -EINVAL);
    FAILS(coil_semaphore_value(NULL), -EINVAL);
    CHECK(!coil_semaphore_locked(NULL));
    CHECK_EQ(coil_semaphore_value(&semaphore), 1);
}
