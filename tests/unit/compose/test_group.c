// SPDX-License-Identifier: MIT
#include "faults.h"
#include "world.h"

#include <coil/coil.h>

#include <errno.h>

#define GROUP(name) __attribute__((cleanup(coil_group_fini))) coil_group name = COIL_GROUP_INIT

/* A member: sleeps, cleans up when it is cancelled, and ends so. */
struct part {
    struct record *log;
    const char *name;
    coil_time delay;
    coil_time cleaning;
    int code;           /* without a cancellation */
    int code_cancelled; /* with one; 0: it goes with it */
};

static void *plays(void *arg)
{
    const struct part *part = arg;
    int rc = coil_sleep(part->delay);

    if (rc == -ECANCELED && part->cleaning)
        PASS(coil_sleep(part->cleaning));
    record(part->log, "%s%s", rc < 0 ? "!" : "/", part->name);
    if (rc == -ECANCELED && part->code_cancelled)
        return COIL_ERR(part->code_cancelled);
    return COIL_ERR(rc < 0 ? rc : part->code);
}

static coil_task *self(void)
{
    return coil_current_task();
}

/* The codes of a group's errors, in order. */
static void check_errors(const coil_group *group, const int *codes, size_t n)
{
    size_t count = 99;
    const coil_group_error *errors = coil_group_errors(group, &count);

    CHECK_EQ(count, n);
    CHECK((errors != NULL) == (n > 0));
    for (size_t i = 0; i < n && i < count; i++)
        CHECK_EQ(errors[i].code, codes[i]);
}

/* ---- TG1: the exit waits -------------------------------------------------------------------- */

static void *two_in_a_group(void *arg)
{
    struct part a = {.log = arg, .name = "a", .delay = COIL_SEC(2)};
    struct part b = {.log = arg, .name = "b", .delay = COIL_SEC(1)};
    GROUP(group);

    PASS(coil_group_enter(&group));
    PASS(coil_err(coil_group_create_task(&group, plays, &a)));
    PASS(coil_err(coil_group_create_task(&group, plays, &b)));
    CHECK_EQ(coil_group_size(&group), 2);
    PASS(coil_sleep(COIL_MS(1500)));
    CHECK_EQ(coil_group_size(&group), 1);
    record(arg, "body");
    CHECK_EQ(coil_group_exit(&group, 5), 5);
    CHECK_EQ(coil_group_size(&group), 0);
    check_errors(&group, NULL, 0);
    coil_group_fini(&group);
    return NULL;
}

TEST(group, the_exit_waits_for_every_task)
{
    struct record log = {""};
    WORLD(w);

    PASS(world_run(&w, two_in_a_group, &log));
    CHECK_STR(log.text, "/b body /a");
    CHECK_EQ(world_time(&w), COIL_SEC(2));
}

struct family {
    coil_group *group;
    struct part child;
    coil_task *made;
};

static void *has_a_child(void *arg)
{
    struct family *family = arg;

    PASS(coil_sleep(COIL_SEC(1)));
    family->made = coil_group_create_task(family->group, plays, &family->child);
    return COIL_ERR(coil_err(family->made));
}

static void *waits_for_grandchildren(void *arg)
{
    GROUP(group);
    struct family family = {&group, {.log = arg, .name = "child", .delay = COIL_SEC(1)}, NULL};

    PASS(coil_group_enter(&group));
    PASS(coil_err(coil_group_create_task(&group, has_a_child, &family)));
    CHECK_EQ(coil_group_exit(&group, 0), 0);
    record(arg, "left");
    return NULL;
}

TEST(group, a_task_of_it_may_add_tasks_while_the_parent_waits)
{
    struct record log = {""};
    WORLD(w);

    PASS(world_run(&w, waits_for_grandchildren, &log));
    CHECK_STR(log.text, "/child left");
    CHECK_EQ(world_time(&w), COIL_SEC(2));
}

static void *leaves_an_empty_group(void *arg)
{
    GROUP(group);
    GROUP(failed);

    (void)arg;
    PASS(coil_group_enter(&group));
    CHECK_EQ(coil_group_exit(&group, 7), 7);
    PASS(coil_group_enter(&failed));
    FAILS(coil_group_exit(&failed, -EIO), -EIO);
    check_errors(&failed, (const int[]){-EIO}, 1);
    coil_group_fini(&failed);
    check_errors(&failed, NULL, 0);
    PASS(coil_group_enter(&failed)); /* as new */
    CHECK_EQ(coil_group_exit(&failed, 0), 0);
    return NULL;
}

