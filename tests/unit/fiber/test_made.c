// SPDX-License-Identifier: MIT
#include "faults.h"
#include "world.h"

#include "base/err.h"
#include "fiber/stacks.h"

#include <errno.h>
#include <pthread.h>

#define FIBER __attribute__((cleanup(fiber_freep))) coil_fiber

static void fiber_freep(coil_fiber **fiber)
{
    (void)coil_fiber_free(*fiber);
    thread_stacks_trim();
}

struct scene {
    struct record out;
    coil_fiber *home, *a, *b;
    int rc;
};

/* Gives back one more than it gets, until that is NULL. */
static void *adds(void *arg)
{
    struct scene *s = arg;
    void *value = NULL;

    do {
        s->rc = coil_fiber_switch(s->home, value, &value);
        value = value ? (char *)value + 1 : NULL;
    } while (s->rc == 0 && value);
    return s->rc < 0 ? COIL_ERR(s->rc) : arg;
}

TEST(fiber_made, switches_carry_values_both_ways_and_the_parent_gets_the_result)
{
    struct scene s = {.home = coil_fiber_current()};
    char text[8];
    void *got = text;
    FIBER *a = coil_fiber_new(adds, &s);

    CHECK_PTR(coil_fiber_parent(a), s.home);
    PASS(coil_fiber_switch(a, NULL, &got));
    CHECK_PTR(got, NULL);
    for (int i = 0; i < 7; i++) {
        PASS(coil_fiber_switch(a, &text[i], &got));
        CHECK_PTR(got, &text[i + 1]);
    }
    CHECK(!coil_fiber_dead(a) || err_is(a));
    PASS(coil_fiber_switch(a, NULL, &got));
    CHECK_PTR(got, &s);
    CHECK(coil_fiber_dead(a));
    CHECK_PTR(coil_fiber_current(), s.home);
}

TEST(fiber_made, a_dead_one_s_parent_goes_on_instead)
{
    struct scene s = {.home = coil_fiber_current()};
    void *got = NULL;
    FIBER *a = coil_fiber_new(adds, &s);

    PASS(coil_fiber_switch(a, NULL, NULL));
    PASS(coil_fiber_switch(a, NULL, NULL));
    CHECK(coil_fiber_dead(a));
    PASS(coil_fiber_switch(a, &s, &got)); /* to ourselves */
    CHECK_PTR(got, &s);
    FAILS(coil_fiber_throw(a, -EDOM, NULL), -EDOM);
}

static void *switches_to_b(void *arg)
{
    struct scene *s = arg;

    s->rc = coil_fiber_switch(s->b, NULL, NULL);
    record(&s->out, "a");
    return COIL_ERR(s->rc);
}

static void *switches_to_a(void *arg)
{
    struct scene *s = arg;

    record(&s->out, "b");
    return COIL_ERR(coil_fiber_switch(s->a, NULL, NULL));
}

TEST(fiber_made, siblings_switch_to_each_other)
{
    struct scene s = {.rc = -1};
    FIBER *a = s.a = coil_fiber_new(switches_to_b, &s);
    FIBER *b = s.b = coil_fiber_new(switches_to_a, &s);

    PASS(coil_fiber_switch(a, NULL, NULL));
    CHECK_STR(s.out.text, "b a");
    CHECK(coil_fiber_dead(a));
    CHECK(!coil_fiber_dead(b));
}

/* ---- throwing ------------------------------------------------------------------------------- */

TEST(fiber_made, a_throw_makes_the_switch_fail)
{
    struct scene s = {.home = coil_fiber_current()};
    FIBER *a = coil_fiber_new(adds, &s);

    PASS(coil_fiber_switch(a, NULL, NULL));
    FAILS(coil_fiber_throw(a, -EDOM, NULL), -EDOM); /* it returns the code to its parent */
    FAILS(s.rc, -EDOM);
    CHECK(coil_fiber_dead(a));
}

TEST(fiber_made, a_throw_into_a_new_one_ends_it_unrun)
{
    struct scene s = {.rc = 1};
    FIBER *a = coil_fiber_new(adds, &s);

    FAILS(coil_fiber_throw(a, -EDOM, NULL), -EDOM);
    CHECK(coil_fiber_dead(a));
    CHECK_EQ(s.rc, 1);
}

/* ---- freeing -------------------------------------------------------------------------------- */

