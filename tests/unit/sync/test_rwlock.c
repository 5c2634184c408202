// SPDX-License-Identifier: MIT
#include "crew.h"

#include <errno.h>

static void *reads(void *arg)
{
    struct member *self = arg;

    self->rc = coil_rwlock_acquire_read(self->crew->thing);
    record(&self->crew->log, self->rc < 0 ? "-r%d" : "r%d", self->id);
    return NULL;
}

static void *writes(void *arg)
{
    struct member *self = arg;

    self->rc = coil_rwlock_acquire_write(self->crew->thing);
    record(&self->crew->log, self->rc < 0 ? "-w%d" : "w%d", self->id);
    return NULL;
}

TEST(rwlock, readers_share_it_and_a_writer_has_it_alone)
{
    coil_rwlock lock = COIL_RWLOCK_INIT;

    PASS(coil_rwlock_try_acquire_read(&lock));
    PASS(coil_rwlock_try_acquire_read(&lock));
    FAILS(coil_rwlock_try_acquire_write(&lock), -EAGAIN);
    PASS(coil_rwlock_release_read(&lock));
    FAILS(coil_rwlock_try_acquire_write(&lock), -EAGAIN);
    PASS(coil_rwlock_release_read(&lock));
    PASS(coil_rwlock_try_acquire_write(&lock));
    FAILS(coil_rwlock_try_acquire_read(&lock), -EAGAIN);
    FAILS(coil_rwlock_try_acquire_write(&lock), -EAGAIN);
    PASS(coil_rwlock_release_write(&lock));
    PASS(coil_rwlock_try_acquire_read(&lock));
}

TEST(rwlock, what_can_be_had_is_had_without_a_switch)
{
    coil_rwlock lock = COIL_RWLOCK_INIT;
    SCENE(s, &lock);

    hire(&s, reads);
    hire(&s, reads);
    turns(&s, 1);
    CHECK_STR(s.log.text, "r1 r2");
}

TEST(rwlock, readers_that_come_after_a_writer_wait_behind_it)
{
    coil_rwlock lock = COIL_RWLOCK_INIT;
    SCENE(s, &lock);

    hire(&s, reads);
    hire(&s, writes);
    hire(&s, reads);
    hire(&s, reads);
    hire(&s, writes);
    turns(&s, 1);
    CHECK_STR(s.log.text, "r1");
    FAILS(coil_rwlock_try_acquire_read(&lock), -EAGAIN);
    PASS(coil_rwlock_release_read(&lock));
    turns(&s, 2);
    CHECK_STR(s.log.text, "r1 w2");
    PASS(coil_rwlock_release_write(&lock));
    turns(&s, 2);
    CHECK_STR(s.log.text, "r1 w2 r3 r4"); /* those who stand together go together */
    PASS(coil_rwlock_release_read(&lock));
    turns(&s, 2);
    PASS(coil_rwlock_release_read(&lock));
    turns(&s, 2);
    CHECK_STR(s.log.text, "r1 w2 r3 r4 w5");
}

TEST(rwlock, a_cancelled_writer_stands_in_nobodys_way)
{
    coil_rwlock lock = COIL_RWLOCK_INIT;
    SCENE(s, &lock);

    hire(&s, reads);
    struct member *writer = hire(&s, writes);
    hire(&s, reads);
    turns(&s, 1);
    CHECK(coil_cancel(writer->task));
    turns(&s, 2);
    CHECK_STR(s.log.text, "r1 -w2 r3");
}

TEST(rwlock, what_was_given_to_a_cancelled_task_goes_on)
{
    coil_rwlock lock = COIL_RWLOCK_INIT;
    SCENE(s, &lock);

    PASS(coil_rwlock_try_acquire_write(&lock));
    hire(&s, writes);
    hire(&s, reads);
    hire(&s, writes);
    turns(&s, 1);
    PASS(coil_rwlock_release_write(&lock));
    CHECK(coil_cancel(s.members[0].task));
    turns(&s, 1);
    CHECK(coil_cancel(s.members[1].task));
    turns(&s, 2);
    CHECK_STR(s.log.text, "-w1 -r2 w3");
}

TEST(rwlock, a_loop_that_closes_ends_the_wait)
{
    coil_rwlock lock = COIL_RWLOCK_INIT;
    SCENE(s, &lock);

    PASS(coil_rwlock_try_acquire_read(&lock));
    hire(&s, writes);
    hire(&s, reads);
    turns(&s, 1);
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK_STR(s.log.text, "-w1 -r2");
    CHECK_EQ(lock.readers, 1);
}

TEST(rwlock, a_release_of_what_is_not_held)
{
    coil_rwlock lock = COIL_RWLOCK_INIT;

    FAILS(coil_rwlock_release_read(&lock), -EPERM);
    FAILS(coil_rwlock_release_write(&lock), -EPERM);
    PASS(coil_rwlock_try_acquire_read(&lock));
    FAILS(coil_rwlock_release_write(&lock), -EPERM);
    PASS(coil_rwlock_release_read(&lock));
    PASS(coil_rwlock_try_acquire_write(&lock));
    FAILS(coil_rwlock_release_read(&lock), -EPERM);
    PASS(coil_rwlock_release_write(&lock));
}

TEST(rwlock, bad_arguments)
{
    coil_rwlock lock;

    FAILS(coil_rwlock_init(NULL), -EINVAL);
    PASS(coil_rwlock_init(&lock));
    FAILS(coil_rwlock_acquire_read(&lock), -COIL_ENOLOOP);
    FAILS(coil_rwlock_acquire_write(&lock), -COIL_ENOLOOP);
    FAILS(coil_rwlock_acquire_read(NULL), -EINVAL);
    FAILS(coil_rwlock_acquire_write(NULL), -EINVAL);
    FAILS(coil_rwlock_try_acquire_read(NULL), -EINVAL);
    FAILS(coil_rwlock_try_acquire_write(NULL), -EINVAL);
    FAILS(coil_rwlock_release_read(NULL), -EINVAL);
    FAILS(coil_rwlock_release_write(NULL), -EINVAL);
}
