// SPDX-License-Identifier: MIT
#include "crew.h"
#include "faults.h"

#include <errno.h>

static char letters[] = "abcdefghijklmnop";

static void channel_end(coil_channel *channel)
{
    PASS(coil_channel_fini(channel));
}

#define CHANNEL(name) __attribute__((cleanup(channel_end))) coil_channel name = COIL_CHANNEL_INIT

/* A member sends the letter of its number. */
static void *sends(void *arg)
{
    struct member *self = arg;

    self->rc = coil_channel_send(self->crew->thing, &letters[self->id - 1]);
    record(&self->crew->log, self->rc < 0 ? "-%d" : "%d", self->id);
    return NULL;
}

static void *receives(void *arg)
{
    struct member *self = arg;
    void *value = NULL;

    self->rc = coil_channel_recv(self->crew->thing, &value);
    if (self->rc < 0)
        record(&self->crew->log, "-%d", self->id);
    else
        record(&self->crew->log, "%d%c", self->id, *(char *)value);
    return NULL;
}

TEST(channel, without_a_buffer_sender_and_receiver_meet)
{
    CHANNEL(channel);
    SCENE(s, &channel);
    void *value = NULL;

    hire(&s, sends);
    hire(&s, sends);
    turns(&s, 2);
    CHECK_STR(s.log.text, "");
    PASS(coil_channel_try_recv(&channel, &value));
    CHECK_PTR(value, &letters[0]);
    turns(&s, 1); /* one turn later the sender knows */
    CHECK_STR(s.log.text, "1");
    hire(&s, receives);
    turns(&s, 2);
    CHECK_STR(s.log.text, "1 3b 2");
}

TEST(channel, a_value_goes_to_who_has_waited_longest)
{
    CHANNEL(channel);
    SCENE(s, &channel);

    hire(&s, receives);
    hire(&s, receives);
    turns(&s, 1);
    PASS(coil_channel_try_send(&channel, &letters[0]));
    PASS(coil_channel_try_send(&channel, &letters[1]));
    FAILS(coil_channel_try_send(&channel, &letters[2]), -EAGAIN);
    turns(&s, 1);
    CHECK_STR(s.log.text, "1a 2b");
}

TEST(channel, a_buffer_takes_values_and_those_who_waited_move_up)
{
    CHANNEL(channel);
    SCENE(s, &channel);

    PASS(coil_channel_init(&channel, 2));
    for (int i = 0; i < 4; i++)
        hire(&s, sends);
    turns(&s, 1);
    if (check_walking())
        return;
    CHECK_STR(s.log.text, "1 2");
    CHECK_EQ(coil_channel_size(&channel), 2);
    for (int i = 0; i < 4; i++)
        PASS(run_as_member(&s, receives));
    CHECK_STR(s.log.text, "1 2 5a 3 6b 4 7c 8d");
    CHECK_EQ(coil_channel_size(&channel), 0);
}

TEST(channel, a_closed_one_gives_what_it_has_and_then_its_end)
{
    CHANNEL(channel);
    SCENE(s, &channel);

    PASS(coil_channel_init(&channel, 1));
    hire(&s, sends);
    hire(&s, sends);
    turns(&s, 1);
    if (check_walking())
        return;
    CHECK(!coil_channel_closed(&channel));
    PASS(coil_channel_close(&channel));
    PASS(coil_channel_close(&channel));
    CHECK(coil_channel_closed(&channel));
    FAILS(coil_channel_try_send(&channel, letters), -ESHUTDOWN);
    PASS(run_as_member(&s, receives));
    PASS(run_as_member(&s, receives));
    PASS(run_as_member(&s, sends));
    CHECK_STR(s.log.text, "1 -2 3a -4 -5");
    CHECK_EQ(s.members[1].rc, -ESHUTDOWN);
    CHECK_EQ(s.members[3].rc, -ESHUTDOWN);
    CHECK_EQ(s.members[4].rc, -ESHUTDOWN);
}

TEST(channel, a_close_wakes_who_receives)
{
    CHANNEL(channel);
    SCENE(s, &channel);

    hire(&s, receives);
    hire(&s, receives);
    turns(&s, 1);
    PASS(coil_channel_close(&channel));
    turns(&s, 1);
    CHECK_EQ(s.members[0].rc, -ESHUTDOWN);
    CHECK_EQ(s.members[1].rc, -ESHUTDOWN);
}

TEST(channel, who_is_cancelled_has_sent_and_received_nothing)
{
    CHANNEL(channel);
    SCENE(s, &channel);
    void *value = NULL;

    struct member *sender = hire(&s, sends);
    hire(&s, sends);
    turns(&s, 1);
    CHECK(coil_cancel(sender->task));
    PASS(coil_channel_try_recv(&channel, &value)); /* the other's */
    CHECK_PTR(value, &letters[1]);
    turns(&s, 1);
    CHECK_EQ(sender->rc, -ECANCELED);
    struct member *receiver = hire(&s, receives);
    turns(&s, 1);
    CHECK(coil_cancel(receiver->task));
    FAILS(coil_channel_try_send(&channel, letters), -EAGAIN);
    turns(&s, 1);
    CHECK_EQ(receiver->rc, -ECANCELED);
}

