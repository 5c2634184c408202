// SPDX-License-Identifier: MIT
/* CPython's test_taskgroups.py. A group that fails gives the code of its first error. */
#include "world.h"

#include <coil/coil.h>

#include <errno.h>

#define GROUP(name) __attribute__((cleanup(coil_group_fini))) coil_group name = COIL_GROUP_INIT
#define LONG        COIL_SEC(10) /* nobody waits that long */

/* A task: sleeps, and ends in its own way; when it is cancelled, perhaps later and with an error.
 */
struct foo {
    coil_time delay;
    int code;           /* after its sleep */
    int code_cancelled; /* when it is cancelled; 0: it passes that on */
    coil_time cleaning;
    bool ran, finished, cancelled;
};

static void *run_foo(void *arg)
{
    struct foo *foo = arg;

    foo->ran = true;
    int rc = coil_sleep(foo->delay);
    if (rc < 0 && foo->cleaning)
        PASS(coil_sleep(foo->cleaning));
    foo->cancelled = rc == -ECANCELED;
    foo->finished = rc == 0;
    if (rc < 0)
        return COIL_ERR(foo->code_cancelled ? foo->code_cancelled : rc);
    return foo->code ? COIL_ERR(foo->code) : foo;
}

static coil_task *add(coil_group *group, struct foo *foo)
{
    return coil_group_create_task(group, run_foo, foo);
}

static void add_all(coil_group *group, struct foo *foos, size_t n)
{
    for (size_t i = 0; i < n; i++)
        PASS(coil_err(add(group, &foos[i])));
}

static int cancelling(void)
{
    return coil_cancelling(coil_current_task());
}

static void check_errors(const coil_group *group, size_t n, const int *codes)
{
    size_t count = 0;
    const coil_group_error *errors = coil_group_errors(group, &count);

    CHECK_EQ(count, n);
    for (size_t i = 0; i < n && i < count; i++)
        CHECK_EQ(errors[i].code, codes[i]);
}

#define ERRORS(group, ...)                                                                         \
    check_errors(group, sizeof((const int[]){__VA_ARGS__}) / sizeof(int),                          \
                 (const int[]){__VA_ARGS__})

/* Runs `fn` as a task that is cancelled 10 ms after it, its tasks and theirs have begun, and gives
 * what it ended with. */
static int run_and_cancel(coil_fn fn, void *arg)
{
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, fn, arg, NULL);

    for (int i = 0; i < 3; i++)
        PASS(world_turn(&w));
    coil_call_later(w.loop, COIL_MS(10), world_cancel, task);
    return coil_run_until_complete(w.loop, task, NULL);
}

/* ---- leaving waits -------------------------------------------------------------------------- */

static void *group_01(void *arg)
{
    struct foo foo1 = {.delay = COIL_MS(10)}, foo2 = {.delay = COIL_MS(20)};
    void *result = NULL;
    GROUP(group);

    (void)arg;
    PASS(coil_group_enter(&group));
    COIL_AUTO coil_task *task1 = coil_ref(add(&group, &foo1));
    COIL_AUTO coil_task *task2 = coil_ref(add(&group, &foo2));
    CHECK_EQ(coil_group_exit(&group, 0), 0);
    CHECK(coil_done(task1) && coil_done(task2));
    PASS(coil_result(task1, &result));
    CHECK_PTR(result, &foo1);
    PASS(coil_result(task2, &result));
    CHECK_PTR(result, &foo2);
    return NULL;
}

TEST(TestTaskGroup, test_taskgroup_01)
{
    WORLD(w);

    PASS(world_run(&w, group_01, NULL));
}

static void *group_02(void *arg)
{
    struct foo foo1 = {.delay = COIL_MS(10)}, foo2 = {.delay = COIL_MS(20)};
    GROUP(group);

    (void)arg;
    PASS(coil_group_enter(&group));
    COIL_AUTO coil_task *task1 = coil_ref(add(&group, &foo1));
    PASS(coil_await(task1, NULL));
    CHECK(foo1.finished);
    COIL_AUTO coil_task *task2 = coil_ref(add(&group, &foo2));
    CHECK_EQ(coil_group_exit(&group, 0), 0);
    CHECK(foo2.finished);
    CHECK(coil_done(task2));
    return NULL;
}

TEST(TestTaskGroup, test_taskgroup_02)
{
    WORLD(w);

    PASS(world_run(&w, group_02, NULL));
}

