// SPDX-License-Identifier: MIT
#include "crew.h"
#include "faults.h"

#include <errno.h>

enum { N = 10 }; /* more than lie in the frame */

static char letters[] = "abcdefghijklmnop";

/* What members select over: each has its cases. */
struct desk {
    coil_channel channels[N];
    coil_future *future;
    coil_select_case cases[3][N]; /* of members 1, 2 and 3 */
    size_t n[3];
    coil_time timeout;
};

#define DESK                                                                                       \
    {                                                                                              \
        .timeout = COIL_NEVER                                                                      \
    }
#define SEND(i, letter)                                                                            \
    (coil_select_case)                                                                             \
    {                                                                                              \
        .kind = COIL_SELECT_SEND, .channel = &desk.channels[i], .value = &letters[(letter) - 'a']  \
    }
#define RECV(i)                                                                                    \
    (coil_select_case)                                                                             \
    {                                                                                              \
        .kind = COIL_SELECT_RECV, .channel = &desk.channels[i]                                     \
    }
#define FUTURE()                                                                                   \
    (coil_select_case)                                                                             \
    {                                                                                              \
        .kind = COIL_SELECT_FUTURE, .future = desk.future                                          \
    }

static void add(struct desk *desk, int member, coil_select_case request)
{
    desk->cases[member - 1][desk->n[member - 1]++] = request;
}

/* Writes ID:INDEX, and the letter that was received. */
static void *selects(void *arg)
{
    struct member *self = arg;
    struct desk *desk = self->crew->thing;
    coil_select_case *cases = desk->cases[self->id - 1];

    self->rc = coil_select(cases, desk->n[self->id - 1], desk->timeout);
    if (self->rc < 0)
        record(&self->crew->log, "-%d", self->id);
    else if (cases[self->rc].kind == COIL_SELECT_RECV && cases[self->rc].code == 0)
        record(&self->crew->log, "%d:%d%c", self->id, self->rc, *(char *)cases[self->rc].value);
    else
        record(&self->crew->log, "%d:%d", self->id, self->rc);
    return NULL;
}

static void check_nobody_waits(const struct desk *desk)
{
    for (int i = 0; i < N; i++)
        CHECK(!desk->channels[i].senders && !desk->channels[i].receivers);
}

static int value_sent(struct desk *desk, int i)
{
    void *value = NULL;
    int rc = coil_channel_try_recv(&desk->channels[i], &value);

    return rc < 0 ? rc : *(char *)value;
}

TEST(select, the_first_listed_of_those_that_can_go)
{
    struct desk desk = DESK;
    SCENE(s, &desk);

    PASS(coil_channel_init(&desk.channels[1], 1));
    PASS(coil_channel_init(&desk.channels[2], 1));
    CHECK_EQ(coil_channel_try_send(&desk.channels[2], &letters[2]), 0);
    add(&desk, 1, RECV(0));
    add(&desk, 1, SEND(1, 'b'));
    add(&desk, 1, RECV(2));
    struct member *member = hire(&s, selects);
    turns(&s, 1); /* without a wait */
    if (!check_walking()) {
        CHECK_STR(s.log.text, "1:1");
        CHECK(coil_done(member->task));
        CHECK_EQ(value_sent(&desk, 1), 'b');
        CHECK_EQ(value_sent(&desk, 2), 'c');
    }
    PASS(coil_channel_fini(&desk.channels[1]));
    PASS(coil_channel_fini(&desk.channels[2]));
}

TEST(select, it_waits_for_the_first_that_can_go)
{
    struct desk desk = DESK;
    SCENE(s, &desk);

    add(&desk, 1, RECV(0));
    add(&desk, 1, SEND(1, 'b'));
    add(&desk, 1, RECV(2));
    hire(&s, selects);
    turns(&s, 2);
    CHECK_STR(s.log.text, "");
    PASS(coil_channel_try_send(&desk.channels[2], &letters[2]));
    FAILS(coil_channel_try_send(&desk.channels[0], &letters[0]), -EAGAIN); /* it is over */
    CHECK_EQ(value_sent(&desk, 1), -EAGAIN);
    turns(&s, 1);
    CHECK_STR(s.log.text, "1:2c");
    check_nobody_waits(&desk);
}

