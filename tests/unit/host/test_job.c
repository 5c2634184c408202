// SPDX-License-Identifier: MIT
#include "jobs.h"

#include <string.h>

static const coil_job_options owned = {
    .size = sizeof(owned), .free_arg = gate_free, .dispose = gate_dispose};

/* ---- to a thread and back ------------------------------------------------------------------- */

static void *goes_to_a_thread(void *arg)
{
    struct gate *gate = arg;
    void *result = NULL;
    int rc = coil_to_thread(job_pass, gate, &result);

    if (rc == 0) {
        CHECK_PTR(result, gate);
        CHECK_EQ(atomic_load(&gate->calls), 1);
        CHECK(!pthread_equal(gate->thread, pthread_self()));
    }
    return COIL_ERR(rc);
}

TEST(job, runs_on_a_thread_once)
{
    GATE(gate);
    WORLD(w);
    PASS(world_run(&w, goes_to_a_thread, &gate));
}

static void *fails(void *unused)
{
    (void)unused;
    return COIL_ERR(-EPROTO);
}

static void *goes_to_fail(void *unused)
{
    (void)unused;
    return COIL_ERR(coil_to_thread(fails, NULL, NULL));
}

static void *gives_up(void *unused)
{
    (void)unused;
    return COIL_ERR(-ECANCELED);
}

TEST(job, its_code_is_the_futures)
{
    WORLD(w);
    int rc = world_run(&w, goes_to_fail, NULL);
    CHECK(rc == -EPROTO || check_walking());
    COIL_AUTO coil_future *future = coil_run_in_executor(w.loop, NULL, gives_up, NULL);
    rc = coil_run_until_complete(w.loop, future, NULL);
    CHECK((rc == -ECANCELED && coil_cancelled(future)) || check_walking());
}

static int count(void *counter)
{
    ++*(int *)counter;
    return 0;
}

static void *waits_in_a_thread(void *gate)
{
    return COIL_ERR(coil_to_thread(job_wait, gate, NULL));
}

/* A deadline is ahead, and nothing is ready: without the thread the clock would jump there. */
TEST(job, virtual_time_stands_still_for_it)
{
    GATE(gate);
    int later = 0;
    if (!world_is_virtual())
        return;
    WORLD(w);
    sem_post(&gate.go);
    coil_handle timer = coil_call_later(w.loop, COIL_MS(1), count, &later);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, waits_in_a_thread, &gate, NULL);
    if (PASS(coil_run_until_complete(w.loop, task, NULL))) {
        CHECK_EQ(world_time(&w), 0);
        CHECK_EQ(later, 0);
    }
    (void)coil_handle_cancel(w.loop, timer);
}

static int advance(void *sim)
{
    PASS(coil_sim_advance(sim, COIL_SEC(2)));
    return 0;
}

static void *waits_a_second_for_a_thread(void *arg)
{
    struct gate *gate = arg;
    COIL_AUTO coil_future *future = coil_run_in_executor(NULL, NULL, job_wait, gate);
    int rc = coil_wait_for(future, COIL_SEC(1), NULL);

    CHECK(rc == -ETIMEDOUT || check_walking());
    return NULL;
}

TEST(job, the_program_moves_virtual_time_past_it)
{
    GATE(gate);
    EXECUTOR(executor, 1);
    if (!world_is_virtual())
        return;
    WORLD(w);
    if (coil_set_default_executor(w.loop, executor) < 0)
        return;
    COIL_AUTO coil_task *task =
        coil_create_task_with(w.loop, waits_a_second_for_a_thread, &gate, NULL);
    PASS(world_turn(&w));
    if (coil_handle_error(coil_call_soon(w.loop, advance, w.sim)) == 0)
        PASS(coil_run_until_complete(w.loop, task, NULL));
    sem_post(&gate.go);
}

/* ---- who owns what -------------------------------------------------------------------------- */

struct numbers {
    int first, second;
};

static void *adds(void *arg)
{
    const struct numbers *numbers = arg;
    return (void *)(intptr_t)(numbers->first + numbers->second);
}

TEST(job, a_copied_argument_is_its_own)
{
    const coil_job_options options = {.size = sizeof(options), .copy_arg = sizeof(struct numbers)};
    struct numbers numbers = {3, 4};
    void *sum = NULL;
    WORLD(w);
    COIL_AUTO coil_future *future =
        coil_run_in_executor_with(w.loop, NULL, adds, &numbers, &options);
    memset(&numbers, 0, sizeof(numbers));
    if (PASS(coil_run_until_complete(w.loop, future, &sum)))
        CHECK_EQ((intptr_t)sum, 7);
}

