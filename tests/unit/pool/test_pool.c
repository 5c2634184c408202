// SPDX-License-Identifier: MIT
#include "desk.h"
#include "faults.h"

/* ---- running ------------------------------------------------------------------------------ */

TEST(pool, one_thread_runs_jobs_in_order)
{
    DESK(desk);
    POOL(pool, 1);
    int submitted = 0;

    for (char letter = 'a'; letter <= 'z'; letter++)
        submitted += submit(pool, &desk, letter, NULL) != NULL;
    wait_for_wakes(&desk, submitted);
    expect_done(&desk, "abcdefghijklmnopqrstuvwxyz");
    CHECK_STR(desk.ran, "abcdefghijklmnopqrstuvwxyz");
    CHECK_EQ(desk.woken, 26);
    CHECK_EQ(freed(&desk), submitted);
}

TEST(pool, a_thread_that_is_idle_is_woken)
{
    DESK(desk);
    POOL(pool, 1);
    int submitted = 0;

    for (int i = 0; i < 50; i++) {
        submitted += submit(pool, &desk, 'a', NULL) != NULL;
        wait_for_wakes(&desk, submitted);
        expect_done(&desk, "a");
    }
}

TEST(pool, two_threads_run_at_the_same_time)
{
    DESK(desk);
    POOL(pool, 2);

    if (check_walking())
        return; /* a pool may have to do with one thread: these two would wait for ever */
    /* Each one waits in the middle until the other one has come, too. */
    submit(pool, &desk, 'a', meet);
    submit(pool, &desk, 'b', meet);
    wait_for_wakes(&desk, 2);
    char letters[4];
    take_all(&desk, letters, sizeof(letters));
    CHECK_EQ(strlen(letters), 2);
}

TEST(pool, no_more_threads_run_than_are_allowed)
{
    DESK(desk);
    POOL(pool, 1);
    struct note *first = submit(pool, &desk, 'a', hold);

    if (!first)
        return;
    sem_wait(&desk.started);
    int submitted = 1 + (submit(pool, &desk, 'b', hold) != NULL);
    /* The only thread is held by the first; a second one would say that it runs. */
    CHECK_EQ(sem_trywait(&desk.started), -1);
    sem_post(&desk.release);
    sem_post(&desk.release);
    wait_for_wakes(&desk, submitted);
    expect_done(&desk, "ab");
}

TEST(pool, each_client_gets_its_own_jobs_back)
{
    DESK(one);
    DESK(two);
    POOL(pool, 1);
    int ones = 0, twos = 0;

    for (char letter = 'a'; letter < 'e'; letter++) {
        ones += submit(pool, &one, letter, NULL) != NULL;
        twos += submit(pool, &two, (char)(letter - 'a' + 'A'), NULL) != NULL;
    }
    wait_for_wakes(&one, ones);
    wait_for_wakes(&two, twos);
    expect_done(&one, "abcd");
    expect_done(&two, "ABCD");
}

/* ---- a client's end ------------------------------------------------------------------------ */

static atomic_bool wake_returned;

/* Stays in the wake after the job can be taken, until the test says so. */
static void slow_wake(struct pool_client *client)
{
    struct desk *desk = container_of(client, struct desk, client);

    sem_post(&desk->started);
    sem_wait(&desk->release);
    atomic_store(&wake_returned, true);
}

TEST(pool, a_client_ends_after_the_wake_that_is_under_way)
{
    DESK(desk);
    POOL(pool, 1);

    pool_client_init(&desk.client, slow_wake);
    atomic_store(&wake_returned, false);
    if (!submit(pool, &desk, 'a', NULL))
        return;
    sem_wait(&desk.started);
    expect_done(&desk, "a");
    CHECK(!atomic_load(&wake_returned));
    sem_post(&desk.release);
    pool_client_fini(&desk.client, pool);
    CHECK(atomic_load(&wake_returned));
}

/* ---- abandoning --------------------------------------------------------------------------- */

