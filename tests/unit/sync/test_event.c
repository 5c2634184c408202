// SPDX-License-Identifier: MIT
#include "crew.h"

#include <errno.h>

static void *waits(void *arg)
{
    struct member *self = arg;

    self->rc = coil_event_wait(self->crew->thing);
    record(&self->crew->log, self->rc < 0 ? "-%d" : "%d", self->id);
    return NULL;
}

TEST(event, set_wakes_all_for_the_next_turn)
{
    coil_event event = COIL_EVENT_INIT;
    SCENE(s, &event);

    for (int i = 0; i < 3; i++)
        hire(&s, waits);
    turns(&s, 1);
    CHECK_EQ(coil_event_set(&event), 3);
    CHECK_STR(s.log.text, "");
    turns(&s, 1);
    CHECK_STR(s.log.text, "1 2 3");
}

TEST(event, a_clear_does_not_undo_a_wake)
{
    coil_event event = COIL_EVENT_INIT;
    SCENE(s, &event);

    hire(&s, waits);
    turns(&s, 1);
    PASS(coil_event_set(&event));
    PASS(coil_event_clear(&event));
    hire(&s, waits);
    turns(&s, 2);
    CHECK_STR(s.log.text, "1");
}

TEST(event, a_loop_that_closes_ends_the_wait)
{
    coil_event event = COIL_EVENT_INIT;
    SCENE(s, &event);

    hire(&s, waits);
    turns(&s, 1);
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK_STR(s.log.text, "-1");
}

static void *returns_argument(void *arg)
{
    return arg;
}

TEST(event, it_belongs_to_the_first_loop_that_waits)
{
    coil_event event = COIL_EVENT_INIT;

    {
        SCENE(s, &event);
        hire(&s, waits);
        turns(&s, 1);
        PASS(coil_event_set(&event));
        turns(&s, 1);
    }
    SCENE(s, &event);
    PASS(run_as_member(&s, waits)); /* it is set: nothing to wait for */
    PASS(coil_event_clear(&event));
    struct member *member = hire(&s, waits);
    hire(&s, returns_argument);
    turns(&s, 1);
    if (!check_walking())
        CHECK_EQ(member->rc, -EXDEV);
}

TEST(event, bad_arguments)
{
    coil_event event;

    FAILS(coil_event_init(NULL), -EINVAL);
    PASS(coil_event_init(&event));
    FAILS(coil_event_wait(&event), -COIL_ENOLOOP);
    FAILS(coil_event_wait(NULL), -EINVAL);
    FAILS(coil_event_set(NULL), -EINVAL);
    FAILS(coil_event_clear(NULL), -EINVAL);
    CHECK(!coil_event_is_set(NULL));
}