TEST(group, an_empty_one_gives_the_bodys_outcome)
{
    WORLD(w);

    PASS(world_run(&w, leaves_an_empty_group, NULL));
}

/* ---- TG2: errors ---------------------------------------------------------------------------- */

static void *one_of_three_fails(void *arg)
{
    struct part bad = {.log = arg, .name = "bad", .delay = COIL_SEC(1), .code = -EIO};
    struct part slow = {.log = arg,
                        .name = "slow",
                        .delay = COIL_SEC(9),
                        .cleaning = COIL_SEC(2),
                        .code_cancelled = -EPERM};
    struct part quick = {
        .log = arg, .name = "quick", .delay = COIL_SEC(9), .code_cancelled = -ENOENT};
    GROUP(group);

    PASS(coil_group_enter(&group));
    PASS(coil_err(coil_group_create_task(&group, plays, &slow)));
    PASS(coil_err(coil_group_create_task(&group, plays, &bad)));
    PASS(coil_err(coil_group_create_task(&group, plays, &quick)));
    FAILS(coil_sleep(COIL_SEC(5)), -ECANCELED);
    CHECK_EQ(coil_cancelling(self()), 1);
    FAILS(coil_err(coil_group_create_task(&group, plays, &quick)), -COIL_EINVALSTATE);
    record(arg, "body");
    FAILS(coil_group_exit(&group, -ECANCELED), -EIO);
    CHECK_EQ(coil_cancelling(self()), 0);
    check_errors(&group, (const int[]){-EIO, -ENOENT, -EPERM}, 3);
    CHECK(coil_done(coil_group_errors(&group, NULL)[0].task));
    coil_group_fini(&group);
    PASS(coil_sleep(COIL_SEC(1)));
    return NULL;
}

TEST(group, the_first_error_cancels_the_rest_and_all_are_kept)
{
    struct record log = {""};
    WORLD(w);

    if (check_walking()) /* it looks into the errors that it expects */
        return;
    PASS(world_run(&w, one_of_three_fails, &log));
    CHECK_STR(log.text, "/bad !quick body !slow");
    CHECK_EQ(world_time(&w), COIL_SEC(4));
}

static void *fails_while_the_parent_waits(void *arg)
{
    struct part bad = {.log = arg, .name = "bad", .delay = COIL_SEC(1), .code = -EIO};
    struct part other = {.log = arg, .name = "other", .delay = COIL_SEC(9)};
    GROUP(group);

    PASS(coil_group_enter(&group));
    PASS(coil_err(coil_group_create_task(&group, plays, &other)));
    PASS(coil_err(coil_group_create_task(&group, plays, &bad)));
    FAILS(coil_group_exit(&group, 0), -EIO);
    CHECK_EQ(coil_cancelling(self()), 0); /* in the exit the parent needs no cancellation */
    coil_group_fini(&group);
    PASS(coil_sleep(COIL_SEC(1)));
    return NULL;
}

TEST(group, an_error_while_the_parent_waits_leaves_it_uncancelled)
{
    struct record log = {""};
    WORLD(w);

    PASS(world_run(&w, fails_while_the_parent_waits, &log));
    CHECK_STR(log.text, "/bad !other");
    CHECK_EQ(world_time(&w), COIL_SEC(2));
}

static void *swallows(void *arg)
{
    struct part bad = {.log = arg, .name = "bad", .delay = COIL_SEC(1), .code = -EIO};
    GROUP(group);

    CHECK(coil_cancel(self())); /* an older request, dealt with and still counted */
    FAILS(coil_yield_now(), -ECANCELED);
    PASS(coil_group_enter(&group));
    PASS(coil_err(coil_group_create_task(&group, plays, &bad)));
    FAILS(coil_sleep(COIL_SEC(5)), -ECANCELED);
    FAILS(coil_group_exit(&group, 0), -EIO);
    CHECK_EQ(coil_cancelling(self()), 1);
    PASS(coil_sleep(COIL_SEC(1))); /* which is not delivered anew */
    coil_group_fini(&group);
    return NULL;
}