TEST(select, two_of_them_meet_once)
{
    struct desk desk = DESK;
    SCENE(s, &desk);

    for (int i = 0; i < 2; i++) { /* each could send to the other, and receive */
        add(&desk, 1, i ? RECV(1) : SEND(0, 'a'));
        add(&desk, 2, i ? SEND(1, 'b') : RECV(0));
    }
    add(&desk, 3, RECV(0));
    add(&desk, 3, RECV(1));
    hire(&s, selects);
    hire(&s, selects);
    hire(&s, selects);
    turns(&s, 3);
    CHECK_STR(s.log.text, "2:0a 1:0");
    CHECK(coil_cancel(s.members[2].task));
    turns(&s, 1);
    check_nobody_waits(&desk);
}

TEST(select, it_does_not_meet_itself)
{
    struct desk desk = DESK;
    SCENE(s, &desk);

    add(&desk, 1, SEND(0, 'a'));
    add(&desk, 1, RECV(0));
    hire(&s, selects);
    turns(&s, 2);
    CHECK_STR(s.log.text, "");
    CHECK_EQ(value_sent(&desk, 0), 'a');
    turns(&s, 1);
    CHECK_STR(s.log.text, "1:0");
    check_nobody_waits(&desk);
}

TEST(select, it_stands_in_line_with_plain_receivers)
{
    struct desk desk = DESK;
    SCENE(s, &desk);

    add(&desk, 1, RECV(0));
    add(&desk, 2, RECV(1));
    add(&desk, 2, RECV(0));
    add(&desk, 3, RECV(0));
    for (int i = 0; i < 3; i++)
        hire(&s, selects);
    turns(&s, 1);
    for (int i = 0; i < 3; i++)
        PASS(coil_channel_try_send(&desk.channels[0], &letters[i]));
    turns(&s, 1);
    CHECK_STR(s.log.text, "1:0a 2:1b 3:0c");
}

TEST(select, more_cases_than_the_frame_has_room_for)
{
    struct desk desk = DESK;
    SCENE(s, &desk);

    for (int i = 0; i < N; i++)
        add(&desk, 1, RECV(i));
    struct member *member = hire(&s, selects);
    turns(&s, 1);
    if (member->rc == -ENOMEM)
        return;
    PASS(coil_channel_try_send(&desk.channels[N - 1], &letters[1]));
    turns(&s, 1);
    CHECK_STR(s.log.text, "1:9b");
    check_nobody_waits(&desk);
}

TEST(select, without_memory_for_many_cases)
{
    struct desk desk = DESK;
    SCENE(s, &desk);

    if (check_walking())
        return;
    for (int i = 0; i < N; i++)
        add(&desk, 1, RECV(i));
    struct member *member = hire(&s, selects);
    faults_fail(1, "alloc");
    turns(&s, 1);
    faults_end();
    CHECK_EQ(member->rc, -ENOMEM);
    check_nobody_waits(&desk);
}

/* ---- futures ----------------------------------------------------------------------------------
 */

TEST(select, a_future_that_is_done)
{
    struct desk desk = DESK;
    SCENE(s, &desk);

    desk.future = coil_create_future(w.loop);
    add(&desk, 1, RECV(0));
    add(&desk, 1, FUTURE());
    add(&desk, 2, FUTURE());
    hire(&s, selects);
    turns(&s, 1);
    PASS(coil_set_result(desk.future, letters));
    turns(&s, 1);
    CHECK_STR(s.log.text, "1:1");
    CHECK_PTR(desk.cases[0][1].value, letters);
    hire(&s, selects); /* and one that was done before */
    turns(&s, 1);
    CHECK_STR(s.log.text, "1:1 2:0");
    CHECK_EQ(desk.cases[1][0].code, 0);
    check_nobody_waits(&desk);
    coil_unref(desk.future);
}

