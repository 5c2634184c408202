// SPDX-License-Identifier: MIT
/* CPython's test_futures.py: wrap_future, the future of what a thread does. */
#include "visitor.h"

#include <errno.h>

TEST(BaseFutureTests, test_wrap_future)
{
    VISITOR(visitor);
    void *value = NULL;
    WORLD(w);
    COIL_AUTO coil_future *future = coil_run_in_executor(w.loop, NULL, visit, &visitor);
    if (PASS(coil_run_until_complete(w.loop, future, &value))) {
        CHECK_PTR(value, &visitor);
        CHECK(!pthread_equal(visitor.thread, pthread_self()));
    }
}

/* A thread has a loop when it asks for one, unless that cannot be made: then nothing is begun. */
TEST(BaseFutureTests, test_wrap_future_without_loop)
{
    VISITOR(visitor);
    EXECUTOR(executor);
    coil_loop *none = COIL_ERR(-COIL_ENOLOOP);
    FAILS(coil_err(coil_run_in_executor(none, executor, visit, &visitor)), -COIL_ENOLOOP);
    CHECK_EQ(atomic_load(&visitor.visits), 0);
    WORLD(w);
    COIL_AUTO coil_future *future = coil_run_in_executor(w.loop, executor, visit, &visitor);
    PASS(coil_run_until_complete(w.loop, future, NULL));
    CHECK_EQ(atomic_load(&visitor.visits), 1);
}

static void *uses_its_own(void *visitor)
{
    COIL_AUTO coil_future *future = coil_run_in_executor(NULL, NULL, visit, visitor);
    return COIL_ERR(coil_await(future, NULL)); /* another loop's would be refused */
}

TEST(BaseFutureTests, test_wrap_future_use_running_loop)
{
    VISITOR(visitor);
    WORLD(w);
    PASS(world_run(&w, uses_its_own, &visitor));
}

TEST(BaseFutureTests, test_wrap_future_use_global_loop)
{
    VISITOR(visitor);
    WORLD(w);
    PASS(coil_set_event_loop(w.loop));
    COIL_AUTO coil_future *future = coil_run_in_executor(NULL, NULL, visit, &visitor);
    PASS(coil_run_until_complete(w.loop, future, NULL));
    PASS(coil_set_event_loop(NULL));
}

TEST(BaseFutureTests, test_wrap_future_cancel)
{
    VISITOR(first);
    VISITOR(second);
    {
        EXECUTOR(executor);
        WORLD(w);
        COIL_AUTO coil_future *one = coil_run_in_executor(w.loop, executor, visit_and_wait, &first);
        COIL_AUTO coil_future *two = coil_run_in_executor(w.loop, executor, visit, &second);
        CHECK(coil_cancel(two));
        sem_post(&first.go);
        PASS(coil_run_until_complete(w.loop, one, NULL));
        CHECK(coil_cancelled(two));
    }
    CHECK_EQ(atomic_load(&second.visits), 0);
}

TEST(BaseFutureTests, test_wrap_future_cancel2)
{
    const coil_job_options options = {.size = sizeof(options), .dispose = visitor_dispose};
    VISITOR(visitor);
    EXECUTOR(executor);
    WORLD(w);
    COIL_AUTO coil_future *future =
        coil_run_in_executor_with(w.loop, executor, visit, &visitor, &options);
    PASS(coil_executor_shutdown(executor, COIL_SHUTDOWN_WAIT)); /* the thread has its value */
    CHECK(coil_cancel(future));
    FAILS(coil_run_until_complete(w.loop, future, NULL), -ECANCELED);
    PASS(world_turn(&w));
    CHECK_EQ(atomic_load(&visitor.disposed), 1); /* and it is not lost */
}