static void *group_03(void *arg)
{
    struct foo foo1 = {.delay = LONG}, foo2 = {.delay = COIL_MS(20)};
    GROUP(group);

    (void)arg;
    PASS(coil_group_enter(&group));
    COIL_AUTO coil_task *task1 = coil_ref(add(&group, &foo1));
    PASS(coil_sleep(COIL_MS(5)));
    CHECK(coil_cancel(task1));
    PASS(coil_err(add(&group, &foo2)));
    CHECK_EQ(coil_group_exit(&group, 0), 0);
    CHECK(coil_cancelled(task1));
    CHECK(foo2.finished);
    return NULL;
}

TEST(TestTaskGroup, test_taskgroup_03)
{
    WORLD(w);

    PASS(world_run(&w, group_03, NULL));
}

/* ---- errors of tasks ------------------------------------------------------------------------ */

static void *group_04(void *arg)
{
    struct foo bad = {.delay = COIL_MS(10), .code = -EIO}, sibling = {.delay = LONG};
    GROUP(group);

    PASS(coil_group_enter(&group));
    PASS(coil_err(add(&group, &bad)));
    PASS(coil_err(add(&group, &sibling)));
    int rc = coil_group_exit(&group, 0);
    ERRORS(&group, -EIO);
    CHECK(sibling.cancelled);
    if (rc == 0)
        *(bool *)arg = true; /* the code after the group */
    return COIL_ERR(rc);
}

TEST(TestTaskGroup, test_taskgroup_04)
{
    bool went_on = false;
    WORLD(w);

    FAILS(world_run(&w, group_04, &went_on), -EIO);
    CHECK(!went_on || check_walking());
}

static void *group_cancels_children(void *arg)
{
    struct foo bad = {.delay = COIL_MS(10), .code = -EIO};
    struct foo siblings[] = {{.delay = LONG, .code_cancelled = -EPERM},
                             {.delay = LONG},
                             {.delay = LONG, .code_cancelled = -ENOENT}};
    GROUP(group);

    (void)arg;
    PASS(coil_group_enter(&group));
    PASS(coil_err(add(&group, &bad)));
    add_all(&group, siblings, 3);
    int rc = coil_sleep(LONG);
    FAILS(rc, -ECANCELED);
    FAILS(coil_group_exit(&group, rc), -EIO);
    ERRORS(&group, -EIO, -EPERM, -ENOENT);
    for (int i = 0; i < 3; i++)
        CHECK(siblings[i].cancelled);
    return NULL;
}

TEST(TestTaskGroup, test_cancel_children_on_child_error)
{
    WORLD(w);

    PASS(world_run(&w, group_cancels_children, NULL));
}

/* ---- the parent is cancelled ---------------------------------------------------------------- */

struct scene {
    struct foo foos[5];
    size_t n;
    coil_time body; /* how long the body sleeps; 0: it does not */
    int body_code;  /* what it makes of its cancellation; 0: it passes it on */
    int body_rc;
    int cancelling;
};

static void *runs_a_group(void *arg)
{
    struct scene *scene = arg;
    int rc = 0;
    GROUP(group);

    PASS(coil_group_enter(&group));
    add_all(&group, scene->foos, scene->n);
    if (scene->body)
        rc = scene->body_rc = coil_sleep(scene->body);
    if (rc == -ECANCELED && scene->body_code)
        rc = scene->body_code;
    rc = coil_group_exit(&group, rc);
    scene->cancelling = cancelling();
    return COIL_ERR(rc);
}

static void check_all_cancelled(const struct scene *scene)
{
    for (size_t i = 0; i < scene->n; i++)
        CHECK(scene->foos[i].cancelled);
}

TEST(TestTaskGroup, test_cancellation)
{
    struct scene scene = {.n = 5};

    for (int i = 0; i < 5; i++)
        scene.foos[i] = (struct foo){.delay = LONG, .cleaning = COIL_MS(5)};
    FAILS(run_and_cancel(runs_a_group, &scene), -ECANCELED);
    check_all_cancelled(&scene); /* and awaited */
}

TEST(TestTaskGroup, test_taskgroup_07)
{
    struct scene scene = {.n = 5, .body = LONG};

    for (int i = 0; i < 5; i++)
        scene.foos[i] = (struct foo){.delay = LONG};
    FAILS(run_and_cancel(runs_a_group, &scene), -ECANCELED);
    CHECK_EQ(scene.body_rc, -ECANCELED);
    check_all_cancelled(&scene);
}

