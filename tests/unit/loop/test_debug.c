// SPDX-License-Identifier: MIT
#include "loop/debug.h"

#include "loop/loop.h"
#include "world.h"

struct ear {
    struct record log;
    coil_exception_context last;
};

static void hear(coil_loop *loop, const coil_exception_context *context, void *userdata)
{
    struct ear *ear = userdata;
    char name[32] = "callback";

    (void)loop;
    if (context->future)
        PASS(coil_task_name(context->future, name, sizeof(name)));
    const char *took = strstr(context->message, "took");
    record(&ear->log, "[%s: %s]", name, took ? took : "failed");
    ear->last = *context;
}

/* A world in debug mode, and an ear. */
#define DEBUG_WORLD(name, ear)                                                                     \
    struct ear ear = {.last = {.size = 0}};                                                        \
    WORLD(name);                                                                                   \
    PASS(coil_set_debug(name.loop, true));                                                         \
    PASS(coil_set_exception_handler(name.loop, hear, &(ear)))

static int blocks(void *ms)
{
    PASS(coil_block_for(*(const coil_time *)ms));
    return 0;
}

static int fails(void *unused)
{
    (void)unused;
    return -5;
}

static void *blocks_in_two_steps(void *unused)
{
    PASS(coil_block_for(COIL_MS(99)));
    PASS(coil_yield_now());
    PASS(coil_block_for(COIL_MS(100)));
    return unused;
}

/* It ends between two that end, in one iteration: each step is timed alone. */
static void *quick(void *unused)
{
    PASS(coil_yield_now());
    return unused;
}

TEST(debug, reports_the_step_that_keeps_the_thread)
{
    DEBUG_WORLD(w, ear);
    COIL_AUTO coil_task *one = coil_create_task_with(w.loop, quick, NULL, NULL);
    COIL_AUTO coil_task *two = coil_create_task_with(w.loop, blocks_in_two_steps, NULL, NULL);
    COIL_AUTO coil_task *three = coil_create_task_with(w.loop, quick, NULL, NULL);
    for (int i = 0; i < 3; i++)
        PASS(world_turn(&w));
    CHECK_STR(ear.log.text, "[task-2: took 0.100000 s]");
    CHECK_PTR(ear.last.future, two);
    CHECK(coil_done(one) && coil_done(three));
}

TEST(debug, reports_a_slow_callback_with_its_origin)
{
    static const coil_time short_time = COIL_MS(10), long_time = COIL_MS(1500);
    DEBUG_WORLD(w, ear);
    PASS(coil_handle_error(coil_call_soon(w.loop, blocks, (void *)&short_time)));
    PASS(coil_handle_error(coil_call_later(w.loop, 0, blocks, (void *)&long_time)));
    PASS(coil_handle_error(coil_call_soon(w.loop, fails, NULL)));
    PASS(world_turn(&w));
    CHECK(strstr(ear.log.text, "[callback: took 1.500000 s]") != NULL);
    CHECK(ear.last.callback == blocks || check_walking());
    CHECK_PTR(ear.last.userdata, check_walking() ? ear.last.userdata : &long_time);
    CHECK(ear.last.origin != NULL || check_walking());
}

TEST(debug, says_where_a_callback_that_fails_was_asked_for)
{
    DEBUG_WORLD(w, ear);
    for (int i = 0; i < 3; i++) {
        coil_handle handle = i == 0   ? coil_call_soon(w.loop, fails, NULL)
                             : i == 1 ? coil_call_soon_threadsafe(w.loop, fails, NULL)
                                      : coil_call_later(w.loop, 0, fails, NULL);
        ear.last.origin = NULL;
        if (PASS(coil_handle_error(handle)))
            PASS(world_turn(&w));
        CHECK(ear.last.origin != NULL || check_walking());
    }
}

TEST(debug, the_duration_decides)
{
    static const coil_time time = COIL_MS(20);
    DEBUG_WORLD(w, ear);
    CHECK_EQ(coil_get_slow_callback_duration(w.loop), COIL_MS(100));
    PASS(coil_set_slow_callback_duration(w.loop, COIL_MS(20)));
    CHECK_EQ(coil_get_slow_callback_duration(w.loop), COIL_MS(20));
    PASS(coil_handle_error(coil_call_soon(w.loop, blocks, (void *)&time)));
    PASS(world_turn(&w));
    CHECK_STR(ear.log.text, "[callback: took 0.020000 s]");
}

TEST(debug, without_it_nothing_is_reported)
{
    static const coil_time time = COIL_SEC(9);
    DEBUG_WORLD(w, ear);
    CHECK(coil_get_debug(w.loop));
    PASS(coil_set_debug(w.loop, false));
    CHECK(!coil_get_debug(w.loop));
    PASS(coil_handle_error(coil_call_soon(w.loop, blocks, (void *)&time)));
    PASS(coil_handle_error(coil_call_soon(w.loop, fails, NULL)));
    PASS(world_turn(&w));
    CHECK_PTR(ear.last.origin, NULL);
    CHECK(!strstr(ear.log.text, "took"));
}

TEST(debug, bad_arguments_are_refused)
{
    WORLD(w);
    FAILS(coil_set_debug(NULL, true), -EINVAL);
    FAILS(coil_set_debug(COIL_ERR(-EIO), true), -EIO);
    CHECK(!coil_get_debug(NULL) && !coil_get_debug(COIL_ERR(-EIO)));
    FAILS(coil_set_slow_callback_duration(NULL, 1), -EINVAL);
    FAILS(coil_set_slow_callback_duration(w.loop, -1), -EINVAL);
    FAILS(coil_get_slow_callback_duration(NULL), -EINVAL);
    FAILS(coil_get_slow_callback_duration(COIL_ERR(-EIO)), -EIO);
}