TEST(job, an_argument_that_was_given_away_is_freed_once)
{
    GATE(gate);
    void *result;
    {
        WORLD(w);
        COIL_AUTO coil_future *future =
            coil_run_in_executor_with(w.loop, NULL, job_pass, &gate, &owned);
        if (PASS(coil_run_until_complete(w.loop, future, &result)))
            CHECK_EQ(atomic_load(&gate.calls), 1);
    }
    CHECK_EQ(atomic_load(&gate.freed), 1);
    CHECK_EQ(atomic_load(&gate.disposed), 0);
}

TEST(job, a_call_that_fails_frees_the_argument)
{
    GATE(gate);
    WORLD(w);
    FAILS(coil_err(coil_run_in_executor_with(COIL_ERR(-EIO), NULL, job_pass, &gate, &owned)), -EIO);
    FAILS(coil_err(coil_run_in_executor_with(w.loop, NULL, NULL, &gate, &owned)), -EINVAL);
    FAILS(coil_to_thread_with(job_pass, &gate, &owned, NULL), -COIL_ENOLOOP);
    EXECUTOR(executor, 1);
    PASS(coil_executor_shutdown(executor, 0));
    (void)coil_run_in_executor_with(w.loop, executor, job_pass, &gate, &owned);
    CHECK_EQ(atomic_load(&gate.freed), 4);
    CHECK_EQ(atomic_load(&gate.calls), 0);
}

TEST(job, a_result_that_nobody_takes_is_disposed_of)
{
    GATE(gate);
    WORLD(w);
    coil_future *future = coil_run_in_executor_with(w.loop, NULL, job_pass, &gate, &owned);
    bool given = !coil_is_err(future);
    PASS(coil_run_until_complete(w.loop, future, NULL));
    bool done = coil_done(future);
    coil_unref(future);
    CHECK_EQ(atomic_load(&gate.disposed), given && done ? 1 : 0);
}

/* ---- cancellation --------------------------------------------------------------------------- */

TEST(job, one_that_has_not_begun_never_begins)
{
    GATE(gate);
    GATE(second);
    {
        EXECUTOR(executor, 1);
        WORLD(w);
        COIL_AUTO coil_future *one = coil_run_in_executor(w.loop, executor, job_wait, &gate);
        COIL_AUTO coil_future *two =
            coil_run_in_executor_with(w.loop, executor, job_pass, &second, &owned);
        if (!coil_is_err(one) && !coil_is_err(two)) {
            gate_wait(&gate.begun);
            CHECK(coil_cancel(two));
            CHECK(coil_cancelled(two));
            CHECK_EQ(atomic_load(&second.freed), 1); /* here and now */
        }
        sem_post(&gate.go);
        PASS(coil_run_until_complete(w.loop, one, NULL));
    }
    CHECK_EQ(atomic_load(&second.calls), 0);
    CHECK_EQ(atomic_load(&second.freed), 1);
}

TEST(job, one_that_has_begun_goes_on_alone)
{
    GATE(gate);
    {
        EXECUTOR(executor, 1);
        WORLD(w);
        COIL_AUTO coil_future *future =
            coil_run_in_executor_with(w.loop, executor, job_wait, &gate, &owned);
        if (coil_is_err(future))
            return;
        gate_wait(&gate.begun);
        CHECK(coil_cancel(future));
        FAILS(coil_run_until_complete(w.loop, future, NULL), -ECANCELED);
        CHECK(!coil_cancel(future));
        CHECK_EQ(atomic_load(&gate.freed), 0);
        sem_post(&gate.go);
    }
    CHECK_EQ(atomic_load(&gate.freed), 1);
    CHECK_EQ(atomic_load(&gate.disposed), 1);
}

/* It is on its way back when it is cancelled. */
TEST(job, one_that_has_ended_is_disposed_of)
{
    GATE(gate);
    EXECUTOR(executor, 1);
    {
        WORLD(w);
        COIL_AUTO coil_future *future =
            coil_run_in_executor_with(w.loop, executor, job_pass, &gate, &owned);
        if (coil_is_err(future))
            return;
        PASS(coil_executor_shutdown(executor, COIL_SHUTDOWN_WAIT));
        CHECK(coil_cancel(future));
        CHECK_EQ(atomic_load(&gate.disposed), 0);
        PASS(world_turn(&w));
        CHECK(coil_cancelled(future));
        CHECK_EQ(atomic_load(&gate.disposed), 1);
    }
    CHECK_EQ(atomic_load(&gate.freed), 1);
}

static void *cancelled_in_a_thread(void *arg)
{
    struct gate *gate = arg;
    COIL_AUTO coil_task *task = coil_create_task(waits_in_a_thread, gate);

    int rc = coil_sleep(0);
    if (rc == 0 && !coil_done(task)) {
        gate_wait(&gate->begun);
        CHECK(coil_cancel(task));
        FAILS(coil_await(task, NULL), -ECANCELED);
    }
    sem_post(&gate->go);
    return NULL;
}