static void *group_08(void *arg)
{
    struct foo foos[] = {{.delay = LONG, .code_cancelled = -EIO},
                         {.delay = LONG, .code_cancelled = -EPERM}};
    GROUP(group);

    (void)arg;
    PASS(coil_group_enter(&group));
    add_all(&group, foos, 2);
    int rc = coil_group_exit(&group, coil_sleep(LONG));
    ERRORS(&group, -EIO, -EPERM);
    return COIL_ERR(rc);
}

TEST(TestTaskGroup, test_taskgroup_08)
{
    FAILS(run_and_cancel(group_08, NULL), -EIO);
}

/* ---- errors of the body --------------------------------------------------------------------- */

static void *group_09(void *arg)
{
    struct foo foos[] = {{.delay = LONG}, {.delay = LONG}};
    GROUP(group);

    (void)arg;
    PASS(coil_group_enter(&group));
    add_all(&group, foos, 2);
    PASS(coil_sleep(COIL_MS(5)));
    FAILS(coil_group_exit(&group, -EIO), -EIO);
    ERRORS(&group, -EIO);
    CHECK(foos[0].cancelled && foos[1].cancelled);
    return NULL;
}

TEST(TestTaskGroup, test_taskgroup_09)
{
    WORLD(w);

    PASS(world_run(&w, group_09, NULL));
}

static void *group_10(void *arg)
{
    struct foo foos[] = {{.delay = LONG}, {.delay = LONG}};
    GROUP(group);

    (void)arg;
    PASS(coil_group_enter(&group));
    COIL_AUTO coil_task *task = coil_ref(add(&group, &foos[0]));
    PASS(coil_err(add(&group, &foos[1])));
    FAILS(coil_group_exit(&group, -EIO), -EIO);
    ERRORS(&group, -EIO);
    CHECK(coil_cancelled(task));
    CHECK(!foos[0].ran && !foos[1].ran);
    return NULL;
}

TEST(TestTaskGroup, test_taskgroup_10)
{
    WORLD(w);

    PASS(world_run(&w, group_10, NULL));
}

/* ---- groups in groups ----------------------------------------------------------------------- */

struct nest {
    struct foo outer, inner[2];
    size_t inner_n;
    bool has_outer;
    int inner_rc, outer_rc;
    size_t inner_errors, outer_errors;
};

static void *runs_a_nest(void *arg)
{
    struct nest *nest = arg;
    GROUP(outer);
    GROUP(inner);

    PASS(coil_group_enter(&outer));
    if (nest->has_outer)
        PASS(coil_err(add(&outer, &nest->outer)));
    PASS(coil_group_enter(&inner));
    add_all(&inner, nest->inner, nest->inner_n);
    nest->inner_rc = coil_group_exit(&inner, coil_sleep(LONG));
    (void)coil_group_errors(&inner, &nest->inner_errors);
    nest->outer_rc = coil_group_exit(&outer, nest->inner_rc);
    const coil_group_error *errors = coil_group_errors(&outer, &nest->outer_errors);
    CHECK(nest->inner_errors == 0 || !errors || !errors[nest->outer_errors - 1].task);
    return COIL_ERR(nest->outer_rc);
}

/* What the inner group has collected is one entry of the outer one, of the outer one's body; the
 * single errors are read from the inner group. */
TEST(TestTaskGroup, test_taskgroup_11)
{
    struct nest nest = {.inner = {{.delay = LONG, .code_cancelled = -EIO},
                                  {.delay = LONG, .code_cancelled = -EPERM}},
                        .inner_n = 2};

    FAILS(run_and_cancel(runs_a_nest, &nest), -EIO);
    CHECK_EQ(nest.inner_errors, 2);
    CHECK_EQ(nest.outer_errors, 1);
}

TEST(TestTaskGroup, test_taskgroup_12)
{
    struct nest nest = {.inner = {{.delay = LONG, .code_cancelled = -EIO},
                                  {.delay = LONG, .code_cancelled = -EPERM}},
                        .inner_n = 2,
                        .outer = {.delay = LONG},
                        .has_outer = true};

    FAILS(run_and_cancel(runs_a_nest, &nest), -EIO);
    CHECK_EQ(nest.inner_errors, 2);
    CHECK_EQ(nest.outer_errors, 1);
    CHECK(nest.outer.cancelled);
}

