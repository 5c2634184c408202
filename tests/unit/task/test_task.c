// SPDX-License-Identifier: MIT
#include "world.h"

static void *child(void *arg)
{
    struct record *log = arg;
    record(log, "child");
    PASS(coil_sleep(COIL_SEC(1)));
    record(log, "slept");
    return log;
}

static void *parent(void *arg)
{
    COIL_AUTO coil_task *task = coil_create_task(child, arg);
    void *result = NULL;
    record(arg, "parent");
    PASS(coil_await(task, &result));
    record(arg, "awaited");
    CHECK_PTR(result, arg);
    return NULL;
}

TEST(task, awaits_a_child)
{
    WORLD(w);
    struct record log = {""};
    PASS(world_run(&w, parent, &log));
    CHECK_STR(log.text, "parent child slept awaited");
    CHECK_EQ(world_time(&w), COIL_SEC(1));
}
