// SPDX-License-Identifier: MIT
#include "faults.h"
#include "jobs.h"

#include <string.h>

static coil_future *give(struct world *w, coil_executor *executor, coil_fn fn, struct gate *gate)
{
    return coil_run_in_executor(w->loop, executor, fn, gate);
}

TEST(executor, has_no_threads_without_jobs)
{
    EXECUTOR(executor, 3);
    PASS(coil_err(executor));
}

static void *name_of_thread(void *arg)
{
    (void)!pthread_getname_np(pthread_self(), arg, 16);
    return NULL;
}

TEST(executor, its_threads_have_its_name)
{
    char name[16] = "";
    EXECUTOR(executor, 1);
    WORLD(w);
    COIL_AUTO coil_future *future = coil_run_in_executor(w.loop, executor, name_of_thread, name);
    if (PASS(coil_run_until_complete(w.loop, future, NULL)))
        CHECK_STR(name, "test-0");
}

TEST(executor, has_as_many_workers_as_it_was_told)
{
    GATE(gate);
    EXECUTOR(executor, 2);
    WORLD(w);
    coil_future *futures[3];
    int given = 0;
    for (int i = 0; i < 3; i++) {
        futures[i] = give(&w, executor, job_wait, &gate);
        given += coil_is_err(futures[i]) ? 0 : 1;
    }
    if (CHECK_EQ(given, 3)) {
        gate_wait(&gate.begun);
        gate_wait(&gate.begun);
        CHECK_EQ(sem_trywait(&gate.begun), -1); /* the third has no thread */
        CHECK_EQ(atomic_load(&gate.calls), 2);
    }
    for (int i = 0; i < 3; i++)
        sem_post(&gate.go);
    for (int i = 0; i < 3; i++) {
        PASS(coil_run_until_complete(w.loop, futures[i], NULL));
        coil_unref(futures[i]);
    }
    CHECK_EQ(atomic_load(&gate.calls), given);
}

TEST(executor, takes_no_jobs_after_its_shutdown)
{
    GATE(gate);
    EXECUTOR(executor, 1);
    WORLD(w);
    PASS(coil_executor_shutdown(executor, 0));
    COIL_AUTO coil_future *future = give(&w, executor, job_pass, &gate);
    CHECK(coil_err(future) == -ESHUTDOWN || check_walking());
    PASS(coil_executor_shutdown(executor, COIL_SHUTDOWN_WAIT | COIL_SHUTDOWN_CANCEL));
    CHECK_EQ(atomic_load(&gate.calls), 0);
}

TEST(executor, a_shutdown_lets_what_was_given_run)
{
    GATE(gate);
    EXECUTOR(executor, 1);
    WORLD(w);
    COIL_AUTO coil_future *one = give(&w, executor, job_wait, &gate);
    COIL_AUTO coil_future *two = give(&w, executor, job_pass, &gate);
    PASS(coil_executor_shutdown(executor, 0));
    sem_post(&gate.go);
    PASS(coil_executor_shutdown(executor, COIL_SHUTDOWN_WAIT));
    CHECK_EQ(atomic_load(&gate.calls), 2);
    CHECK(!coil_done(one) || check_walking()); /* the loop has not looked yet */
    PASS(coil_run_until_complete(w.loop, one, NULL));
    PASS(coil_run_until_complete(w.loop, two, NULL));
}

TEST(executor, a_shutdown_may_cancel_what_has_not_begun)
{
    GATE(gate);
    EXECUTOR(executor, 1);
    WORLD(w);
    COIL_AUTO coil_future *one = give(&w, executor, job_wait, &gate);
    COIL_AUTO coil_future *two = give(&w, executor, job_pass, &gate);
    if (!coil_is_err(one))
        gate_wait(&gate.begun);
    PASS(coil_executor_shutdown(executor, COIL_SHUTDOWN_CANCEL));
    if (!check_walking()) {
        FAILS(coil_run_until_complete(w.loop, two, NULL), -ECANCELED);
        CHECK(coil_cancelled(two) && !coil_done(one));
    }
    sem_post(&gate.go);
    PASS(coil_run_until_complete(w.loop, one, NULL));
    CHECK(atomic_load(&gate.calls) == 1 || check_walking());
}

static void *job_exit(void *arg)
{
    (void)job_wait(arg);
    pthread_exit(arg);
}

