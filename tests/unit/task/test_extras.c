// SPDX-License-Identifier: MIT
#include "task/extras.h"

#include "faults.h"
#include "world.h"

static void *does_nothing(void *arg)
{
    return arg;
}

TEST(extras, a_task_may_be_renamed)
{
    char text[] = "second", buffer[16] = "";
    WORLD(w);
    const coil_task_options options = {.size = sizeof(options), .name = "first"};
    COIL_AUTO coil_task *named = coil_create_task_with(w.loop, does_nothing, NULL, &options);
    COIL_AUTO coil_task *unnamed = coil_create_task_with(w.loop, does_nothing, NULL, NULL);

    PASS(coil_task_set_name(named, text));
    memset(text, 'x', sizeof(text) - 1); /* it is a copy */
    PASS(coil_task_name(named, buffer, sizeof(buffer)));
    CHECK_STR(buffer, "second");
    PASS(coil_task_set_name(unnamed, ""));
    CHECK_EQ(coil_task_name(unnamed, buffer, sizeof(buffer)), 0);
    CHECK_STR(buffer, "");
    PASS(coil_run_until_complete(w.loop, unnamed, NULL));
    PASS(coil_task_set_name(unnamed, "done")); /* also after its end */
    PASS(coil_task_name(unnamed, buffer, sizeof(buffer)));
    CHECK_STR(buffer, "done");
}

TEST(extras, only_tasks_are_renamed)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, does_nothing, NULL, NULL);

    FAILS(coil_task_set_name(NULL, "name"), -EINVAL);
    FAILS(coil_task_set_name(COIL_ERR(-EIO), "name"), -EIO);
    FAILS(coil_task_set_name(future, "name"), -EINVAL);
    FAILS(coil_task_set_name(task, NULL), -EINVAL);
    CHECK(coil_is_err(future) || !future->extras);
    CHECK(coil_is_err(task) || !task->extras); /* nothing is made for those who have none */
}

TEST(extras, without_memory_the_old_name_stays)
{
    char buffer[16] = "";
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, does_nothing, NULL, NULL);

    if (check_walking())
        return;
    for (size_t k = 1; k <= 2; k++) { /* the extras, the copy */
        faults_fail(k, NULL);
        FAILS(coil_task_set_name(task, "name"), -ENOMEM);
        faults_end();
        PASS(coil_task_name(task, buffer, sizeof(buffer)));
        CHECK_STR(buffer, "task-1");
    }
    PASS(coil_task_set_name(task, "name"));
    PASS(coil_task_name(task, buffer, sizeof(buffer)));
    CHECK_STR(buffer, "name");
}