TEST(TestTaskGroup, test_taskgroup_13)
{
    struct nest nest = {.inner = {{.delay = LONG, .code = -EPERM}},
                        .inner_n = 1,
                        .outer = {.delay = COIL_MS(10), .code = -EIO},
                        .has_outer = true};
    WORLD(w);

    FAILS(world_run(&w, runs_a_nest, &nest), -EIO);
    CHECK_EQ(nest.inner_rc, -ECANCELED);
    CHECK_EQ(nest.inner_errors, 0);
    CHECK_EQ(nest.outer_errors, 1);
    CHECK(nest.inner[0].cancelled);
}

TEST(TestTaskGroup, test_taskgroup_14)
{
    struct nest nest = {.inner = {{.delay = COIL_MS(10), .code = -EIO}},
                        .inner_n = 1,
                        .outer = {.delay = LONG, .code = -EPERM},
                        .has_outer = true};
    WORLD(w);

    FAILS(world_run(&w, runs_a_nest, &nest), -EIO);
    CHECK_EQ(nest.inner_rc, -EIO);
    CHECK_EQ(nest.inner_errors, 1);
    CHECK_EQ(nest.outer_errors, 1); /* the nested one */
    CHECK(nest.outer.cancelled);
}

/* ---- cancellations and errors meet ---------------------------------------------------------- */

/* The body takes its time after the cancellation, and a task fails in the meantime. */
static void *group_15(void *arg)
{
    struct foo crash_soon = {.delay = COIL_MS(20), .code = -EIO};
    GROUP(group);

    (void)arg;
    PASS(coil_group_enter(&group));
    PASS(coil_err(add(&group, &crash_soon)));
    int rc = coil_sleep(LONG);
    FAILS(rc, -ECANCELED);
    (void)!coil_sleep(COIL_MS(30)); /* cut short by the group, which cancels the body */
    rc = coil_group_exit(&group, rc);
    ERRORS(&group, -EIO);
    return COIL_ERR(rc);
}

TEST(TestTaskGroup, test_taskgroup_15)
{
    FAILS(run_and_cancel(group_15, NULL), -EIO);
}

static void *awaits_group_15(void *arg)
{
    COIL_AUTO coil_task *task = coil_create_task(group_15, arg);
    return COIL_ERR(coil_await(task, NULL));
}

TEST(TestTaskGroup, test_taskgroup_16)
{
    FAILS(run_and_cancel(awaits_group_15, NULL), -EIO);
}

TEST(TestTaskGroup, test_taskgroup_17)
{
    struct scene scene = {.n = 0, .body = LONG};

    FAILS(run_and_cancel(runs_a_group, &scene), -ECANCELED);
}

static void *group_18(void *arg)
{
    GROUP(group);

    (void)arg;
    PASS(coil_group_enter(&group));
    FAILS(coil_sleep(LONG), -ECANCELED);
    int rc = coil_group_exit(&group, -EIO);
    ERRORS(&group, -EIO);
    return COIL_ERR(rc);
}

TEST(TestTaskGroup, test_taskgroup_18)
{
    FAILS(run_and_cancel(group_18, NULL), -EIO);
}

/* The task fails, and the body answers the abort with an error of its own. */
static void *group_19(void *arg)
{
    struct foo crash_soon = {.delay = COIL_MS(10), .code = -EIO};
    GROUP(group);

    (void)arg;
    PASS(coil_group_enter(&group));
    PASS(coil_err(add(&group, &crash_soon)));
    FAILS(coil_sleep(LONG), -ECANCELED);
    FAILS(coil_group_exit(&group, -EPERM), -EIO);
    ERRORS(&group, -EIO, -EPERM);
    return NULL;
}

TEST(TestTaskGroup, test_taskgroup_19)
{
    WORLD(w);

    PASS(world_run(&w, group_19, NULL));
}

static void *group_20(void *arg)
{
    struct foo crash_soon = {.delay = COIL_MS(10), .code = -EIO};
    GROUP(group);

    (void)arg;
    PASS(coil_group_enter(&group));
    PASS(coil_err(add(&group, &crash_soon)));
    FAILS(coil_sleep(LONG), -ECANCELED);
    return COIL_ERR(coil_group_exit(&group, -COIL_EINTERRUPTED));
}

