// SPDX-License-Identifier: MIT
#include "task/task.h"

#include "faults.h"
#include "loop/loop.h"
#include "world.h"

#include <coil/coil.h>

static size_t stacks_in_use(coil_loop *loop)
{
    size_t in_use = 0;

    for (int i = 0; !coil_is_err(loop) && i < STACK_CLASSES; i++)
        in_use += loop->sched->stacks.pools[i].in_use;
    return in_use;
}

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
    struct record log = {""};
    WORLD(w);
    PASS(world_run(&w, parent, &log));
    CHECK_STR(log.text, "parent child slept awaited");
    CHECK_EQ(world_time(&w), COIL_SEC(1));
}

/* ---- the beginning and the end -------------------------------------------------------------- */

static void *says(void *arg)
{
    record(arg, "runs");
    return NULL;
}

TEST(task, takes_no_step_before_a_turn)
{
    struct record log = {""};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, says, &log, NULL);

    record(&log, "created");
    CHECK_EQ(coil_future_state(task), COIL_PENDING);
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK_STR(log.text, "created runs");
}

static void *creates(void *arg)
{
    coil_unref(coil_create_task(says, arg));

    record(arg, "created");
    PASS(coil_yield_now());
    record(arg, "after");
    return NULL;
}

TEST(task, takes_no_step_inside_the_call_of_the_task_that_makes_it)
{
    struct record log = {""};
    WORLD(w);

    PASS(world_run(&w, creates, &log));
    CHECK_STR(log.text, "created runs after");
}

struct stacks_seen {
    coil_loop *loop;
    size_t before, inside;
};

static void *sees_its_stack(void *arg)
{
    struct stacks_seen *seen = arg;

    seen->inside = stacks_in_use(seen->loop);
    return NULL;
}

TEST(task, has_a_stack_from_its_first_step_to_its_end_only)
{
    struct stacks_seen seen = {.loop = NULL};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, sees_its_stack, &seen, NULL);

    seen.loop = w.loop;
    CHECK_EQ(stacks_in_use(w.loop), 0);
    CHECK_EQ(coil_loop_guard(w.loop), COIL_GUARD_NONE);
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK_EQ(seen.inside, 1);
    CHECK(coil_loop_guard(w.loop) != COIL_GUARD_NONE);
    CHECK_EQ(stacks_in_use(w.loop), 0);
}

static void *counts_its_siblings_stacks(void *arg)
{
    struct stacks_seen *seen = arg;
    struct record log = {""};
    coil_task *tasks[4];

    for (int i = 0; i < 4; i++)
        tasks[i] = coil_create_task(child, &log);
    seen->before = stacks_in_use(seen->loop);
    PASS(coil_yield_now());
    seen->inside = stacks_in_use(seen->loop);
    for (int i = 0; i < 4; i++) {
        PASS(coil_await(tasks[i], NULL));
        coil_unref(tasks[i]);
    }
    CHECK_EQ(stacks_in_use(seen->loop), 1);
    return NULL;
}

TEST(task, each_has_its_own_stack_while_it_is_under_way)
{
    struct stacks_seen seen = {.loop = NULL};
    WORLD(w);

    seen.loop = w.loop;
    PASS(world_run(&w, counts_its_siblings_stacks, &seen));
    CHECK_EQ(seen.before, 1);
    CHECK_EQ(seen.inside, 5);
    CHECK_EQ(stacks_in_use(w.loop), 0);
}

static void *awaits(void *future)
{
    FAILS(coil_await(future, NULL), -ECANCELED);
    return NULL;
}

TEST(task, those_that_wait_give_their_stacks_back_when_the_loop_closes)
{
    struct record log = {""};
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    for (int i = 0; i < 3; i++)
        coil_unref(coil_create_task_with(w.loop, awaits, future, NULL));
    PASS(world_run(&w, creates, &log));
    CHECK_EQ(stacks_in_use(w.loop), 3);
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK_EQ(stacks_in_use(w.loop), 0);
}

TEST(task, without_memory_for_a_stack_it_ends)
{
    struct record log = {""};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, says, &log, NULL);

    if (check_walking()) /* it has faults of its own */
        return;
    faults_fail(1, "os_reserve");
    FAILS(coil_run_until_complete(w.loop, task, NULL), -ENOMEM);
    faults_end();
    CHECK_EQ(coil_future_state(task), COIL_FINISHED);
    CHECK_STR(log.text, "");
    PASS(world_run(&w, says, &log)); /* the loop goes on */
    CHECK_STR(log.text, "runs");
}

