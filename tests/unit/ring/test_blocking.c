// SPDX-License-Identifier: MIT
#include "io/retry.h"
#include "kernel.h"

#include <pthread.h>
#include <semaphore.h>

/* Calls that block until they are let go. */
struct gate {
    sem_t begun, go;
    int calls; /* made; only one runs when it is looked at */
};

static void gate_free(struct gate *gate)
{
    sem_destroy(&gate->begun);
    sem_destroy(&gate->go);
}

#define GATE(name)                                                                                 \
    __attribute__((cleanup(gate_free))) struct gate name = {.calls = 0};                           \
    sem_init(&name.begun, 0, 0);                                                                   \
    sem_init(&name.go, 0, 0)

static int pass(void *argument)
{
    struct gate *gate = argument;

    sem_post(&gate->begun);
    sem_wait(&gate->go);
    return 42;
}

static void *call_it(void *gate)
{
    int rc = io_call(-1, pass, gate);
    return rc < 0 ? COIL_ERR(rc) : (void *)(intptr_t)rc;
}

static int thread_of(void *argument)
{
    *(pthread_t *)argument = pthread_self();
    return -ENOTTY;
}

static void *ask_for_the_thread(void *argument)
{
    int rc = io_call(-1, thread_of, argument);
    return COIL_ERR(rc);
}

TEST(ring_blocking, is_a_call_on_another_thread)
{
    pthread_t thread = pthread_self();
    KERNEL(loop);
    FAILS(kernel_run(loop, ask_for_the_thread, &thread), -ENOTTY);
    CHECK(check_walking() || !pthread_equal(thread, pthread_self()));
}

static void *let_go(void *argument)
{
    struct gate *gate = argument;

    sem_wait(&gate->begun);
    sem_post(&gate->go);
    return NULL;
}

TEST(ring_blocking, leaves_the_loop_to_the_others)
{
    GATE(gate);
    if (check_walking())
        return; /* who does not begin is not waited for */
    KERNEL(loop);
    COIL_AUTO coil_task *task = coil_create_task_with(loop, call_it, &gate, NULL);
    void *result = NULL;
    coil_stop(loop);
    PASS(coil_run_forever(loop));
    PASS(kernel_run(loop, let_go, &gate));
    PASS(coil_run_until_complete(loop, task, &result));
    CHECK_PTR(result, (void *)42);
}

/* Completion wins, and what was called has the memory of its caller to the end. */
TEST(ring_blocking, is_not_left_once_it_has_begun)
{
    GATE(gate);
    if (check_walking())
        return;
    KERNEL(loop);
    COIL_AUTO coil_task *task = coil_create_task_with(loop, call_it, &gate, NULL);
    coil_stop(loop);
    PASS(coil_run_forever(loop));
    sem_wait(&gate.begun);
    CHECK(coil_cancel(task));
    coil_stop(loop);
    PASS(coil_run_forever(loop));
    CHECK(!coil_done(task));
    sem_post(&gate.go);
    FAILS(coil_run_until_complete(loop, task, NULL), -ECANCELED);
}

enum { THREADS = 32 };

static int count(void *gate)
{
    ((struct gate *)gate)->calls++;
    return 0;
}

static void *count_it(void *gate)
{
    return COIL_ERR(io_call(-1, count, gate));
}

TEST(ring_blocking, never_begins_when_it_was_cancelled_before)
{
    GATE(gate);
    coil_task *tasks[THREADS];
    if (check_walking())
        return;
    KERNEL(loop);
    for (int i = 0; i < THREADS; i++)
        tasks[i] = coil_create_task_with(loop, call_it, &gate, NULL);
    coil_stop(loop);
    PASS(coil_run_forever(loop));
    for (int i = 0; i < THREADS; i++)
        sem_wait(&gate.begun); /* every thread is taken */
    COIL_AUTO coil_task *late = coil_create_task_with(loop, count_it, &gate, NULL);
    coil_stop(loop);
    PASS(coil_run_forever(loop));
    CHECK(coil_cancel(late));
    FAILS(coil_run_until_complete(loop, late, NULL), -ECANCELED);
    CHECK_EQ(gate.calls, 0);
    for (int i = 0; i < THREADS; i++)
        sem_post(&gate.go);
    for (int i = 0; i < THREADS; i++) {
        PASS(coil_run_until_complete(loop, tasks[i], NULL));
        coil_unref(tasks[i]);
    }
}

static void *open_it(void *gate)
{
    sem_post(&((struct gate *)gate)->go);
    return NULL;
}

TEST(ring_blocking, is_waited_for_when_its_loop_closes)
{
    GATE(gate);
    pthread_t thread;
    if (check_walking())
        return;
    {
        KERNEL(loop);
        COIL_AUTO coil_task *task = coil_create_task_with(loop, call_it, &gate, NULL);
        coil_stop(loop);
        PASS(coil_run_forever(loop));
        sem_wait(&gate.begun);
        CHECK(pthread_create(&thread, NULL, open_it, &gate) == 0);
        PASS(coil_close(loop));
        CHECK(coil_done(task));
    }
    pthread_join(thread, NULL);
}