TEST(TestTaskGroup, test_taskgroup_20)
{
    WORLD(w);

    FAILS(world_run(&w, group_20, NULL), -COIL_EINTERRUPTED);
}

TEST(TestTaskGroup, test_taskgroup_22)
{
    struct scene scene = {.foos = {{.delay = LONG}, {.delay = LONG}}, .n = 2};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, runs_a_group, &scene, NULL);

    PASS(world_turn(&w)); /* it waits in the exit, its tasks have not begun */
    CHECK(coil_cancel(task) || check_walking());
    FAILS(coil_run_until_complete(w.loop, task, NULL), -ECANCELED);
}

/* ---- tasks come and go ---------------------------------------------------------------------- */

static void *group_23(void *arg)
{
    struct foo jobs[10] = {{0}};
    GROUP(group);

    (void)arg;
    PASS(coil_group_enter(&group));
    for (int i = 0; i < 10; i++) {
        PASS(coil_sleep(COIL_MS(10)));
        jobs[i].delay = COIL_MS(25);
        PASS(coil_err(add(&group, &jobs[i])));
        CHECK(coil_group_size(&group) <= 3);
    }
    PASS(coil_sleep(COIL_MS(50)));
    CHECK_EQ(coil_group_size(&group), 0);
    CHECK_EQ(coil_group_exit(&group, 0), 0);
    return NULL;
}

TEST(TestTaskGroup, test_taskgroup_23)
{
    WORLD(w);

    if (world_is_virtual()) /* who has ended by when is its subject */
        PASS(world_run(&w, group_23, NULL));
}

struct adder {
    coil_group *group;
    struct foo children[2];
};

static void *adds_two(void *arg)
{
    struct adder *adder = arg;

    PASS(coil_sleep(COIL_MS(5)));
    add_all(adder->group, adder->children, 2);
    return NULL;
}

static void *group_24(void *arg)
{
    GROUP(group);
    struct adder adder = {&group, {{.delay = COIL_MS(5)}, {.delay = COIL_MS(10)}}};

    (void)arg;
    PASS(coil_group_enter(&group));
    PASS(coil_err(coil_group_create_task(&group, adds_two, &adder)));
    CHECK_EQ(coil_group_exit(&group, 0), 0);
    CHECK(adder.children[0].finished && adder.children[1].finished);
    return NULL;
}

TEST(TestTaskGroup, test_taskgroup_24)
{
    WORLD(w);

    PASS(world_run(&w, group_24, NULL));
}

struct hydra {
    coil_group *group;
    int heads;
};

static void *grows(void *arg)
{
    struct hydra *hydra = arg;

    hydra->heads++;
    for (;;) {
        int rc = coil_sleep(COIL_MS(2));
        if (rc < 0)
            return COIL_ERR(rc);
        coil_task *task = coil_group_create_task(hydra->group, grows, hydra);
        if (coil_is_err(task)) /* no memory, or Hercules is here */
            return NULL;
    }
}

static void *hercules(void *arg)
{
    const struct hydra *hydra = arg;

    while (hydra->heads < 10 && !check_walking()) {
        int rc = coil_sleep(COIL_MS(1));
        if (rc < 0)
            return COIL_ERR(rc);
    }
    return COIL_ERR(-EIO);
}

static void *group_25(void *arg)
{
    GROUP(group);
    struct hydra hydra = {&group, 0};

    (void)arg;
    PASS(coil_group_enter(&group));
    PASS(coil_err(coil_group_create_task(&group, grows, &hydra)));
    coil_task *hero = coil_group_create_task(&group, hercules, &hydra);
    FAILS(coil_group_exit(&group, coil_err(hero)), -EIO);
    ERRORS(&group, -EIO);
    CHECK(hydra.heads >= 10 || check_walking());
    return NULL;
}

TEST(TestTaskGroup, test_taskgroup_25)
{
    WORLD(w);

    PASS(world_run(&w, group_25, NULL));
}

/* ---- options -------------------------------------------------------------------------------- */

static void *group_task_name(void *arg)
{
    struct foo foo = {.delay = 0};
    coil_task_options options = {.size = sizeof(options), .name = "yellow"};
    char name[16] = "";
    GROUP(group);

    (void)arg;
    PASS(coil_group_enter(&group));
    coil_task *task = coil_group_create_task_with(&group, run_foo, &foo, &options);
    PASS(coil_task_name(task, name, sizeof(name)));
    CHECK(check_walking() || !strcmp(name, "yellow"));
    CHECK_EQ(coil_group_exit(&group, 0), 0);
    return NULL;
}