static void fails_at(struct world *w, size_t k)
{
    const coil_task_options options = {.size = sizeof(options), .name = "name", .copy_arg = 1};

    faults_fail(k, NULL);
    FAILS(coil_err(coil_create_task_with(w->loop, says, w, &options)), -ENOMEM);
    CHECK_EQ(faults_met(), k);
    faults_end();
}

TEST(task, without_memory_none_is_made)
{
    struct record log = {""};
    WORLD(w);

    if (check_walking())
        return;
    fails_at(&w, 1); /* for the head */
    PASS(world_run(&w, says, &log));
    fails_at(&w, 1); /* for its extras */
    fails_at(&w, 2); /* for the name */
    fails_at(&w, 3); /* for the copy */
    CHECK_STR(log.text, "runs");
}

TEST(task, nobody_has_to_hold_it)
{
    struct record log = {""};
    WORLD(w);

    coil_unref(coil_create_task_with(w.loop, child, &log, NULL));
    FAILS(coil_run_forever(w.loop), -COIL_EDEADLOCK);
    CHECK_STR(log.text, "child slept");
}

static void *goes(void *arg)
{
    CHECK_EQ(coil_go(child, arg), 0);
    FAILS(coil_go(NULL, arg), -EINVAL);
    record(arg, "went");
    PASS(coil_sleep(COIL_SEC(2)));
    return NULL;
}

TEST(task, coil_go_starts_one_that_nobody_holds)
{
    struct record log = {""};
    WORLD(w);

    PASS(world_run(&w, goes, &log));
    CHECK_STR(log.text, "went child slept");
}

/* ---- results -------------------------------------------------------------------------------- */

static void *returns_its_argument(void *arg)
{
    return arg;
}

TEST(task, every_pointer_below_the_codes_is_a_result)
{
    WORLD(w);
    const uintptr_t values[] = {0, 1, (uintptr_t)&w, (uintptr_t)-COIL_ERROR_MAX - 1};

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        COIL_AUTO coil_task *task =
            coil_create_task_with(w.loop, returns_its_argument, (void *)values[i], NULL);
        void *result = &task;
        CHECK_EQ(coil_run_until_complete(w.loop, task, &result), 0);
        CHECK_PTR(result, (void *)values[i]);
    }
}

TEST(task, every_code_is_an_error)
{
    WORLD(w);
    static const int codes[] = {-1, -EIO, -COIL_ESTOPPED, -COIL_ERROR_MAX};

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        FAILS(world_run(&w, returns_its_argument, COIL_ERR(codes[i])), codes[i]);
}

/* ---- who runs ------------------------------------------------------------------------------- */

static int no_task_here(void *arg)
{
    record(arg, "callback");
    CHECK_PTR(coil_current_task(), NULL);
    return 0;
}

static void *knows_itself(void *self)
{
    CHECK_PTR(coil_current_task(), *(coil_task **)self);
    PASS(coil_sleep(1));
    CHECK_PTR(coil_current_task(), *(coil_task **)self);
    return NULL;
}

TEST(task, the_current_one_is_known)
{
    struct record log = {""};
    WORLD(w);
    coil_task *one = NULL, *two = NULL;

    CHECK_PTR(coil_current_task(), NULL);
    one = coil_create_task_with(w.loop, knows_itself, &one, NULL);
    PASS(coil_handle_error(coil_call_soon(w.loop, no_task_here, &log)));
    two = coil_create_task_with(w.loop, knows_itself, &two, NULL);
    PASS(coil_run_until_complete(w.loop, two, NULL));
    CHECK_STR(log.text, "callback");
    CHECK_PTR(coil_current_task(), NULL);
    coil_unref(one);
    coil_unref(two);
}

/* ---- options -------------------------------------------------------------------------------- */