TEST(group, a_body_that_goes_on_all_the_same_changes_nothing)
{
    struct record log = {""};
    WORLD(w);

    PASS(world_run(&w, swallows, &log));
}

static void *the_body_fails(void *arg)
{
    struct part other = {.log = arg, .name = "other", .delay = COIL_SEC(9)};
    GROUP(group);

    PASS(coil_group_enter(&group));
    PASS(coil_err(coil_group_create_task(&group, plays, &other)));
    PASS(coil_yield_now());
    FAILS(coil_group_exit(&group, -EIO), -EIO);
    check_errors(&group, (const int[]){-EIO}, 1);
    CHECK(check_walking() || !coil_group_errors(&group, NULL)[0].task);
    coil_group_fini(&group);
    return NULL;
}

TEST(group, an_error_of_the_body_cancels_the_tasks)
{
    struct record log = {""};
    WORLD(w);

    PASS(world_run(&w, the_body_fails, &log));
    CHECK_STR(log.text, "!other");
    CHECK_EQ(world_time(&w), 0);
}

enum { MANY = 40 };

static void *fails_alone(void *arg)
{
    (void)arg;
    (void)!coil_sleep(COIL_SEC(1));
    return COIL_ERR(-EIO);
}

/* More than the block has place for. */
static void *many_fail(void *arg)
{
    GROUP(group);
    int codes[MANY + 1];
    int made = 0;

    (void)arg;
    if (coil_group_enter(&group) < 0)
        return NULL;
    for (; made < MANY; made++) {
        codes[made] = -EIO;
        if (coil_is_err(coil_group_create_task(&group, fails_alone, NULL)))
            break;
    }
    codes[made] = -EPERM;
    FAILS(coil_sleep(COIL_SEC(5)), -ECANCELED);
    FAILS(coil_group_exit(&group, -EPERM), -EIO);
    check_errors(&group, codes, (size_t)made + 1);
    coil_group_fini(&group);
    return NULL;
}

TEST(group, any_number_of_errors_is_kept)
{
    WORLD(w);

    PASS(world_run(&w, many_fail, NULL));
}

/* TG4 */
static void *is_interrupted(void *arg)
{
    struct part bad = {.log = arg, .name = "bad", .delay = COIL_SEC(1), .code = -EIO};
    struct part interrupted = {.log = arg,
                               .name = "interrupted",
                               .delay = COIL_SEC(9),
                               .code_cancelled = -COIL_EINTERRUPTED};
    GROUP(group);

    PASS(coil_group_enter(&group));
    PASS(coil_err(coil_group_create_task(&group, plays, &bad)));
    PASS(coil_err(coil_group_create_task(&group, plays, &interrupted)));
    FAILS(coil_group_exit(&group, 0), -COIL_EINTERRUPTED);
    coil_group_fini(&group);
    return NULL;
}

TEST(group, an_interruption_outranks_other_errors)
{
    struct record log = {""};
    WORLD(w);

    PASS(world_run(&w, is_interrupted, &log));
}

/* ---- TG3: cancellations --------------------------------------------------------------------- */

struct parent {
    struct record log;
    struct part *parts;
    size_t n;
    coil_time body; /* how long the body sleeps; 0: not at all */
    int rc;
    int cancelling;
    coil_task *cancelled; /* a member that is cancelled alone */
};

static void *runs_a_group(void *arg)
{
    struct parent *parent = arg;
    GROUP(group);
    int rc = coil_group_enter(&group);

    if (rc < 0)
        return COIL_ERR(rc);
    for (size_t i = 0; i < parent->n; i++) {
        coil_task *task = coil_group_create_task(&group, plays, &parent->parts[i]);
        if (!i)
            parent->cancelled = task;
    }
    rc = parent->body ? coil_sleep(parent->body) : 0;
    parent->rc = coil_group_exit(&group, rc);
    parent->cancelling = coil_cancelling(self());
    coil_group_fini(&group);
    return COIL_ERR(parent->rc);
}

static int cancel_member(void *arg)
{
    struct parent *parent = arg;

    CHECK(coil_cancel(parent->cancelled));
    return 0;
}