TEST(pool, an_abandoned_job_that_waits_is_freed_at_once_and_never_runs)
{
    DESK(desk);
    POOL(pool, 1);
    struct note *first = submit(pool, &desk, 'a', hold);
    struct note *second = first ? submit(pool, &desk, 'b', NULL) : NULL;
    struct note *third = first ? submit(pool, &desk, 'c', NULL) : NULL;

    if (!first)
        return;
    sem_wait(&desk.started);
    if (second) {
        CHECK(job_abandon(&second->job));
        CHECK_EQ(freed(&desk), 1);
    }
    sem_post(&desk.release);
    wait_for_wakes(&desk, third ? 2 : 1);
    expect_done(&desk, "ac");
    CHECK_STR(desk.ran, "ac");
}

TEST(pool, an_abandoned_job_that_runs_is_freed_by_its_thread)
{
    DESK(desk);
    {
        POOL(pool, 1);
        struct note *note = submit(pool, &desk, 'a', hold);
        if (!note)
            return;
        sem_wait(&desk.started);
        CHECK(job_abandon(&note->job));
        CHECK_EQ(freed(&desk), 0); /* it is still at work on what it owns */
        sem_post(&desk.release);
    }
    CHECK_STR(desk.ran, "a");
    CHECK_EQ(freed(&desk), 1);
    CHECK_EQ(desk.woken, 0);
    CHECK_PTR(pool_client_take(&desk.client), NULL);
}

TEST(pool, a_job_that_is_done_cannot_be_abandoned_and_comes)
{
    DESK(desk);
    POOL(pool, 1);
    struct note *note = submit(pool, &desk, 'a', NULL);

    if (!note)
        return;
    wait_for_wakes(&desk, 1);
    CHECK(!job_abandon(&note->job));
    CHECK_EQ(freed(&desk), 0);
    expect_done(&desk, "a");
}

/* Abandons race with the thread: each job is run or not, but freed once and by one. */
TEST(pool, an_abandon_at_any_moment_frees_once)
{
    DESK(desk);
    const int count = check_walking() ? 20 : 2000;
    int submitted = 0;
    {
        POOL(pool, 2);
        for (int i = 0; i < count; i++) {
            struct note *note = submit(pool, &desk, 'a', NULL);
            if (!note)
                continue;
            submitted++;
            if (job_abandon(&note->job))
                continue;
            struct job *job = pool_client_take(&desk.client);
            CHECK_PTR(job, &note->job);
            if (job)
                job->free(job);
        }
    }
    expect_done(&desk, "");
    CHECK_EQ(desk.freed, submitted);
}

/* ---- the end ------------------------------------------------------------------------------ */

TEST(pool, nothing_is_an_end_for_no_pool)
{
    pool_free(NULL);
}

TEST(pool, its_end_waits_for_the_job_that_runs)
{
    DESK(desk);
    {
        POOL(pool, 1);
        if (!submit(pool, &desk, 'a', hold))
            return;
        sem_wait(&desk.started);
        sem_post(&desk.release);
    }
    CHECK_STR(desk.ran, "a");
    CHECK_EQ(desk.woken, 1);
    expect_done(&desk, "a");
}

/* What runs may go on when what waits is freed. */
static void free_and_release(struct job *job)
{
    struct desk *desk = container_of(job, struct note, job)->desk;

    note_free(job);
    sem_post(&desk->release);
}

TEST(pool, its_end_frees_jobs_that_wait)
{
    DESK(desk);
    int submitted = 0;
    {
        POOL(pool, 1);
        if (!submit(pool, &desk, 'a', hold))
            return;
        sem_wait(&desk.started);
        for (char letter = 'b'; letter < 'f'; letter++) {
            struct note *note = submit(pool, &desk, letter, NULL);
            submitted += note != NULL;
            if (note)
                note->job.free = free_and_release;
        }
        if (!submitted)
            sem_post(&desk.release);
    }
    CHECK_STR(desk.ran, "a");
    expect_done(&desk, "a");
    CHECK_EQ(desk.freed, 1 + submitted);
}

/* ---- the world says no -------------------------------------------------------------------- */