static void *cleans_up(void *arg)
{
    struct scene *s = arg;

    for (int i = 0; i < 3; i++) {
        int rc = coil_fiber_switch(s->home, NULL, NULL);
        record(&s->out, "%s", rc == -COIL_EGENEXIT ? "exit" : "on");
    }
    return COIL_ERR(-COIL_EGENEXIT);
}

TEST(fiber_made, freeing_ends_it_where_it_stands_and_no_switch_leads_out)
{
    struct scene s = {.home = coil_fiber_current()};
    coil_fiber *a = coil_fiber_new(cleans_up, &s);

    PASS(coil_fiber_switch(a, NULL, NULL));
    PASS(coil_fiber_free(a));
    CHECK_STR(s.out.text, "exit exit exit");
    thread_stacks_trim();
}

static void *fails_to_clean_up(void *arg)
{
    struct scene *s = arg;

    s->rc = coil_fiber_switch(s->home, NULL, NULL);
    return COIL_ERR(-EIO);
}

TEST(fiber_made, what_goes_wrong_when_it_is_freed_is_told)
{
    struct scene s = {.home = coil_fiber_current()};
    coil_fiber *a = coil_fiber_new(fails_to_clean_up, &s);

    coil_set_warning_sink(record_warning, &s.out);
    PASS(coil_fiber_switch(a, NULL, NULL));
    FAILS(coil_fiber_free(a), -EIO);
    CHECK_STR(s.out.text, "a fiber, freed: Input/output error");
    coil_set_warning_sink(NULL, NULL);
    thread_stacks_trim();
}

static void *frees_itself(void *arg)
{
    struct scene *s = arg;

    s->rc = coil_fiber_free(s->a);
    return NULL;
}

static void *makes_a_child(void *arg)
{
    struct scene *s = arg;

    s->b = coil_fiber_new(adds, s);
    s->rc = err_is(s->b) ? coil_err(s->b) : coil_fiber_switch(s->b, NULL, NULL);
    return COIL_ERR(s->rc);
}

TEST(fiber_made, one_that_runs_is_not_freed)
{
    struct scene s = {.rc = 0};
    FIBER *a = s.a = coil_fiber_new(frees_itself, &s);

    PASS(coil_fiber_switch(a, NULL, NULL));
    FAILS(s.rc, -EBUSY);
    FAILS(coil_fiber_free(coil_fiber_current()), -EINVAL);
    CHECK_EQ(coil_fiber_free(NULL), 0);
    CHECK_EQ(coil_fiber_free(COIL_ERR(-EDOM)), 0);
}

TEST(fiber_made, a_parent_may_be_freed_before_its_child)
{
    struct scene s = {.home = coil_fiber_current()};
    coil_fiber *a = coil_fiber_new(makes_a_child, &s);

    PASS(coil_fiber_switch(a, NULL, NULL)); /* the child has switched home */
    PASS(coil_fiber_free(a));
    void *got = NULL;
    if (s.b && !err_is(s.b))
        PASS(coil_fiber_switch(s.b, NULL, &got)); /* it ends: to the parent's parent, us */
    PASS(coil_fiber_free(s.b));
    thread_stacks_trim();
}

/* ---- families ------------------------------------------------------------------------------- */

static void *tries_to_switch(void *arg)
{
    struct scene *s = arg;

    FAILS(coil_fiber_switch(s->a, NULL, NULL), -EXDEV);
    FAILS(coil_fiber_throw(s->a, -EDOM, NULL), -EXDEV);
    FAILS(coil_err(coil_fiber_parent(s->a)), -EXDEV);
    return NULL;
}

TEST(fiber_made, a_task_cannot_switch_to_a_fiber_of_another_family)
{
    struct scene s = {.home = coil_fiber_current()};
    FIBER *a = s.a = coil_fiber_new(adds, &s);
    WORLD(w);

    PASS(coil_fiber_switch(a, NULL, NULL));
    if (!err_is(a))
        PASS(world_run(&w, tries_to_switch, &s));
}

/* A fiber of a task that waits: the task waits. */
static void *sleeps(void *arg)
{
    struct scene *s = arg;

    s->rc = coil_sleep(COIL_SEC(2));
    return COIL_ERR(s->rc);
}

static void *has_a_fiber_sleep(void *arg)
{
    struct scene *s = arg;
    FIBER *a = s->a = coil_fiber_new(sleeps, s);
    int rc = coil_fiber_switch(a, NULL, NULL);

    CHECK_EQ(world_now(), rc == 0 ? COIL_SEC(2) : world_now());
    return COIL_ERR(rc);
}