TEST(group, a_member_that_was_cancelled_has_not_failed)
{
    struct parent parent = {.n = 2};
    struct part parts[] = {{.log = &parent.log, .name = "a", .delay = COIL_SEC(9)},
                           {.log = &parent.log, .name = "b", .delay = COIL_SEC(2)}};
    WORLD(w);

    parent.parts = parts;
    coil_call_later(w.loop, COIL_SEC(1), cancel_member, &parent);
    PASS(world_run(&w, runs_a_group, &parent));
    CHECK_STR(parent.log.text, "!a /b");
}

/* The parent is cancelled after a second, in its body or in the exit. */
static void cancelled_parent(struct parent *parent, int rc)
{
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, runs_a_group, parent, NULL);

    coil_call_later(w.loop, COIL_SEC(1), world_cancel, task);
    FAILS(coil_run_until_complete(w.loop, task, NULL), rc);
    CHECK_EQ(parent->cancelling, 1);
    CHECK_EQ(world_time(&w), COIL_SEC(3)); /* it has waited for their cleaning up */
}

TEST(group, cancelling_the_parent_in_the_exit_cancels_awaits_and_passes_on)
{
    struct parent parent = {.n = 2};
    struct part parts[] = {
        {.log = &parent.log, .name = "a", .delay = COIL_SEC(9), .cleaning = COIL_SEC(2)},
        {.log = &parent.log, .name = "b", .delay = COIL_SEC(9)}};

    parent.parts = parts;
    cancelled_parent(&parent, -ECANCELED);
    CHECK_STR(parent.log.text, "!b !a");
}

TEST(group, cancelling_the_parent_in_the_body_cancels_awaits_and_passes_on)
{
    struct parent parent = {.n = 2, .body = COIL_SEC(9)};
    struct part parts[] = {
        {.log = &parent.log, .name = "a", .delay = COIL_SEC(9), .cleaning = COIL_SEC(2)},
        {.log = &parent.log, .name = "b", .delay = COIL_SEC(9)}};

    parent.parts = parts;
    cancelled_parent(&parent, -ECANCELED);
    CHECK_STR(parent.log.text, "!b !a");
}

TEST(group, errors_outrank_a_cancellation_which_comes_again)
{
    struct parent parent = {.n = 1};
    struct part parts[] = {{.log = &parent.log,
                            .name = "a",
                            .delay = COIL_SEC(9),
                            .cleaning = COIL_SEC(2),
                            .code_cancelled = -EIO}};

    parent.parts = parts;
    cancelled_parent(&parent, -EIO);
}

static void *is_cancelled_with_the_last_end(void *arg)
{
    struct parent *parent = arg;
    GROUP(group);
    struct part part = {.log = &parent->log, .name = "a"};

    PASS(coil_group_enter(&group));
    PASS(coil_err(coil_group_create_task(&group, plays, &part)));
    coil_call_soon(coil_get_running_loop(), world_cancel, self()); /* behind its first step */
    FAILS(coil_group_exit(&group, 0), -ECANCELED);
    CHECK_EQ(coil_cancelling(self()), 1);
    PASS(coil_sleep(COIL_SEC(1)));
    return NULL;
}

TEST(group, a_cancellation_that_comes_with_the_last_end_is_passed_on)
{
    struct parent parent = {.n = 1};
    WORLD(w);

    PASS(world_run(&w, is_cancelled_with_the_last_end, &parent));
}

/* ---- TG5: cancelling the group -------------------------------------------------------------- */

static void *cancels_its_group(void *arg)
{
    struct part a = {.log = arg, .name = "a", .delay = COIL_SEC(9)};
    GROUP(group);

    PASS(coil_group_enter(&group));
    PASS(coil_err(coil_group_create_task(&group, plays, &a)));
    PASS(coil_sleep(COIL_SEC(1)));
    coil_group_cancel(&group);
    coil_group_cancel(&group);
    CHECK_EQ(coil_cancelling(self()), 1);
    FAILS(coil_sleep(COIL_SEC(1)), -ECANCELED);
    CHECK_EQ(coil_group_exit(&group, -ECANCELED), 0);
    CHECK_EQ(coil_cancelling(self()), 0);
    coil_group_cancel(&group);
    PASS(coil_sleep(COIL_SEC(1)));
    return NULL;
}

