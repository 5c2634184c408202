// SPDX-License-Identifier: MIT
/* CPython's test_threads.py. */
#include "visitor.h"

#include <errno.h>

static void *goes(void *visitor)
{
    void *result = NULL;

    PASS(coil_to_thread(visit, visitor, &result));
    return result;
}

static void *is_given_back(void *visitor)
{
    CHECK_PTR(goes(visitor), visitor);
    CHECK(!pthread_equal(((struct visitor *)visitor)->thread, pthread_self()));
    return NULL;
}

TEST(ToThreadTests, test_to_thread)
{
    VISITOR(visitor);
    WORLD(w);
    PASS(world_run(&w, is_given_back, &visitor));
}

static void *fails(void *unused)
{
    (void)unused;
    return COIL_ERR(-EDOM);
}

static void *hears_of_failure(void *unused)
{
    FAILS(coil_to_thread(fails, NULL, NULL), -EDOM);
    return unused;
}

TEST(ToThreadTests, test_to_thread_exception)
{
    WORLD(w);
    PASS(world_run(&w, hears_of_failure, NULL));
}

TEST(ToThreadTests, test_to_thread_once)
{
    VISITOR(visitor);
    WORLD(w);
    PASS(world_run(&w, goes, &visitor));
    CHECK_EQ(atomic_load(&visitor.visits), 1);
}

enum { CALLS = 10 };

static void *goes_ten_times_at_once(void *visitors)
{
    coil_coro calls[CALLS];

    for (int i = 0; i < CALLS; i++)
        calls[i] = (coil_coro){goes, (struct visitor *)visitors + i};
    COIL_AUTO coil_future *all = coil_gather(calls, CALLS, 0);
    return COIL_ERR(coil_await(all, NULL));
}

TEST(ToThreadTests, test_to_thread_concurrent)
{
    struct visitor visitors[CALLS];
    for (int i = 0; i < CALLS; i++)
        visitor_init(&visitors[i]);
    {
        WORLD(w);
        PASS(world_run(&w, goes_ten_times_at_once, visitors));
    }
    for (int i = 0; i < CALLS; i++) {
        CHECK_EQ(atomic_load(&visitors[i].visits), 1);
        visitor_fini(&visitors[i]);
    }
}

static void *same(void *arg)
{
    return arg;
}

static void *passes_any_pointer(void *unused)
{
    void *const values[] = {NULL, (void *)1, (void *)&values};

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        void *back = &back;
        PASS(coil_to_thread(same, values[i], &back));
        CHECK_PTR(back, values[i]);
    }
    return unused;
}

TEST(ToThreadTests, test_to_thread_args_kwargs)
{
    WORLD(w);
    PASS(world_run(&w, passes_any_pointer, NULL));
}

static const coil_local parrot = {"parrot", NULL};

static void *looks(void *unused)
{
    (void)unused;
    return coil_local_get(&parrot);
}

static void *takes_its_locals_along(void *unused)
{
    void *seen = NULL;

    PASS(coil_local_set(&parrot, (void *)"dead", NULL));
    if (PASS(coil_to_thread(looks, NULL, &seen)))
        CHECK_STR(seen, "dead");
    return unused;
}

TEST(ToThreadTests, test_to_thread_contextvars)
{
    WORLD(w);
    PASS(world_run(&w, takes_its_locals_along, NULL));
}