TEST(select, a_future_that_is_listed_twice_and_fails)
{
    struct desk desk = DESK;
    SCENE(s, &desk);

    desk.future = coil_create_future(w.loop);
    add(&desk, 1, FUTURE());
    add(&desk, 1, FUTURE());
    hire(&s, selects);
    turns(&s, 1);
    PASS(coil_set_error(desk.future, -EAGAIN));
    turns(&s, 1);
    CHECK_STR(s.log.text, "1:0");
    CHECK_EQ(desk.cases[0][0].code, -EAGAIN);
    coil_unref(desk.future);
}

TEST(select, a_future_may_go_while_it_is_waited_for)
{
    struct desk desk = DESK;
    SCENE(s, &desk);

    desk.future = coil_create_future(w.loop);
    add(&desk, 1, FUTURE());
    add(&desk, 1, RECV(0));
    hire(&s, selects);
    turns(&s, 1);
    coil_unref(desk.future);
    PASS(coil_channel_try_send(&desk.channels[0], &letters[3]));
    turns(&s, 1);
    CHECK_STR(s.log.text, "1:1d");
}

/* ---- timeouts, cancellation, ends -------------------------------------------------------------
 */

TEST(select, its_time_is_up)
{
    struct desk desk = {.timeout = COIL_SEC(2)};
    SCENE(s, &desk);

    add(&desk, 1, RECV(0));
    add(&desk, 1, SEND(1, 'b'));
    PASS(run_as_member(&s, selects));
    CHECK_EQ(s.members[0].rc, -ETIMEDOUT);
    CHECK_EQ(world_time(&w), COIL_SEC(2));
    check_nobody_waits(&desk);
}

TEST(select, its_timer_goes_with_it)
{
    struct desk desk = {.timeout = COIL_SEC(2)};
    SCENE(s, &desk);

    add(&desk, 1, RECV(0));
    struct member *member = hire(&s, selects);
    turns(&s, 1);
    PASS(coil_channel_try_send(&desk.channels[0], letters));
    PASS(finish(member));
    FAILS(coil_run_forever(w.loop), -COIL_EDEADLOCK);
    CHECK_EQ(world_time(&w), 0);
}

TEST(select, no_time_is_one_look)
{
    struct desk desk = {.timeout = 0};
    SCENE(s, &desk);

    add(&desk, 1, RECV(0));
    struct member *member = hire(&s, selects);
    turns(&s, 1);
    CHECK(coil_done(member->task));
    CHECK_EQ(member->rc, -ETIMEDOUT);
}

TEST(select, a_cancelled_one_does_nothing)
{
    struct desk desk = DESK;
    SCENE(s, &desk);

    desk.future = coil_create_future(w.loop);
    add(&desk, 1, SEND(0, 'a'));
    add(&desk, 1, RECV(1));
    add(&desk, 1, FUTURE());
    struct member *member = hire(&s, selects);
    turns(&s, 1);
    CHECK(coil_cancel(member->task));
    check_nobody_waits(&desk);
    CHECK_EQ(value_sent(&desk, 0), -EAGAIN);
    turns(&s, 1);
    CHECK_EQ(member->rc, -ECANCELED);
    CHECK(!coil_done(desk.future));
    coil_unref(desk.future);
}

static void *selects_and_yields(void *arg)
{
    (void)selects(arg);
    FAILS(coil_yield_now(), -ECANCELED);
    PASS(coil_yield_now());
    return NULL;
}