TEST(group, cancelled_it_ends_without_an_error)
{
    struct record log = {""};
    WORLD(w);

    PASS(world_run(&w, cancels_its_group, &log));
    CHECK_STR(log.text, "!a");
    CHECK_EQ(world_time(&w), COIL_SEC(2));
}

static int cancel_group(void *group)
{
    coil_group_cancel(group);
    return 0;
}

static void *waits_in_a_cancelled_group(void *arg)
{
    struct part a = {.log = arg, .name = "a", .delay = COIL_SEC(9)};
    GROUP(group);

    PASS(coil_group_enter(&group));
    PASS(coil_err(coil_group_create_task(&group, plays, &a)));
    coil_call_later(coil_get_running_loop(), COIL_SEC(1), cancel_group, &group);
    CHECK_EQ(coil_group_exit(&group, 3), 3);
    CHECK_EQ(coil_cancelling(self()), 0);
    return NULL;
}

TEST(group, cancelled_while_the_parent_waits_it_keeps_the_bodys_outcome)
{
    struct record log = {""};
    WORLD(w);

    PASS(world_run(&w, waits_in_a_cancelled_group, &log));
    CHECK_EQ(world_time(&w), COIL_SEC(1));
}

static void *enters_a_cancelled_group(void *arg)
{
    GROUP(group);

    coil_group_cancel(&group);
    PASS(coil_group_enter(&group));
    FAILS(coil_err(coil_group_create_task(&group, plays, arg)), -COIL_EINVALSTATE);
    FAILS(coil_sleep(COIL_SEC(1)), -ECANCELED);
    CHECK_EQ(coil_group_exit(&group, -ECANCELED), 0);
    return NULL;
}

TEST(group, cancelled_before_it_refuses_everything)
{
    struct part part = {.name = "none"};
    WORLD(w);

    PASS(world_run(&w, enters_a_cancelled_group, &part));
    CHECK_EQ(world_time(&w), 0);
}

/* ---- nests, deeper than a stack ------------------------------------------------------------- */

struct level {
    int left;
    int rc;
};

static void *nests(void *arg)
{
    struct level *level = arg;
    struct level next = {level->left - 1, 1};
    GROUP(group);

    if (!level->left)
        return COIL_ERR(level->rc = coil_sleep(COIL_SEC(9)));
    level->rc = coil_group_enter(&group);
    if (level->rc < 0)
        return COIL_ERR(level->rc);
    coil_task *task = coil_group_create_task(&group, nests, &next);
    level->rc = coil_group_exit(&group, coil_err(task));
    coil_group_fini(&group);
    return COIL_ERR(level->rc);
}

TEST(group, one_of_any_depth_can_be_cancelled)
{
    struct level level = {check_walking() ? 3 : 1000, 1};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, nests, &level, NULL);

    coil_call_later(w.loop, COIL_SEC(1), world_cancel, task);
    FAILS(coil_run_until_complete(w.loop, task, NULL), -ECANCELED);
    CHECK_EQ(world_time(&w), COIL_SEC(1));
}

/* ---- closing -------------------------------------------------------------------------------- */

struct lender {
    struct record log;
    bool never_ends;
};

static void *uses_the_parents_stack(void *arg)
{
    struct record **log = arg;

    (void)!coil_sleep(COIL_SEC(9));
    (void)!coil_sleep(COIL_SEC(9));
    record(*log, "child");
    return NULL;
}

static void *never_ends(void *arg)
{
    (void)arg;
    for (;;)
        (void)!coil_sleep(COIL_SEC(9));
    return NULL;
}

static void *lends_its_stack(void *arg)
{
    struct lender *lender = arg;
    struct record *log = &lender->log;
    GROUP(group);

    if (coil_group_enter(&group) < 0)
        return NULL;
    coil_task *task = coil_group_create_task(
        &group, lender->never_ends ? never_ends : uses_the_parents_stack, &log);
    FAILS(coil_group_exit(&group, coil_err(task)), -ECANCELED);
    coil_group_fini(&group);
    record(log, "parent");
    return NULL;
}