TEST(task, it_has_a_name)
{
    char buffer[16] = "";
    WORLD(w);
    const coil_task_options options = {.size = sizeof(options), .name = "crawler of pages"};
    COIL_AUTO coil_task *first = coil_create_task_with(w.loop, returns_its_argument, NULL, NULL);
    COIL_AUTO coil_task *named =
        coil_create_task_with(w.loop, returns_its_argument, NULL, &options);
    COIL_AUTO coil_task *third = coil_create_task_with(w.loop, returns_its_argument, NULL, NULL);

    CHECK_EQ(coil_task_name(first, buffer, sizeof(buffer)), 6);
    CHECK_STR(buffer, "task-1");
    CHECK_EQ(coil_task_name(third, buffer, sizeof(buffer)), 6);
    CHECK_STR(buffer, "task-3");
    CHECK_EQ(coil_task_name(named, buffer, sizeof(buffer)), 16);
    CHECK_STR(buffer, "crawler of page");
    CHECK_EQ(coil_task_name(named, buffer, 1), 16);
    CHECK_STR(buffer, "");
}

TEST(task, its_name_is_a_copy)
{
    char name[] = "mine", buffer[16] = "";
    WORLD(w);
    const coil_task_options options = {.size = sizeof(options), .name = name};
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, returns_its_argument, NULL, &options);

    memset(name, 'x', sizeof(name) - 1);
    PASS(coil_task_name(task, buffer, sizeof(buffer)));
    CHECK_STR(buffer, "mine");
    PASS(coil_run_until_complete(w.loop, task, NULL));
    PASS(coil_task_name(task, buffer, sizeof(buffer)));
    CHECK_STR(buffer, "mine");
}

TEST(task, only_tasks_have_names_and_only_buffers_get_them)
{
    char buffer[16];
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, returns_its_argument, NULL, NULL);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    FAILS(coil_task_name(future, buffer, sizeof(buffer)), -EINVAL);
    FAILS(coil_task_name(task, NULL, sizeof(buffer)), -EINVAL);
    FAILS(coil_task_name(task, buffer, 0), -EINVAL);
}

TEST(task, tells_what_it_runs)
{
    coil_coro coroutine = {NULL, NULL};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, returns_its_argument, &w, NULL);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    if (!PASS(coil_task_coroutine(task, &coroutine)))
        return;
    CHECK(coroutine.fn == returns_its_argument && coroutine.arg == &w);
    FAILS(coil_task_coroutine(task, NULL), -EINVAL);
    FAILS(coil_task_coroutine(NULL, &coroutine), -EINVAL);
    FAILS(coil_task_coroutine(COIL_ERR(-EIO), &coroutine), -EIO);
    FAILS(coil_task_coroutine(future, &coroutine), -EINVAL);
}

static void *reads_its_copy(void *arg)
{
    const int *value = arg;

    CHECK_EQ(*value, 42);
    PASS(coil_sleep(1));
    CHECK_EQ(*value, 42);
    return NULL;
}

TEST(task, copies_its_argument_when_asked)
{
    int value = 42;
    WORLD(w);
    const coil_task_options options = {.size = sizeof(options), .copy_arg = sizeof(value)};
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, reads_its_copy, &value, &options);

    value = 7;
    PASS(coil_run_until_complete(w.loop, task, NULL));
}

TEST(task, bad_options_are_refused)
{
    WORLD(w);
    const coil_task_options bad[] = {
        {.size = 0},
        {.size = sizeof(bad[0]) - 1},
        {.size = sizeof(bad[0]) + 1},
        {.size = sizeof(bad[0]), .stack_size = (8 << 20) + 1},
        {.size = sizeof(bad[0]), .stack_size = SIZE_MAX},
        {.size = sizeof(bad[0]), .copy_arg = 1},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        FAILS(coil_err(coil_create_task_with(w.loop, says, NULL, &bad[i])), -EINVAL);
    FAILS(coil_err(coil_create_task_with(w.loop, NULL, &w, NULL)), -EINVAL);
    FAILS(coil_err(coil_create_task(NULL, &w)), -EINVAL);
}

TEST(task, a_closed_loop_takes_none)
{
    WORLD(w);

    PASS(coil_close(w.loop));
    FAILS(coil_err(coil_create_task_with(w.loop, says, NULL, NULL)), -COIL_ECLOSED);
}

/* ---- stacks --------------------------------------------------------------------------------- */

/* Calls itself until this much of the stack is used; the frames are real ones. */
static __attribute__((noinline)) size_t use_stack(const char *top, size_t most)
{
    volatile char frame[256];
    const char *here = __builtin_frame_address(0);
    size_t used = (size_t)(top - here);

    frame[0] = frame[sizeof(frame) - 1] = 1;
    if (used < most)
        used = use_stack(top, most);
    frame[1] = frame[0];
    return used;
}

/* What is left for frames: without the guard, our own part, the colour and the last call. */
static void *uses_nearly_all(void *arg)
{
    size_t size = *(size_t *)arg, most = size - (12 << 10);

    CHECK(use_stack(__builtin_frame_address(0), most) >= most);
    PASS(coil_sleep(1));
    CHECK(use_stack(__builtin_frame_address(0), most) >= most);
    return NULL;
}

TEST(task, its_stack_holds_deep_calls)
{
    size_t size = 64 << 10;
    WORLD(w);

    PASS(world_run(&w, uses_nearly_all, &size));
}

TEST(task, its_stack_is_as_large_as_asked)
{
    size_t sizes[] = {128 << 10, 1 << 20, 8 << 20};
    WORLD(w);

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        const coil_task_options options = {.size = sizeof(options), .stack_size = sizes[i]};
        COIL_AUTO coil_task *task =
            coil_create_task_with(w.loop, uses_nearly_all, &sizes[i], &options);
        PASS(coil_run_until_complete(w.loop, task, NULL));
    }
}

