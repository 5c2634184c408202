// SPDX-License-Identifier: MIT
#include "crew.h"

#include "sync/line.h"

static const struct waiter_class test_class = {
    .what = "a test",
    .cancel = line_cancel,
    .leave = line_let_go,
};

struct stand {
    struct coil_line line;
    int rounds; /* how often a member waits */
};

static void *stands(void *arg)
{
    struct member *self = arg;
    struct stand *stand = self->crew->thing;
    struct coil_future *task = task_current();
    struct place place = {.waiter.class = &test_class};

    self->rc = line_admit(&stand->line, task);
    if (self->rc < 0)
        return NULL;
    line_join(&stand->line, &place);
    for (int i = 1; (self->rc = line_wait(&place, task)) == 0 && i < stand->rounds; i++)
        line_rejoin(&place);
    line_leave(&place);
    record(&self->crew->log, self->rc < 0 ? "-%d" : "%d", self->id);
    return NULL;
}

static void begin(struct crew *crew, int n)
{
    while (n-- > 0)
        hire(crew, stands);
    turns(crew, 1);
}

TEST(line, the_first_is_woken_first)
{
    struct stand stand = {.rounds = 1};
    SCENE(s, &stand);

    CHECK(line_wake_next(&stand.line) == NULL);
    begin(&s, 3);
    CHECK(line_wake_next(&stand.line) != NULL);
    turns(&s, 1);
    CHECK_STR(s.log.text, "1");
    CHECK_EQ(line_wake_all(&stand.line), 2);
    CHECK(line_wake_next(&stand.line) == NULL);
    turns(&s, 1);
    CHECK_STR(s.log.text, "1 2 3");
    CHECK(stand.line.first == NULL && stand.line.pending == NULL);
}

TEST(line, who_was_woken_is_in_line_until_it_runs)
{
    struct stand stand = {.rounds = 1};
    SCENE(s, &stand);

    begin(&s, 1);
    (void)line_wake_next(&stand.line);
    CHECK(stand.line.pending == NULL);
    CHECK(line_is_live(&stand.line));
    turns(&s, 1);
    CHECK(!line_is_live(&stand.line));
}

TEST(line, who_was_cancelled_is_passed_over)
{
    struct stand stand = {.rounds = 1};
    SCENE(s, &stand);

    begin(&s, 4);
    CHECK(coil_cancel(s.members[0].task));
    CHECK(coil_cancel(s.members[2].task));
    CHECK(line_wake_next(&stand.line) != NULL);
    CHECK(line_wake_next(&stand.line) != NULL);
    turns(&s, 1);
    CHECK_STR(s.log.text, "-1 -3 2 4");
    CHECK(!line_is_live(&stand.line));
}

TEST(line, only_the_cancelled_are_not_live)
{
    struct stand stand = {.rounds = 1};
    SCENE(s, &stand);

    begin(&s, 2);
    CHECK(coil_cancel(s.members[0].task));
    CHECK(line_is_live(&stand.line));
    CHECK(coil_cancel(s.members[1].task));
    CHECK(!line_is_live(&stand.line));
}

TEST(line, who_waits_once_more_keeps_its_place)
{
    struct stand stand = {.rounds = 2};
    SCENE(s, &stand);

    begin(&s, 3);
    (void)line_wake_next(&stand.line);
    (void)line_wake_next(&stand.line);
    turns(&s, 1); /* 1 and 2 wait again, before 3 */
    for (int i = 0; i < 4; i++) {
        CHECK(line_wake_next(&stand.line) != NULL);
        turns(&s, 1);
    }
    CHECK_STR(s.log.text, "1 2 3");
}

TEST(line, a_cancellation_after_the_wake_wins)
{
    struct stand stand = {.rounds = 1};
    SCENE(s, &stand);

    begin(&s, 1);
    (void)line_wake_next(&stand.line);
    CHECK(coil_cancel(s.members[0].task));
    turns(&s, 1);
    CHECK_EQ(s.members[0].rc, -ECANCELED);
}

static void *stands_and_yields(void *arg)
{
    struct member *self = arg;

    (void)stands(arg);
    CHECK_EQ(self->rc, -ECANCELED);
    PASS(coil_yield_now());
    return NULL;
}

TEST(line, two_cancellations_are_heard_once)
{
    struct stand stand = {.rounds = 1};
    SCENE(s, &stand);

    struct member *member = hire(&s, stands_and_yields);
    turns(&s, 1);
    CHECK(coil_cancel(member->task));
    CHECK(coil_cancel(member->task));
    PASS(finish(member));
}

static void *cancels_itself_and_stands(void *arg)
{
    CHECK(coil_cancel(coil_current_task()));
    return stands_and_yields(arg);
}

TEST(line, a_cancellation_from_before_is_heard_in_line)
{
    struct stand stand = {.rounds = 1};
    SCENE(s, &stand);

    PASS(run_as_member(&s, cancels_itself_and_stands));
    CHECK(stand.line.first == NULL);
}

TEST(line, a_loop_that_closes_empties_it)
{
    struct stand stand = {.rounds = 2};
    SCENE(s, &stand);

    begin(&s, 3);
    (void)line_wake_next(&stand.line);
    PASS(coil_close(w.loop));
    CHECK_STR(s.log.text, "-1 -2 -3");
    CHECK(stand.line.first == NULL && stand.line.pending == NULL);
}

TEST(line, it_belongs_to_the_first_loop)
{
    struct stand stand = {.rounds = 1};

    {
        SCENE(s, &stand);
        begin(&s, 1);
        (void)line_wake_next(&stand.line);
        PASS(finish(&s.members[0]));
    }
    SCENE(s, &stand);
    begin(&s, 1);
    if (!check_walking())
        CHECK_EQ(s.members[0].rc, -EXDEV);
}