TEST(group, a_closing_loop_does_not_tear_it_apart)
{
    struct lender lender = {.never_ends = false};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, lends_its_stack, &lender, NULL);

    PASS(world_turn(&w));
    PASS(world_turn(&w));
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK(check_walking() || !strcmp(lender.log.text, "child parent"));
}

TEST(group, a_task_that_never_ends_is_abandoned_before_its_parent)
{
    struct lender lender = {.never_ends = true};
    struct record warnings = {""};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, lends_its_stack, &lender, NULL);

    if (check_walking())
        return;
    coil_set_warning_sink(record_warning, &warnings);
    PASS(world_turn(&w));
    PASS(world_turn(&w));
    CHECK_EQ(coil_close(w.loop), 1);
    coil_set_warning_sink(NULL, NULL);
    CHECK_STR(lender.log.text, "parent");
    CHECK(strstr(warnings.text, "task-2") != NULL);
}

/* ---- states and arguments ------------------------------------------------------------------- */

static void *leaves_anothers(void *group)
{
    FAILS(coil_group_exit(group, 0), -EPERM);
    return NULL;
}

static void *goes_through_its_states(void *arg)
{
    struct part part = {.log = arg, .name = "a"};
    GROUP(group);

    FAILS(coil_group_exit(&group, 0), -COIL_EINVALSTATE);
    FAILS(coil_err(coil_group_create_task(&group, plays, &part)), -COIL_EINVALSTATE);
    PASS(coil_group_enter(&group));
    FAILS(coil_group_enter(&group), -EBUSY);
    FAILS(coil_err(coil_group_create_task(&group, NULL, &part)), -EINVAL);
    CHECK_EQ(coil_group_size(&group), 0);
    PASS(coil_err(coil_group_create_task(&group, leaves_anothers, &group)));
    CHECK_EQ(coil_group_exit(&group, 0), 0);
    FAILS(coil_group_exit(&group, 0), -COIL_EINVALSTATE);
    FAILS(coil_group_enter(&group), -COIL_EINVALSTATE);
    FAILS(coil_err(coil_group_create_task(&group, plays, &part)), -COIL_EINVALSTATE);
    coil_group_fini(&group);
    return NULL;
}

TEST(group, it_is_entered_once_and_left_once)
{
    struct record log = {""};
    WORLD(w);

    PASS(world_run(&w, goes_through_its_states, &log));
    CHECK_STR(log.text, "");
}

TEST(group, bad_arguments_are_refused)
{
    coil_group group = COIL_GROUP_INIT, torn = COIL_GROUP_INIT;

    torn.phase = 77;
    FAILS(coil_group_enter(NULL), -EINVAL);
    FAILS(coil_group_enter(&torn), -EINVAL);
    FAILS(coil_group_enter(&group), -COIL_ENOLOOP);
    FAILS(coil_group_exit(NULL, 0), -EINVAL);
    FAILS(coil_err(coil_group_create_task(NULL, plays, NULL)), -EINVAL);
    FAILS(coil_err(coil_group_create_task_with(NULL, plays, NULL, NULL)), -EINVAL);
    CHECK_EQ(coil_group_size(NULL), 0);
    CHECK_PTR(coil_group_errors(NULL, NULL), NULL);
    coil_group_cancel(NULL);
    coil_group_fini(NULL);
    coil_group_fini(&group);
}

static void forgets_an_active_one(void *group)
{
    coil_group_fini(group);
}

static void *cannot_forget(void *arg)
{
    GROUP(group);

    (void)arg;
    if (coil_group_enter(&group) < 0)
        return NULL;
    CHECK(DIES(forgets_an_active_one, &group));
    CHECK_EQ(coil_group_exit(&group, 0), 0);
    return NULL;
}

TEST(group, one_that_is_entered_cannot_be_forgotten)
{
    WORLD(w);

    PASS(world_run(&w, cannot_forget, NULL));
}