static void *sees_its_stacks_size(void *arg)
{
    const struct stack *stack = coil_current_task()->run->fiber.stack;
    size_t used = (size_t)((const char *)stack - stack->low) + OS_PAGE, size = STACK_SIZE_MIN;

    while (size < used)
        size *= 2;
    *(size_t *)arg = size;
    return NULL;
}

TEST(task, a_stack_s_size_is_rounded_up)
{
    WORLD(w);
    static const size_t asked[] = {1, 16 << 10, (16 << 10) + 1, 60000, 65536, 65537};
    static const size_t given[] = {16 << 10, 16 << 10, 32 << 10, 65536, 65536, 131072};

    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        const coil_task_options options = {.size = sizeof(options), .stack_size = asked[i]};
        size_t size = 0;
        COIL_AUTO coil_task *task =
            coil_create_task_with(w.loop, sees_its_stacks_size, &size, &options);
        PASS(coil_run_until_complete(w.loop, task, NULL));
        CHECK_EQ(size, given[i]);
    }
}

TEST(task, without_a_wish_its_stack_is_the_loops)
{
    coil_sim *sim = coil_sim_new(NULL);
    const coil_loop_options loop_options = {
        .size = sizeof(loop_options), .sim = sim, .stack_size = 256 << 10};
    struct world w = {.sim = sim, .loop = coil_loop_new(&loop_options)};
    size_t size = 0;

    PASS(world_run(&w, sees_its_stacks_size, &size));
    CHECK_EQ(size, 256 << 10);
    world_free(&w);
}

/* ---- sleeping and yielding ------------------------------------------------------------------ */

TEST(task, outside_a_task_nothing_sleeps)
{
    FAILS(coil_sleep(COIL_SEC(1)), -COIL_ENOLOOP);
    FAILS(coil_sleep(0), -COIL_ENOLOOP);
    FAILS(coil_yield_now(), -COIL_ENOLOOP);
}

static void *yields_alone(void *arg)
{
    (void)arg;
    for (int i = 0; i < 100; i++)
        PASS(coil_yield_now());
    return NULL;
}

TEST(task, one_that_yields_alone_goes_on)
{
    WORLD(w);

    PASS(world_run(&w, yields_alone, NULL));
    CHECK_EQ(world_time(&w), 0);
}

static void *yields_in_turn(void *arg)
{
    for (int i = 0; i < 3; i++) {
        record(arg, "%d", i);
        PASS(coil_yield_now());
    }
    return NULL;
}

TEST(task, tasks_that_yield_take_turns)
{
    struct record log = {""};
    WORLD(w);
    coil_unref(coil_create_task_with(w.loop, yields_in_turn, &log, NULL));
    COIL_AUTO coil_task *two = coil_create_task_with(w.loop, yields_in_turn, &log, NULL);

    PASS(coil_run_until_complete(w.loop, two, NULL));
    CHECK_STR(log.text, "0 0 1 1 2 2");
}

static void *returns_its_copy(void *copy)
{
    return copy;
}

TEST(task, a_copied_argument_lives_as_long_as_the_task_is_held)
{
    int seven = 7;
    void *result = NULL;
    coil_task_options options = {.size = sizeof(options), .copy_arg = sizeof(seven)};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, returns_its_copy, &seven, &options);
    PASS(coil_run_until_complete(w.loop, task, &result));
    CHECK(check_walking() || (result && result != &seven && *(int *)result == 7));
}
