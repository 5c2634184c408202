// SPDX-License-Identifier: MIT
/* CPython's test_tasks.py: task-local values. */
#include "world.h"

static coil_local variable = {"variable", (void *)-5000};

static void is(intptr_t value)
{
    CHECK(check_walking() || (intptr_t)coil_local_get(&variable) == value);
}

static void set(intptr_t value)
{
    PASS(coil_local_set(&variable, (void *)value, NULL));
}

/* ---- copies -------------------------------------------------------------------------------- */

static void *child(void *arg)
{
    is(1);
    PASS(coil_yield_now());
    is(1);
    set(2);
    PASS(coil_yield_now());
    is(2);
    return arg;
}

static void *parent(void *arg)
{
    is(-5000);
    set(1);
    COIL_AUTO coil_task *task = coil_create_task(child, arg);
    set(3);
    PASS(coil_await(task, NULL));
    is(3);
    return arg;
}

TEST(BaseTaskTests, test_context_1)
{
    WORLD(w);

    PASS(world_run(&w, parent, NULL));
}

static void done(coil_future *future, void *arg)
{
    (void)future;
    is(3);
    set(99);
    ++*(int *)arg;
}

static void *adds_a_callback(void *arg)
{
    COIL_AUTO coil_future *future = coil_create_future(NULL);

    set(3);
    PASS(coil_add_done_callback(future, done, arg));
    set(4);
    PASS(coil_set_result(future, NULL));
    PASS(coil_yield_now());
    PASS(coil_yield_now());
    is(4);
    return NULL;
}

TEST(BaseTaskTests, test_context_2)
{
    int calls = 0;
    WORLD(w);

    PASS(world_run(&w, adds_a_callback, &calls));
    CHECK(calls == 1 || check_walking());
}

static void *keeps_its_own(void *arg)
{
    intptr_t number = (intptr_t)arg;

    for (int i = 0; i < 30; i++) {
        set(number + i);
        PASS(coil_yield_now());
        is(number + i);
    }
    return NULL;
}

static void *starts_a_hundred(void *arg)
{
    enum { N = 100 };
    coil_coro coroutines[N];

    for (intptr_t i = 0; i < N; i++)
        coroutines[i] = (coil_coro){keeps_its_own, (void *)(i * 1000)};
    COIL_AUTO coil_future *all = coil_gather(coroutines, N, 0);
    PASS(coil_await(all, NULL));
    return arg;
}

TEST(BaseTaskTests, test_context_3)
{
    WORLD(w);

    PASS(world_run(&w, starts_a_hundred, NULL));
    is(-5000);
}

/* ---- contexts of one's own ------------------------------------------------------------------ */

struct shared {
    coil_context *context;
    coil_loop *loop; /* NULL: the running one */
};

static void *sets_nine(void *arg)
{
    is(2);
    set(9);
    return arg;
}

static void *sees_nine(void *arg)
{
    is(9);
    return arg;
}

static void *gives_a_context(void *arg)
{
    struct shared *shared = arg;

    set(2);
    shared->context = coil_copy_context();
    const coil_task_options options = {.size = sizeof(options), .context = shared->context};
    set(7);
    COIL_AUTO coil_task *one = coil_create_task_with(shared->loop, sets_nine, arg, &options);
    COIL_AUTO coil_task *two = coil_create_task_with(shared->loop, sees_nine, arg, &options);
    PASS(coil_await(one, NULL));
    PASS(coil_await(two, NULL));
    is(7);
    CHECK(check_walking() || coil_context_get(shared->context, &variable) == (void *)9);
    return NULL;
}

static void shares(coil_loop *(*named)(struct world *))
{
    struct shared shared = {.context = NULL};
    WORLD(w);

    shared.loop = named(&w);
    PASS(world_run(&w, gives_a_context, &shared));
    coil_context_unref(shared.context);
}

static coil_loop *running(struct world *w)
{
    (void)w;
    return NULL;
}

static coil_loop *by_name(struct world *w)
{
    return w->loop;
}

TEST(BaseTaskTests, test_context_4)
{
    shares(running);
}

TEST(BaseTaskTests, test_context_5)
{
    shares(running);
}

TEST(BaseTaskTests, test_context_6)
{
    shares(by_name);
}

TEST(BaseTaskTests, test_get_context)
{
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, keeps_its_own, (void *)0, NULL);
    coil_context *context = coil_task_context(task), *again = coil_task_context(task);

    CHECK(check_walking() || context == again);
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK(check_walking() || coil_context_get(context, &variable) == (void *)29);
    coil_context_unref(context);
    coil_context_unref(again);
}