static void *has_no_memory(void *arg)
{
    struct part part = {.log = arg, .name = "a"};
    coil_task_options named = {.size = sizeof(named), .name = "named"};
    GROUP(group);

    faults_fail(1, "alloc");
    FAILS(coil_group_enter(&group), -ENOMEM);
    faults_end();
    PASS(coil_group_enter(&group));
    for (size_t k = 1; k <= 2; k++) { /* the member, the name */
        faults_fail(k, "alloc");
        FAILS(coil_err(coil_group_create_task_with(&group, plays, &part, &named)), -ENOMEM);
        CHECK_EQ(faults_met(), k);
        faults_end();
    }
    CHECK_EQ(coil_group_size(&group), 0);
    PASS(coil_err(coil_group_create_task(&group, plays, &part)));
    faults_fail(1, "alloc"); /* no place for a second error beside the body's */
    FAILS(coil_err(coil_group_create_task(&group, plays, &part)), -ENOMEM);
    CHECK_EQ(faults_met(), 1);
    faults_end();
    CHECK_EQ(coil_group_exit(&group, 0), 0);
    return NULL;
}

TEST(group, without_memory_nothing_is_started)
{
    struct record log = {""};
    WORLD(w);

    if (check_walking()) /* it has faults of its own */
        return;
    PASS(world_run(&w, has_no_memory, &log));
    CHECK_STR(log.text, "/a");
}

/* ---- a request from before the entry -------------------------------------------------------- */

static void *fails_when_cancelled(void *arg)
{
    (void)arg;
    return coil_sleep(COIL_SEC(9)) == -ECANCELED ? COIL_ERR(-EIO) : NULL;
}

static void *sleeps_long(void *arg)
{
    return coil_sleep(COIL_SEC(9)) < 0 ? COIL_ERR(-ECANCELED) : arg;
}

/* The body's wait hears of it; an error outranks it, and it comes again. */
static void *enters_with_a_request(void *arg)
{
    GROUP(group);

    (void)arg;
    PASS(coil_group_enter(&group));
    PASS(coil_err(coil_group_create_task(&group, fails_when_cancelled, NULL)));
    PASS(coil_yield_now()); /* it sleeps */
    GROUP(inner);
    CHECK(coil_cancel(self()));
    PASS(coil_group_enter(&inner));
    PASS(coil_err(coil_group_create_task(&inner, sleeps_long, NULL)));
    coil_group_cancel(&inner);
    FAILS(coil_sleep(COIL_SEC(1)), -ECANCELED); /* of both */
    FAILS(coil_group_exit(&inner, -ECANCELED), -ECANCELED);
    FAILS(coil_group_exit(&group, -ECANCELED), -EIO);
    FAILS(coil_yield_now(), -ECANCELED);
    return NULL;
}

TEST(group, a_request_that_came_before_the_entry_is_not_the_groups_own)
{
    WORLD(w);

    PASS(world_run(&w, enters_with_a_request, NULL));
}

static void *fails_at_once(void *arg)
{
    (void)arg;
    return COIL_ERR(-EIO);
}

/* Its exit is the first wait that could deliver it. */
static void *leaves_with_a_request(void *arg)
{
    GROUP(group);

    (void)arg;
    PASS(coil_group_enter(&group));
    PASS(coil_err(coil_group_create_task(&group, fails_when_cancelled, NULL)));
    PASS(coil_yield_now());
    GROUP(later);
    CHECK(coil_cancel(self()));
    PASS(coil_group_enter(&later));
    PASS(coil_err(coil_group_create_task(&later, fails_at_once, NULL)));
    FAILS(coil_group_exit(&later, 0), -EIO);
    FAILS(coil_group_exit(&group, coil_yield_now()), -EIO);
    FAILS(coil_yield_now(), -ECANCELED); /* and once more after that one's error */
    return NULL;
}

TEST(group, a_request_that_came_before_the_entry_outlives_an_error)
{
    WORLD(w);

    PASS(world_run(&w, leaves_with_a_request, NULL));
}

/* ---- level-triggered scopes ----------------------------------------------------------------- */

static void *leaves_in_a_cancelled_scope(void *arg)
{
    coil_scope scope = COIL_SCOPE_INIT;
    GROUP(group);

    PASS(coil_scope_enter(&scope, COIL_NEVER, 0));
    PASS(coil_group_enter(&group));
    PASS(coil_err(coil_group_create_task(&group, sleeps_long, NULL)));
    PASS(coil_yield_now());
    coil_scope_cancel(&scope);
    FAILS(coil_group_exit(&group, 0), -ECANCELED);
    CHECK_EQ(world_time(arg), 0);
    PASS(coil_scope_exit(&scope, -ECANCELED));
    return NULL;
}