TEST(TestTaskGroup, test_taskgroup_task_name)
{
    WORLD(w);

    PASS(world_run(&w, group_task_name, NULL));
}

static const coil_local color = {"color", NULL};

static void *paints(void *arg)
{
    PASS(coil_local_set(&color, arg, NULL));
    return NULL;
}

static void *group_task_context(void *arg)
{
    coil_context *context = coil_copy_context();
    coil_task_options options = {.size = sizeof(options), .context = context};
    GROUP(group);

    PASS(coil_err(context));
    PASS(coil_group_enter(&group));
    PASS(coil_err(coil_group_create_task(&group, paints, &options)));
    PASS(coil_err(coil_group_create_task_with(&group, paints, arg, &options)));
    CHECK_EQ(coil_group_exit(&group, 0), 0);
    if (!check_walking()) {
        CHECK_PTR(coil_context_get(context, &color), arg); /* the one that shares it set it there */
        CHECK_PTR(coil_local_get(&color), NULL);
    }
    coil_context_unref(context);
    return NULL;
}

TEST(TestTaskGroup, test_taskgroup_task_context)
{
    int value = 0;
    WORLD(w);

    PASS(world_run(&w, group_task_context, &value));
}

/* ---- refused -------------------------------------------------------------------------------- */

static void *must_not_run(void *arg)
{
    (void)arg;
    check_true(false, "it was refused", __FILE__, __LINE__);
    return NULL;
}

static void check_refused(coil_group *group)
{
    size_t blocks = coil_allocated_blocks();

    CHECK(coil_is_err(coil_group_create_task(group, must_not_run, NULL)));
    CHECK_EQ(coil_allocated_blocks(), blocks);
}

static void *group_no_create_after_failure(void *arg)
{
    struct foo bad = {.delay = COIL_MS(5), .code = -EIO};
    GROUP(group);

    (void)arg;
    PASS(coil_group_enter(&group));
    PASS(coil_err(add(&group, &bad)));
    FAILS(coil_sleep(LONG), -ECANCELED);
    check_refused(&group);
    PASS(coil_yield_now());
    FAILS(coil_group_exit(&group, -ECANCELED), -EIO);
    return NULL;
}

TEST(TestTaskGroup, test_taskgroup_no_create_task_after_failure)
{
    WORLD(w);

    if (!check_walking())
        PASS(world_run(&w, group_no_create_after_failure, NULL));
}

static void *group_exit_raises(void *arg)
{
    struct foo bad = {.delay = COIL_MS(5), .code = -EIO};
    GROUP(group);

    (void)arg;
    PASS(coil_group_enter(&group));
    PASS(coil_err(add(&group, &bad)));
    FAILS(coil_sleep(LONG), -ECANCELED);
    int cleanup = -EPERM; /* the body's own clean-up fails */
    FAILS(coil_group_exit(&group, cleanup), -EIO);
    ERRORS(&group, -EIO, -EPERM);
    CHECK_EQ(cancelling(), 0);
    return NULL;
}

TEST(TestTaskGroup, test_taskgroup_context_manager_exit_raises)
{
    WORLD(w);

    PASS(world_run(&w, group_exit_raises, NULL));
}

static void *group_states(void *arg)
{
    GROUP(group);

    (void)arg;
    check_refused(&group);
    PASS(coil_group_enter(&group));
    CHECK(coil_group_enter(&group) < 0);
    CHECK_EQ(coil_group_exit(&group, 0), 0);
    CHECK(coil_group_enter(&group) < 0);
    check_refused(&group);
    return NULL;
}

TEST(TestTaskGroup, test_taskgroup_already_entered)
{
    WORLD(w);

    PASS(world_run(&w, group_states, NULL));
}

static void *group_entered_twice(void *arg)
{
    GROUP(group);

    (void)arg;
    PASS(coil_group_enter(&group));
    CHECK_EQ(coil_group_exit(&group, 0), 0);
    FAILS(coil_group_enter(&group), -COIL_EINVALSTATE);
    return NULL;
}

TEST(TestTaskGroup, test_taskgroup_double_enter)
{
    WORLD(w);

    if (!check_walking())
        PASS(world_run(&w, group_entered_twice, NULL));
}