TEST(select, what_went_before_a_cancellation_stands)
{
    struct desk desk = DESK;
    SCENE(s, &desk);

    add(&desk, 1, SEND(0, 'a'));
    add(&desk, 1, RECV(1));
    struct member *member = hire(&s, selects_and_yields);
    turns(&s, 1);
    PASS(coil_channel_try_send(&desk.channels[1], &letters[5]));
    CHECK(coil_cancel(member->task));
    PASS(finish(member));
    CHECK_STR(s.log.text, "1:1f");
}

TEST(select, a_closed_channel_can_go)
{
    struct desk desk = DESK;
    SCENE(s, &desk);

    add(&desk, 1, SEND(0, 'a'));
    add(&desk, 1, RECV(1));
    add(&desk, 2, RECV(1));
    hire(&s, selects);
    turns(&s, 1);
    PASS(coil_channel_close(&desk.channels[1]));
    hire(&s, selects);
    turns(&s, 2);
    CHECK_EQ(s.members[0].rc, 1);
    CHECK_EQ(desk.cases[0][1].code, -ESHUTDOWN);
    CHECK_EQ(s.members[1].rc, 0);
    CHECK_EQ(desk.cases[1][0].code, -ESHUTDOWN);
    check_nobody_waits(&desk);
}

TEST(select, a_loop_that_closes_ends_it)
{
    struct desk desk = {.timeout = COIL_SEC(1)};
    SCENE(s, &desk);

    desk.future = coil_create_future(w.loop);
    add(&desk, 1, SEND(0, 'a'));
    add(&desk, 1, FUTURE());
    struct member *member = hire(&s, selects);
    turns(&s, 1);
    CHECK_EQ(coil_close(w.loop), 0);
    if (!check_walking())
        CHECK_EQ(member->rc, -ECANCELED);
    check_nobody_waits(&desk);
    coil_unref(desk.future);
}

static void *selects_wrongly(void *arg)
{
    struct member *self = arg;
    struct desk *desk = self->crew->thing;
    coil_select_case request = {.kind = COIL_SELECT_RECV};

    FAILS(coil_select(NULL, 1, 0), -EINVAL);
    FAILS(coil_select(&request, 0, 0), -EINVAL);
    FAILS(coil_select(&request, SIZE_MAX, 0), -EINVAL);
    FAILS(coil_select(&request, 1, 0), -EINVAL);
    request.kind = COIL_SELECT_FUTURE;
    FAILS(coil_select(&request, 1, 0), -EINVAL);
    request.future = COIL_ERR(-ENOSPC);
    FAILS(coil_select(&request, 1, 0), -ENOSPC);
    request.future = coil_current_task();
    FAILS(coil_select(&request, 1, 0), -EDEADLK);
    request.future = desk->future;
    FAILS(coil_select(&request, 1, 0), coil_is_err(desk->future) ? coil_err(desk->future) : -EXDEV);
    request = (coil_select_case){.kind = (coil_select_kind)7, .channel = &desk->channels[0]};
    FAILS(coil_select(&request, 1, 0), -EINVAL);
    return NULL;
}

TEST(select, bad_arguments)
{
    struct desk desk = DESK;
    WORLD(other);
    SCENE(s, &desk);

    desk.future = coil_create_future(other.loop);
    PASS(run_as_member(&s, selects_wrongly));
    add(&desk, 1, RECV(0));
    FAILS(coil_select(desk.cases[0], 1, 0), -COIL_ENOLOOP);
    coil_unref(desk.future);
}

TEST(select, a_look_binds_no_channel_to_its_loop)
{
    struct desk desk = DESK;
    SCENE(s, &desk);

    desk.timeout = 0;
    add(&desk, 1, RECV(0));
    add(&desk, 1, RECV(1));
    hire(&s, selects);
    turns(&s, 1);
    CHECK_EQ(s.members[0].rc, -ETIMEDOUT);
    CHECK_EQ(desk.channels[0].loop, 0);
    CHECK_EQ(desk.channels[1].loop, 0);
}
