// SPDX-License-Identifier: MIT
#include "world.h"

#include <errno.h>

static void *returns_it(void *arg)
{
    return arg;
}

static void *sleeps(void *arg)
{
    int rc = coil_sleep(COIL_SEC(1));

    return rc < 0 ? COIL_ERR(rc) : arg;
}

/* Their names, in the order of the list. */
static void list(coil_loop *loop, unsigned flags, int count, const char *names)
{
    coil_task *tasks[8] = {NULL};
    struct record log = {""};
    int n = coil_all_tasks(loop, tasks, 8, flags);

    CHECK_EQ(n, count);
    for (int i = 0; i < n; i++) {
        char name[16] = "";
        PASS(coil_task_name(tasks[i], name, sizeof(name)));
        record(&log, "%s", name);
        coil_unref(tasks[i]);
    }
    CHECK_STR(log.text, names);
}

TEST(tasks, those_that_are_not_done_in_the_order_of_their_creation)
{
    WORLD(w);

    list(w.loop, COIL_TASKS_PENDING, 0, "");
    COIL_AUTO coil_task *one = coil_create_task_with(w.loop, sleeps, NULL, NULL);
    COIL_AUTO coil_task *two = coil_create_task_with(w.loop, returns_it, NULL, NULL);
    COIL_AUTO coil_task *three = coil_create_task_with(w.loop, sleeps, NULL, NULL);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    list(w.loop, COIL_TASKS_PENDING, 3, "task-1 task-2 task-3");
    PASS(coil_run_until_complete(w.loop, two, NULL));
    list(w.loop, COIL_TASKS_PENDING, 2, "task-1 task-3");
    list(w.loop, COIL_TASKS_ALL, 3, "task-1 task-2 task-3");
    coil_unrefp(&two);
    list(w.loop, COIL_TASKS_ALL, 2, "task-1 task-3"); /* nobody holds it */
    PASS(coil_run_until_complete(w.loop, three, NULL));
    CHECK(coil_done(one));
    CHECK(!coil_done(future) || check_walking());
    list(w.loop, COIL_TASKS_PENDING, 0, "");
    list(w.loop, COIL_TASKS_ALL, 2, "task-1 task-3");
    PASS(coil_close(w.loop));
    list(w.loop, COIL_TASKS_ALL, 2, "task-1 task-3");
}

static void *lists_itself(void *arg)
{
    (void)arg;
    list(NULL, COIL_TASKS_PENDING, 1, "task-1");
    return NULL;
}

TEST(tasks, of_the_running_loop)
{
    WORLD(w);

    PASS(world_run(&w, lists_itself, NULL));
    FAILS(coil_all_tasks(NULL, NULL, 0, 0), -COIL_ENOLOOP);
}

TEST(tasks, more_than_there_is_room_for_are_counted)
{
    WORLD(w);
    coil_task *tasks[3] = {NULL, NULL, NULL};
    COIL_AUTO coil_task *one = coil_create_task_with(w.loop, returns_it, NULL, NULL);
    COIL_AUTO coil_task *two = coil_create_task_with(w.loop, returns_it, NULL, NULL);

    CHECK_EQ(coil_all_tasks(w.loop, NULL, 0, COIL_TASKS_PENDING), 2);
    CHECK_EQ(coil_all_tasks(w.loop, tasks, 1, COIL_TASKS_PENDING), 2);
    CHECK_PTR(tasks[0], one);
    CHECK_PTR(tasks[1], NULL);
    CHECK(!coil_done(two) || check_walking());
    coil_unref(tasks[0]);
    FAILS(coil_all_tasks(w.loop, NULL, 1, COIL_TASKS_PENDING), -EINVAL);
    FAILS(coil_all_tasks(w.loop, tasks, 3, 2), -EINVAL);
    FAILS(coil_all_tasks(COIL_ERR(-EIO), tasks, 3, 0), -EIO);
}

TEST(tasks, after_the_close_none_is_pending)
{
    coil_task *held;
    WORLD(w);

    held = coil_create_task_with(w.loop, sleeps, NULL, NULL);
    PASS(world_turn(&w));
    CHECK_EQ(coil_close(w.loop), 0);
    list(w.loop, COIL_TASKS_PENDING, 0, "");
    list(w.loop, COIL_TASKS_ALL, 1, "task-1");
    coil_unref(held);
    list(w.loop, COIL_TASKS_ALL, 0, "");
}