TEST(pool, without_memory_there_is_none)
{
    if (check_walking())
        return; /* it sets faults of its own */
    for (size_t k = 1; k <= 2; k++) {
        faults_fail(k, "alloc");
        CHECK_PTR(pool_new(4, "test"), NULL);
        faults_end();
    }
}

TEST(pool, without_any_thread_the_job_stays_the_callers)
{
    DESK(desk);
    POOL(pool, 1);
    struct note *note = pool ? note_new(&desk, 'a', NULL) : NULL;

    if (!note)
        return;
    if (check_walking()) { /* it sets faults of its own */
        note_free(&note->job);
        return;
    }
    faults_fail(1, "os_thread_start");
    FAILS(pool_submit(pool, &desk.client, &note->job), -EAGAIN);
    faults_end();
    CHECK_EQ(note->job.state, JOB_NEW);
    CHECK_EQ(freed(&desk), 0);
    /* And may be given again, when the world is kinder. */
    if (!CHECK_EQ(pool_submit(pool, &desk.client, &note->job), 0)) {
        note_free(&note->job);
        return;
    }
    wait_for_wakes(&desk, 1);
    expect_done(&desk, "a");
}

TEST(pool, with_one_thread_it_goes_on_without_another)
{
    DESK(desk);
    POOL(pool, 2);

    if (check_walking() || !submit(pool, &desk, 'a', hold))
        return; /* it sets faults of its own */
    sem_wait(&desk.started);
    faults_fail(1, "os_thread_start");
    struct note *second = submit(pool, &desk, 'b', NULL);
    CHECK_EQ(faults_met(), 1); /* another one was tried */
    faults_end();
    sem_post(&desk.release);
    wait_for_wakes(&desk, second ? 2 : 1);
    expect_done(&desk, "ab");
}

/* ---- withdrawing ---------------------------------------------------------------------------- */

TEST(pool, a_job_that_is_withdrawn_comes_back_without_having_run)
{
    DESK(desk);
    POOL(pool, 1);

    if (check_walking() || !submit(pool, &desk, 'a', hold))
        return;
    sem_wait(&desk.started);
    struct note *second = submit(pool, &desk, 'b', NULL);
    if (!CHECK(second != NULL))
        return;
    CHECK(job_withdraw(&second->job));
    CHECK(!job_withdraw(&second->job)); /* it is on its way */
    struct job *back = pool_client_take(&desk.client);
    CHECK_PTR(back, &second->job);
    note_free(back);
    sem_post(&desk.release);
    wait_for_wakes(&desk, 2);
    expect_done(&desk, "a");
    CHECK_STR(desk.ran, "a");
}

TEST(pool, a_job_that_runs_is_not_withdrawn)
{
    DESK(desk);
    POOL(pool, 1);
    struct note *first = check_walking() ? NULL : submit(pool, &desk, 'a', hold);

    if (!first)
        return;
    sem_wait(&desk.started);
    CHECK(!job_withdraw(&first->job));
    sem_post(&desk.release);
    wait_for_wakes(&desk, 1);
    expect_done(&desk, "a");
}

/* ---- bugs --------------------------------------------------------------------------------- */

static void submit_half_a_job(void *argument)
{
    struct pool_client client;
    struct job job = {.run = argument ? note_run : NULL, .free = argument ? NULL : note_free};

    pool_client_init(&client, wake);
    pool_submit(pool_new(1, "test"), &client, &job);
}

static void submit_twice(void *argument)
{
    struct desk desk;
    struct pool *pool = pool_new(1, "test");

    (void)argument;
    desk_init(&desk);
    submit(pool, &desk, 'a', hold);
    struct note *second = submit(pool, &desk, 'b', NULL);
    pool_submit(pool, &desk.client, &second->job);
}

TEST(pool, a_job_that_lacks_run_or_free_is_a_bug)
{
    DIES(submit_half_a_job, NULL);
    DIES(submit_half_a_job, "run");
}

TEST(pool, a_job_that_is_given_twice_is_a_bug)
{
    DIES(submit_twice, NULL);
}