static void *meddles(void *arg)
{
    struct scene *s = arg;

    FAILS(coil_fiber_free(s->a), -EBUSY);
    return NULL;
}

TEST(fiber_made, one_that_waits_in_a_task_suspends_the_task)
{
    struct scene s = {.rc = -1};
    WORLD(w);
    coil_task *task = coil_create_task_with(w.loop, has_a_fiber_sleep, &s, NULL);

    PASS(world_turn(&w));
    if (s.a && !err_is(s.a) && !check_walking())
        PASS(world_run(&w, meddles, &s));
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK_EQ(s.rc, 0);
    coil_unref(task);
}

static void *never_ends(void *arg)
{
    for (;;) {
        int rc = coil_sleep(COIL_SEC(1));
        (void)rc;
    }
    return arg;
}

static void *leaves_a_standing(void *arg)
{
    struct scene *s = arg;

    s->home = coil_fiber_current();
    s->a = coil_fiber_new(adds, s);
    int rc = coil_fiber_switch(s->a, NULL, NULL);
    s->b = coil_fiber_new(never_ends, s);
    if (rc == 0)
        rc = coil_fiber_switch(s->b, NULL, NULL);
    return COIL_ERR(rc);
}

TEST(fiber_made, those_that_stand_outlive_a_task_that_is_abandoned)
{
    struct scene s = {.rc = -1};
    WORLD(w);
    coil_task *task = coil_create_task_with(w.loop, leaves_a_standing, &s, NULL);

    coil_set_warning_sink(record_warning, &s.out);
    PASS(world_turn(&w));
    CHECK_EQ(coil_close(w.loop), 1);
    coil_set_warning_sink(NULL, NULL);
    CHECK(coil_fiber_dead(s.b));
    if (s.a && !err_is(s.a))
        FAILS(coil_fiber_switch(s.a, NULL, NULL), -EXDEV);
    PASS(coil_fiber_free(s.b));
    PASS(coil_fiber_free(s.a));
    coil_unref(task);
    thread_stacks_trim();
}

/* ---- arguments ------------------------------------------------------------------------------ */

TEST(fiber_made, bad_arguments_are_refused)
{
    struct scene s = {.home = coil_fiber_current()};
    FIBER *a = coil_fiber_new(adds, &s);

    FAILS(coil_err(coil_fiber_new(NULL, NULL)), -EINVAL);
    FAILS(coil_fiber_switch(NULL, NULL, NULL), -EINVAL);
    FAILS(coil_fiber_switch(COIL_ERR(-EDOM), NULL, NULL), -EDOM);
    FAILS(coil_fiber_switch(a, &s, NULL), -EINVAL); /* it is new */
    FAILS(coil_fiber_switch(a, COIL_ERR(-EDOM), NULL), -EINVAL);
    FAILS(coil_fiber_throw(NULL, -EDOM, NULL), -EINVAL);
    FAILS(coil_fiber_throw(a, 0, NULL), -EINVAL);
    FAILS(coil_fiber_throw(a, -4096, NULL), -EINVAL);
    FAILS(coil_err(coil_fiber_parent(NULL)), -EINVAL);
    FAILS(coil_err(coil_fiber_parent(COIL_ERR(-EDOM))), -EDOM);
    CHECK_PTR(coil_fiber_parent(s.home), NULL);
    CHECK(coil_fiber_dead(NULL));
    CHECK(coil_fiber_dead(COIL_ERR(-EDOM)));
    PASS(coil_fiber_switch(a, NULL, NULL));
}

TEST(fiber_made, without_a_stack_it_does_not_begin)
{
    if (check_walking())
        return; /* it sets faults of its own */
    struct scene s = {.home = coil_fiber_current()};
    FIBER *a = coil_fiber_new(adds, &s);

    thread_stacks_trim();
    faults_fail(1, "os_reserve");
    FAILS(coil_fiber_switch(a, NULL, NULL), -ENOMEM);
    faults_end();
    CHECK(!coil_fiber_dead(a));
    PASS(coil_fiber_switch(a, NULL, NULL));
}

static void *free_it(void *fiber)
{
    coil_fiber_free(fiber);
    return NULL;
}

static void free_on_another_thread(void *fiber)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, free_it, fiber) == 0)
        pthread_join(thread, NULL);
}

TEST(fiber_made, belongs_to_its_thread)
{
    struct scene s = {.home = coil_fiber_current()};
    FIBER *a = coil_fiber_new(adds, &s);

    if (!err_is(a))
        DIES(free_on_another_thread, a);
}