TEST(group, the_exit_in_a_cancelled_scope_has_the_tasks_cancelled)
{
    WORLD(w);

    PASS(world_run(&w, leaves_in_a_cancelled_scope, &w));
}

/* ---- eager tasks ---------------------------------------------------------------------------- */

static void *cancels_it_at_once(void *arg)
{
    coil_group_cancel(arg);
    return coil_sleep(COIL_SEC(9)) < 0 ? COIL_ERR(-ECANCELED) : arg;
}

static void *has_a_group_cancelled_by_a_first_step(void *arg)
{
    const coil_task_options options = {.size = sizeof(options), .eager = true};
    GROUP(group);

    PASS(coil_group_enter(&group));
    PASS(coil_err(coil_group_create_task_with(&group, cancels_it_at_once, &group, &options)));
    PASS(coil_group_exit(&group, coil_yield_now()));
    CHECK_EQ(world_time(arg), 0);
    return NULL;
}

TEST(group, a_task_that_cancels_it_in_its_first_step_is_cancelled_too)
{
    WORLD(w);

    PASS(world_run(&w, has_a_group_cancelled_by_a_first_step, &w));
}

/* ---- a parent that ends inside -------------------------------------------------------------- */

static void *sleeps_until_cancelled(void *log)
{
    int rc = coil_sleep(COIL_SEC(1));

    record(log, "%d", rc);
    return COIL_ERR(rc);
}

static void *exits_inside(void *log)
{
    GROUP(group);

    if (coil_group_enter(&group) == 0 &&
        PASS(coil_err(coil_group_create_task(&group, sleeps_until_cancelled, log))))
        (void)!coil_yield_now();
    coil_exit(log);
}

TEST(group, ends_with_a_parent_that_exits_inside)
{
    struct record log = {""};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, exits_inside, &log, NULL);
    void *result = NULL;

    PASS(coil_run_until_complete(w.loop, task, &result));
    CHECK(check_walking() || result == &log);
    CHECK(check_walking() || !strcmp(log.text, "-125"));
}

/* It waits where nothing can be cancelled, so its loop gives it up with a member under way. */
static void *is_stuck_inside(void *log)
{
    coil_group group = COIL_GROUP_INIT;

    if (coil_group_enter(&group) == 0)
        (void)coil_group_create_task(&group, sleeps_until_cancelled, log);
    return never_ends(log);
}

TEST(group, outlives_a_parent_that_was_abandoned)
{
    struct record log = {""}, warnings = {""};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, is_stuck_inside, &log, NULL);

    if (check_walking())
        return;
    coil_set_warning_sink(record_warning, &warnings);
    PASS(world_turn(&w));
    PASS(world_turn(&w));
    CHECK_EQ(coil_close(w.loop), 1);
    coil_set_warning_sink(NULL, NULL);
    CHECK_STR(log.text, "-125");
    CHECK(coil_done(task));
}

/* ---- between the last member's end and the parent's next step ---------------------------------
 */

static void cancels_that(coil_future *future, void *parent)
{
    (void)future;
    CHECK(coil_cancel(parent));
}

static void *sleeps_a_little(void *arg)
{
    (void)arg;
    return COIL_ERR(coil_sleep(COIL_MS(1)));
}

static void *is_cancelled_at_the_last_moment(void *arg)
{
    GROUP(group);

    (void)arg;
    PASS(coil_group_enter(&group));
    coil_task *task = coil_group_create_task(&group, sleeps_a_little, NULL);
    PASS(coil_add_done_callback(task, cancels_that, self())); /* after the group's own */
    FAILS(coil_group_exit(&group, 0), -ECANCELED);
    CHECK_EQ(coil_cancelling(self()), 1);
    CHECK_EQ(coil_sleep(COIL_MS(1)), 0); /* it was told, once */
    return NULL;
}

TEST(group, a_parent_that_is_cancelled_when_the_last_member_has_ended_hears_of_it)
{
    WORLD(w);

    PASS(world_run(&w, is_cancelled_at_the_last_moment, NULL));
}