static void *receives_and_yields(void *arg)
{
    (void)receives(arg);
    FAILS(coil_yield_now(), -ECANCELED);
    PASS(coil_yield_now());
    return NULL;
}

static void *sends_and_yields(void *arg)
{
    (void)sends(arg);
    FAILS(coil_yield_now(), -ECANCELED);
    PASS(coil_yield_now());
    return NULL;
}

TEST(channel, a_value_that_changed_hands_is_not_lost_to_a_cancellation)
{
    CHANNEL(channel);
    SCENE(s, &channel);
    void *value = NULL;

    struct member *receiver = hire(&s, receives_and_yields);
    turns(&s, 1);
    PASS(coil_channel_try_send(&channel, &letters[7]));
    CHECK(coil_cancel(receiver->task));
    PASS(finish(receiver));
    struct member *sender = hire(&s, sends_and_yields);
    turns(&s, 1);
    PASS(coil_channel_try_recv(&channel, &value));
    CHECK(coil_cancel(sender->task));
    PASS(finish(sender));
    CHECK_STR(s.log.text, "1h 2");
}

TEST(channel, a_loop_that_closes_ends_the_waits)
{
    coil_channel channel = COIL_CHANNEL_INIT;
    SCENE(s, &channel);

    hire(&s, sends);
    hire(&s, sends);
    turns(&s, 1);
    FAILS(coil_channel_fini(&channel), -EBUSY);
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK_STR(s.log.text, "-1 -2");
    PASS(coil_channel_fini(&channel));
}

TEST(channel, it_belongs_to_the_first_loop_that_waits)
{
    CHANNEL(channel);

    {
        SCENE(s, &channel);
        hire(&s, receives);
        turns(&s, 1);
        PASS(coil_channel_try_send(&channel, letters));
        turns(&s, 1);
    }
    SCENE(s, &channel);
    hire(&s, receives);
    hire(&s, sends);
    turns(&s, 1);
    if (check_walking())
        return;
    CHECK_EQ(s.members[0].rc, -EXDEV);
    CHECK_EQ(s.members[1].rc, -EXDEV);
}

TEST(channel, without_memory_there_is_no_buffer)
{
    coil_channel channel;

    if (check_walking())
        return;
    faults_fail(1, "alloc");
    FAILS(coil_channel_init(&channel, 3), -ENOMEM);
    faults_end();
    FAILS(coil_channel_init(&channel, SIZE_MAX), -ENOMEM);
}

static void *receives_nowhere(void *arg)
{
    struct member *self = arg;

    FAILS(coil_channel_recv(self->crew->thing, NULL), -EINVAL);
    return NULL;
}

TEST(channel, bad_arguments)
{
    CHANNEL(channel);
    SCENE(s, &channel);
    void *value = NULL;

    PASS(run_as_member(&s, receives_nowhere));
    FAILS(coil_channel_init(NULL, 0), -EINVAL);
    FAILS(coil_channel_fini(NULL), -EINVAL);
    FAILS(coil_channel_send(NULL, letters), -EINVAL);
    FAILS(coil_channel_recv(NULL, &value), -EINVAL);
    FAILS(coil_channel_send(&channel, letters), -COIL_ENOLOOP);
    FAILS(coil_channel_recv(&channel, &value), -COIL_ENOLOOP);
    FAILS(coil_channel_try_send(NULL, letters), -EINVAL);
    FAILS(coil_channel_try_recv(NULL, &value), -EINVAL);
    FAILS(coil_channel_try_recv(&channel, NULL), -EINVAL);
    FAILS(coil_channel_close(NULL), -EINVAL);
    CHECK(!coil_channel_closed(NULL));
    CHECK_EQ(coil_channel_size(NULL), 0);
}

static void *uses_it_to_the_last(void *arg)
{
    struct member *self = arg;
    coil_channel *channel = self->crew->thing;
    coil_select_case request = {.kind = COIL_SELECT_RECV, .channel = channel};
    void *value = NULL;

    FAILS(coil_sleep(COIL_SEC(1)), -ECANCELED);
    FAILS(coil_channel_recv(channel, &value), -ECANCELED);
    FAILS(coil_channel_send(channel, letters), -ECANCELED);
    FAILS(coil_select(&request, 1, COIL_NEVER), -ECANCELED);
    record(&self->crew->log, "came to its end");
    return NULL;
}

TEST(channel, whose_loop_closes_does_not_begin_to_wait)
{
    CHANNEL(channel);
    SCENE(s, &channel);
    void *value = NULL;

    hire(&s, uses_it_to_the_last);
    turns(&s, 1);
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK_STR(s.log.text, "came to its end");
    FAILS(coil_channel_try_recv(&channel, &value), -EAGAIN); /* nobody stands there */
    FAILS(coil_channel_try_send(&channel, letters), -EAGAIN);
}