static void *group_finished(void *arg)
{
    GROUP(group);

    (void)arg;
    PASS(coil_group_enter(&group));
    CHECK_EQ(coil_group_exit(&group, 0), 0);
    check_refused(&group);
    FAILS(coil_err(coil_group_create_task(&group, must_not_run, NULL)), -COIL_EINVALSTATE);
    return NULL;
}

TEST(TestTaskGroup, test_taskgroup_finished)
{
    WORLD(w);

    PASS(world_run(&w, group_finished, NULL));
}

TEST(TestTaskGroup, test_taskgroup_not_entered)
{
    GROUP(group);
    WORLD(w);

    check_refused(&group);
    FAILS(coil_err(coil_group_create_task(&group, must_not_run, NULL)), -COIL_EINVALSTATE);
    PASS(world_turn(&w));
}

TEST(TestTaskGroup, test_taskgroup_without_parent_task)
{
    GROUP(group);

    FAILS(coil_group_enter(&group), -COIL_ENOLOOP);
    check_refused(&group);
}

/* ---- 3.13 ----------------------------------------------------------------------------------- */

static void *group_refuses_a_copied_argument(void *arg)
{
    char bytes[64] = "copied";
    coil_task_options options = {
        .size = sizeof(options), .copy_arg = sizeof(bytes), .name = "refused"};
    GROUP(group);

    (void)arg;
    PASS(coil_group_enter(&group));
    CHECK_EQ(coil_group_exit(&group, 0), 0);
    size_t blocks = coil_allocated_blocks();
    CHECK(coil_is_err(coil_group_create_task_with(&group, must_not_run, bytes, &options)));
    CHECK_EQ(coil_allocated_blocks(), blocks);
    return NULL;
}

TEST(TestTaskGroup, test_coro_closed_when_tg_closed)
{
    struct record warnings = {""};
    WORLD(w);

    coil_set_warning_sink(record_warning, &warnings);
    PASS(world_run(&w, group_refuses_a_copied_argument, NULL));
    coil_set_warning_sink(NULL, NULL);
    CHECK(check_walking() || !*warnings.text);
}

static void *group_preserves_cancelling(void *arg)
{
    struct foo bad = {.code = -EIO};
    GROUP(group);

    (void)arg;
    PASS(coil_group_enter(&group));
    PASS(coil_err(add(&group, &bad)));
    FAILS(coil_group_exit(&group, coil_sleep(LONG)), -EIO);
    CHECK_EQ(cancelling(), 0);
    return NULL;
}

TEST(TestTaskGroup, test_cancelling_level_preserved)
{
    WORLD(w);

    PASS(world_run(&w, group_preserves_cancelling, NULL));
}

static void *groups_both_fail(void *arg)
{
    struct foo bad1 = {.code = -EIO}, bad2 = {.code = -EPERM};
    GROUP(outer);
    GROUP(inner);

    (void)arg;
    PASS(coil_group_enter(&outer));
    PASS(coil_err(add(&outer, &bad1)));
    PASS(coil_group_enter(&inner));
    PASS(coil_err(add(&inner, &bad2)));
    FAILS(coil_group_exit(&inner, coil_sleep(LONG)), -EPERM);
    CHECK_EQ(cancelling(), 1);
    FAILS(coil_yield_now(), -ECANCELED); /* the outer one's, not lost to the inner one */
    FAILS(coil_group_exit(&outer, -ECANCELED), -EIO);
    CHECK_EQ(cancelling(), 0);
    return NULL;
}

TEST(TestTaskGroup, test_nested_groups_both_cancelled)
{
    WORLD(w);

    PASS(world_run(&w, groups_both_fail, NULL));
}

/* The failure and the cancellation come in one turn. */
static void *fails_and_cancels(void *parent)
{
    CHECK(coil_cancel(parent));
    return COIL_ERR(-EIO);
}

static void *group_error_and_cancel(void *arg)
{
    GROUP(group);

    (void)arg;
    PASS(coil_group_enter(&group));
    PASS(coil_err(coil_group_create_task(&group, fails_and_cancels, coil_current_task())));
    FAILS(coil_group_exit(&group, 0), -EIO);
    CHECK_EQ(cancelling(), 1);
    FAILS(coil_yield_now(), -ECANCELED);
    PASS(coil_yield_now());
    return NULL;
}

TEST(TestTaskGroup, test_error_and_cancel)
{
    WORLD(w);

    PASS(world_run(&w, group_error_and_cancel, NULL));
}
