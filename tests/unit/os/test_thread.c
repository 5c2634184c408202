// SPDX-License-Identifier: MIT
#include "check.h"
#include "faults.h"

#include "os/os.h"

#include <errno.h>
#include <semaphore.h>
#include <signal.h>

static void *answer(void *argument)
{
    return (char *)argument + 1;
}

TEST(thread, runs_the_function_with_its_argument)
{
    pthread_t thread;
    char place[2];
    void *result = NULL;

    if (!CHECK_EQ(os_thread_start(&thread, "answer", answer, place), 0))
        return;
    pthread_join(thread, &result);
    CHECK_PTR(result, place + 1);
}

static void *read_mask(void *argument)
{
    pthread_sigmask(SIG_SETMASK, NULL, argument);
    return NULL;
}

TEST(thread, signals_stay_with_the_programs_own_threads)
{
    const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGPIPE, SIGALRM, SIGUSR1, SIGRTMIN};
    pthread_t thread;
    sigset_t mask;

    sigemptyset(&mask);
    if (!CHECK_EQ(os_thread_start(&thread, "mask", read_mask, &mask), 0))
        return;
    pthread_join(thread, NULL);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        CHECK_EQ(sigismember(&mask, signals[i]), 1);
}

static bool masks_equal(const sigset_t *a, const sigset_t *b)
{
    for (int number = 1; number <= SIGRTMAX; number++)
        if (sigismember(a, number) != sigismember(b, number))
            return false;
    return true;
}

TEST(thread, the_callers_signals_are_as_before)
{
    sigset_t own, others, after;
    pthread_t thread;
    char place[2];

    sigemptyset(&own);
    sigaddset(&own, SIGUSR2);
    pthread_sigmask(SIG_SETMASK, &own, &others);
    if (CHECK_EQ(os_thread_start(&thread, "mask", answer, place), 0))
        pthread_join(thread, NULL);
    pthread_sigmask(SIG_SETMASK, &others, &after);
    CHECK(masks_equal(&after, &own));
}

static void *stay(void *argument)
{
    sem_wait(argument);
    return (void *)os_thread_self();
}

TEST(thread, has_a_name_for_people)
{
    pthread_t thread;
    sem_t leave;
    char name[16] = "";

    sem_init(&leave, 0, 0);
    if (CHECK_EQ(os_thread_start(&thread, "coil-name", stay, &leave), 0)) {
        CHECK_EQ(pthread_getname_np(thread, name, sizeof(name)), 0);
        CHECK_STR(name, "coil-name");
        sem_post(&leave);
        pthread_join(thread, NULL);
    }
    sem_destroy(&leave);
}

TEST(thread, a_start_can_be_refused)
{
    pthread_t thread;

    if (check_walking())
        return; /* it sets faults of its own */
    faults_fail(1, "os_thread_start");
    FAILS(os_thread_start(&thread, "refused", answer, NULL), -EAGAIN);
    faults_end();
}

TEST(thread, a_living_thread_has_a_number_of_its_own)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    uintptr_t numbers[THREADS + 1] = {os_thread_self()};
    sem_t leave;
    size_t started = 0;

    sem_init(&leave, 0, 0);
    for (; started < THREADS; started++)
        if (!CHECK_EQ(os_thread_start(&threads[started], "number", stay, &leave), 0))
            break;
    for (size_t i = 0; i < started; i++)
        sem_post(&leave);
    for (size_t i = 0; i < started; i++) {
        void *number = NULL;
        pthread_join(threads[i], &number);
        numbers[i + 1] = (uintptr_t)number;
    }
    for (size_t i = 0; i <= started; i++)
        for (size_t j = 0; j < i; j++)
            CHECK(numbers[i] != numbers[j]);
    CHECK_EQ(os_thread_self(), numbers[0]);
    sem_destroy(&leave);
}