/* Its job is over, what it worked on goes, and another thread runs what waits and what comes. */
TEST(executor, a_function_may_end_its_thread)
{
    const coil_job_options options = {.size = sizeof(options), .free_arg = gate_free};
    GATE(gate);
    EXECUTOR(executor, 1);
    WORLD(w);
    COIL_AUTO coil_future *one =
        coil_run_in_executor_with(w.loop, executor, job_exit, &gate, &options);
    COIL_AUTO coil_future *two = give(&w, executor, job_pass, &gate);
    sem_post(&gate.go);
    FAILS(coil_run_until_complete(w.loop, one, NULL), -EOWNERDEAD);
    CHECK_EQ(atomic_load(&gate.freed), 1);
    PASS(coil_run_until_complete(w.loop, two, NULL));
    COIL_AUTO coil_future *three = give(&w, executor, job_pass, &gate);
    PASS(coil_run_until_complete(w.loop, three, NULL));
    CHECK_EQ(atomic_load(&gate.calls), 3);
}

TEST(executor, what_waits_for_a_thread_that_cannot_be_replaced_is_cancelled)
{
    if (check_walking())
        return; /* it is a walk of its own */
    GATE(gate);
    EXECUTOR(executor, 1);
    WORLD(w);
    faults_fail(2, "os_thread_start");
    COIL_AUTO coil_future *one = give(&w, executor, job_exit, &gate);
    COIL_AUTO coil_future *two = give(&w, executor, job_pass, &gate);
    sem_post(&gate.go);
    FAILS(coil_run_until_complete(w.loop, one, NULL), -EOWNERDEAD);
    FAILS(coil_run_until_complete(w.loop, two, NULL), -ECANCELED);
    faults_end();
    CHECK_EQ(atomic_load(&gate.calls), 1);
    COIL_AUTO coil_future *three = give(&w, executor, job_pass, &gate);
    PASS(coil_run_until_complete(w.loop, three, NULL));
}

static void *shuts_down_from_inside(void *executor)
{
    FAILS(coil_executor_shutdown(executor, COIL_SHUTDOWN_WAIT), -EDEADLK);
    return NULL;
}

TEST(executor, its_own_thread_cannot_wait_for_its_end)
{
    EXECUTOR(executor, 1);
    WORLD(w);
    COIL_AUTO coil_future *future =
        coil_run_in_executor(w.loop, executor, shuts_down_from_inside, executor);
    PASS(coil_run_until_complete(w.loop, future, NULL));
}

/* A job that gives the last reference back, on a thread that belongs to nobody then: a destructor
 * of the thread's tells when all is over. */
struct last {
    struct gate gate;
    coil_executor *executor;
    bool exits;
    pthread_key_t at_end;
    sem_t ended;
};

static void tell_end(void *ended)
{
    sem_post(ended);
}

static void *gives_back(void *arg)
{
    struct last *last = arg;

    pthread_setspecific(last->at_end, &last->ended);
    (void)job_wait(&last->gate);
    coil_executor_unref(last->executor);
    if (last->exits)
        pthread_exit(NULL);
    return NULL;
}

static void check_last(bool exits)
{
    struct last last = {.executor = executor_of(1), .exits = exits};
    WORLD(w);
    gate_init(&last.gate);
    sem_init(&last.ended, 0, 0);
    pthread_key_create(&last.at_end, tell_end);
    COIL_AUTO coil_future *future = coil_run_in_executor(w.loop, last.executor, gives_back, &last);
    if (coil_is_err(future)) {
        coil_executor_unref(last.executor);
    } else {
        gate_wait(&last.gate.begun);
        CHECK(coil_cancel(future)); /* the loop's own reference goes */
        sem_post(&last.gate.go);
        gate_wait(&last.ended);
    }
    pthread_key_delete(last.at_end);
    sem_destroy(&last.ended);
    gate_fini(&last.gate);
}

TEST(executor, a_job_may_hold_the_last_reference)
{
    check_last(false);
}

TEST(executor, a_function_may_end_its_thread_after_the_last_reference)
{
    check_last(true);
}

TEST(executor, bad_arguments_are_refused)
{
    const coil_executor_options no_size = {.max_workers = 1};
    const coil_executor_options many = {.size = sizeof(many), .max_workers = COIL_WORKERS_MAX + 1};
    EXECUTOR(executor, COIL_WORKERS_MAX);
    FAILS(coil_err(coil_executor_new(&no_size)), -EINVAL);
    FAILS(coil_err(coil_executor_new(&many)), -EINVAL);
    FAILS(coil_executor_shutdown(NULL, 0), -EINVAL);
    FAILS(coil_executor_shutdown(COIL_ERR(-EIO), 0), -EIO);
    CHECK(coil_executor_shutdown(executor, 4) == -EINVAL || check_walking());
    CHECK_PTR(coil_executor_ref(NULL), NULL);
    CHECK_EQ(coil_err(coil_executor_ref(COIL_ERR(-EIO))), -EIO);
    coil_executor_unref(NULL);
    coil_executor_unref(COIL_ERR(-EIO));
    CHECK_PTR(coil_executor_ref(executor), executor);
    coil_executor_unref(executor);
}
