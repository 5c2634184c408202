// SPDX-License-Identifier: MIT
/* CPython's test_tasks.py: debug mode. */
#include "world.h"

#include <stdlib.h>

static void *returns_it(void *arg)
{
    return arg;
}

static __attribute__((noinline)) coil_task *makes_one(coil_loop *loop)
{
    coil_task *task = coil_create_task_with(loop, returns_it, NULL, NULL);

    PASS(coil_err(task));
    return task;
}

TEST(BaseTaskTests, test_task_source_traceback)
{
    char text[256] = "";
    WORLD(w);
    PASS(coil_set_debug(w.loop, true));
    COIL_AUTO coil_task *task = makes_one(w.loop);

    if (check_walking())
        return;
    PASS(coil_describe(task, text, sizeof(text)));
    CHECK_STR(text, "<task 'task-1' pending coro=returns_it created=makes_one>");
    PASS(coil_run_until_complete(w.loop, task, NULL));
    PASS(coil_describe(task, text, sizeof(text))); /* also afterwards */
    CHECK(strstr(text, "finished") && strstr(text, "created=makes_one"));
}

static void *asks(void *debug)
{
    *(bool *)debug = coil_get_debug(coil_get_running_loop());
    return NULL;
}

/* What a coroutine sees of debug mode that a gather of a new loop runs. */
static bool debug_in_a_gather(const char *environment, int option)
{
    bool debug = false;
    const coil_coro coroutine = {asks, &debug};
    coil_sim *sim = coil_sim_new(NULL);
    const coil_loop_options options = {.size = sizeof(options), .sim = sim, .debug = option};

    PASS(environment ? setenv("COIL_DEBUG", environment, 1) : unsetenv("COIL_DEBUG"));
    coil_loop *loop = coil_loop_new(&options);
    PASS(unsetenv("COIL_DEBUG"));
    PASS(coil_set_event_loop(loop));
    if (!coil_is_err(loop)) {
        COIL_AUTO coil_future *all = coil_gather(&coroutine, 1, 0);
        PASS(coil_run_until_complete(loop, all, NULL));
    }
    PASS(coil_set_event_loop(NULL));
    PASS(coil_loop_free(loop));
    PASS(coil_sim_free(sim));
    return debug;
}

TEST(GatherTestsBase, test_env_var_debug)
{
    CHECK(!debug_in_a_gather(NULL, 0));
    CHECK(!debug_in_a_gather("", 0));
    CHECK(debug_in_a_gather("1", 0) || check_walking());
    CHECK(!debug_in_a_gather("1", -1));
    CHECK(debug_in_a_gather("", 1) || check_walking());
}
