// SPDX-License-Identifier: MIT
#include "jobs.h"

#include <string.h>

static int shut_down(coil_time timeout)
{
    return coil_shutdown_default_executor(coil_get_running_loop(), timeout);
}

static void *shuts_down(void *unused)
{
    (void)unused;
    return COIL_ERR(shut_down(COIL_NEVER));
}

TEST(default_executor, may_be_another)
{
    GATE(gate);
    EXECUTOR(executor, 1);
    WORLD(w);
    if (coil_set_default_executor(w.loop, executor) < 0)
        return;
    COIL_AUTO coil_future *future = coil_run_in_executor(w.loop, NULL, job_wait, &gate);
    COIL_AUTO coil_future *same = coil_run_in_executor(w.loop, executor, job_pass, &gate);
    if (!coil_is_err(future) && !coil_is_err(same)) {
        gate_wait(&gate.begun);
        CHECK_EQ(atomic_load(&gate.calls), 1); /* one thread for both */
    }
    sem_post(&gate.go);
    PASS(coil_run_until_complete(w.loop, future, NULL));
    PASS(coil_run_until_complete(w.loop, same, NULL));
}

TEST(default_executor, a_shutdown_waits_for_its_threads)
{
    GATE(gate);
    EXECUTOR(executor, 1);
    WORLD(w);
    if (coil_set_default_executor(w.loop, executor) < 0)
        return;
    COIL_AUTO coil_future *future = coil_run_in_executor(w.loop, NULL, job_pass, &gate);
    if (PASS(world_run(&w, shuts_down, NULL)))
        CHECK_EQ(atomic_load(&gate.calls), coil_is_err(future) ? 0 : 1);
    COIL_AUTO coil_future *late = coil_run_in_executor(w.loop, NULL, job_pass, &gate);
    CHECK(coil_err(late) == -ESHUTDOWN || check_walking());
    PASS(world_run(&w, shuts_down, NULL)); /* there is nothing left */
}

TEST(default_executor, none_is_made_after_a_shutdown)
{
    GATE(gate);
    WORLD(w);
    PASS(world_run(&w, shuts_down, NULL)); /* there are no threads to wait for */
    COIL_AUTO coil_future *future = coil_run_in_executor(w.loop, NULL, job_pass, &gate);
    CHECK(coil_err(future) == -ESHUTDOWN || check_walking());
    if (!coil_is_err(future))
        PASS(coil_run_until_complete(w.loop, future, NULL));
}

static int advance(void *sim)
{
    PASS(coil_sim_advance(sim, COIL_SEC(2)));
    return 0;
}

static void *gives_up_after_a_second(void *unused)
{
    int rc = shut_down(COIL_SEC(1));

    CHECK(rc == -ETIMEDOUT || check_walking());
    return unused;
}

TEST(default_executor, a_shutdown_gives_up_at_its_timeout)
{
    struct record log = {""};
    GATE(gate);
    EXECUTOR(executor, 1);
    if (!world_is_virtual() || check_walking())
        return;
    WORLD(w);
    coil_set_warning_sink(record_warning, &log);
    PASS(coil_set_default_executor(w.loop, executor));
    COIL_AUTO coil_future *future = coil_run_in_executor(w.loop, NULL, job_wait, &gate);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, gives_up_after_a_second, NULL, NULL);
    gate_wait(&gate.begun);
    PASS(world_turn(&w));
    PASS(coil_handle_error(coil_call_soon(w.loop, advance, w.sim)));
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK_EQ(world_time(&w), COIL_SEC(2));
    CHECK_STR(log.text, "the threads of the default executor did not end within 1.000 s");
    coil_set_warning_sink(NULL, NULL);
    sem_post(&gate.go);
    PASS(coil_run_until_complete(w.loop, future, NULL)); /* it is not lost */
}

static void *cancels_a_shutdown(void *arg)
{
    struct gate *gate = arg;
    COIL_AUTO coil_future *future = coil_run_in_executor(NULL, NULL, job_wait, gate);
    COIL_AUTO coil_task *task = coil_create_task(shuts_down, NULL);

    int rc = coil_sleep(0);
    if (rc == 0 && !coil_done(task) && !coil_is_err(future)) {
        CHECK(coil_cancel(task));
        FAILS(coil_await(task, NULL), -ECANCELED);
        CHECK(!coil_done(future));
    }
    sem_post(&gate->go);
    rc = coil_await(future, NULL);
    return COIL_ERR(rc);
}

TEST(default_executor, a_shutdown_can_be_cancelled)
{
    GATE(gate);
    WORLD(w);
    PASS(world_run(&w, cancels_a_shutdown, &gate));
}

TEST(default_executor, closing_ends_a_shutdown)
{
    GATE(gate);
    EXECUTOR(executor, 1);
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, shuts_down, NULL, NULL);
    if (coil_set_default_executor(w.loop, executor) == 0) {
        COIL_AUTO coil_future *future = coil_run_in_executor(w.loop, NULL, job_wait, &gate);
        PASS(world_turn(&w));
    }
    PASS(coil_close(w.loop));
    CHECK(coil_cancelled(task) || check_walking());
    sem_post(&gate.go);
}

static void *asks_badly(void *arg)
{
    struct world *other = arg;

    FAILS(coil_shutdown_default_executor(NULL, 0), -EINVAL);
    FAILS(coil_shutdown_default_executor(COIL_ERR(-EIO), 0), -EIO);
    FAILS(coil_shutdown_default_executor(other->loop, 0),
          check_walking() && coil_is_err(other->loop) ? coil_err(other->loop) : -EXDEV);
    return NULL;
}

TEST(default_executor, bad_arguments_are_refused)
{
    EXECUTOR(executor, 1);
    WORLD(v);
    WORLD(w);
    PASS(world_run(&w, asks_badly, &v));
    FAILS(coil_set_default_executor(NULL, executor), -EINVAL);
    FAILS(coil_set_default_executor(COIL_ERR(-EIO), executor), -EIO);
    if (check_walking())
        return;
    FAILS(coil_set_default_executor(w.loop, NULL), -EINVAL);
    FAILS(coil_set_default_executor(w.loop, COIL_ERR(-EIO)), -EIO);
    FAILS(coil_shutdown_default_executor(w.loop, 0), -COIL_ENOLOOP);
    PASS(coil_close(w.loop));
    FAILS(coil_set_default_executor(w.loop, executor), -COIL_ECLOSED);
}