TEST(job, a_cancelled_task_does_not_wait_for_its_thread)
{
    GATE(gate);
    EXECUTOR(executor, 1);
    WORLD(w);
    if (PASS(coil_set_default_executor(w.loop, executor)))
        PASS(world_run(&w, cancelled_in_a_thread, &gate));
}

/* ---- closing -------------------------------------------------------------------------------- */

TEST(job, a_closed_loop_hears_nothing_of_it)
{
    GATE(gate);
    {
        EXECUTOR(executor, 1);
        WORLD(w);
        COIL_AUTO coil_future *future =
            coil_run_in_executor_with(w.loop, executor, job_wait, &gate, &owned);
        if (coil_is_err(future))
            return;
        gate_wait(&gate.begun);
        PASS(coil_loop_free(w.loop));
        w.loop = COIL_ERR(-ECANCELED);
        CHECK(coil_cancelled(future));
        sem_post(&gate.go);
    }
    CHECK_EQ(atomic_load(&gate.freed), 1);
    CHECK_EQ(atomic_load(&gate.disposed), 1);
}

/* Its result has come, and the loop never looked. */
TEST(job, one_that_has_ended_when_the_loop_closes_is_disposed_of)
{
    GATE(gate);
    EXECUTOR(executor, 1);
    {
        WORLD(w);
        COIL_AUTO coil_future *future =
            coil_run_in_executor_with(w.loop, executor, job_pass, &gate, &owned);
        if (coil_is_err(future))
            return;
        PASS(coil_executor_shutdown(executor, COIL_SHUTDOWN_WAIT));
    }
    CHECK_EQ(atomic_load(&gate.freed), 1);
    CHECK_EQ(atomic_load(&gate.disposed), 1);
}

TEST(job, a_closed_loop_takes_none)
{
    GATE(gate);
    WORLD(w);
    PASS(coil_close(w.loop));
    FAILS(coil_err(coil_run_in_executor(w.loop, NULL, job_pass, &gate)), -COIL_ECLOSED);
}

/* ---- locals --------------------------------------------------------------------------------- */

static const coil_local user = {"user", NULL};

static void *looks_at_the_user(void *unused)
{
    void *before = coil_local_get(&user);

    (void)unused;
    if (!PASS(coil_local_set(&user, (void *)"thread", NULL)))
        return COIL_ERR(-ENOMEM);
    CHECK_STR(coil_local_get(&user), "thread");
    return before;
}

static void *has_a_user(void *unused)
{
    void *seen = NULL;

    if (!PASS(coil_local_set(&user, (void *)"task", NULL)))
        return unused;
    if (PASS(coil_to_thread(looks_at_the_user, NULL, &seen)))
        CHECK_STR(seen, "task");
    CHECK_STR(coil_local_get(&user), "task");
    COIL_AUTO coil_future *plain = coil_run_in_executor(NULL, NULL, looks_at_the_user, NULL);
    if (PASS(coil_await(plain, &seen)))
        CHECK_PTR(seen, NULL);
    return unused;
}

TEST(job, sees_the_locals_of_its_task)
{
    WORLD(w);
    PASS(world_run(&w, has_a_user, NULL));
}

/* ---- bad calls ------------------------------------------------------------------------------ */

TEST(job, bad_arguments_are_refused)
{
    GATE(gate);
    const coil_job_options no_size = {.copy_arg = 1};
    const coil_job_options no_arg = {.size = sizeof(no_arg), .copy_arg = 1};
    const coil_job_options both = {.size = sizeof(both), .copy_arg = 1, .free_arg = gate_free};
    WORLD(w);
    EXECUTOR(executor, 1);
    FAILS(coil_err(coil_run_in_executor(w.loop, NULL, NULL, NULL)), -EINVAL);
    FAILS(coil_err(coil_run_in_executor(w.loop, COIL_ERR(-EIO), job_pass, &gate)), -EIO);
    FAILS(coil_to_thread(job_pass, &gate, NULL), -COIL_ENOLOOP);
    if (check_walking())
        return;
    FAILS(coil_err(coil_run_in_executor_with(w.loop, executor, job_pass, &gate, &no_size)),
          -EINVAL);
    FAILS(coil_err(coil_run_in_executor_with(w.loop, executor, job_pass, NULL, &no_arg)), -EINVAL);
    FAILS(coil_err(coil_run_in_executor_with(w.loop, executor, job_pass, &gate, &both)), -EINVAL);
    CHECK_EQ(atomic_load(&gate.calls), 0);
    CHECK_EQ(atomic_load(&gate.freed), 0);
}
