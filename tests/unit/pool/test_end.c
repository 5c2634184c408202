// SPDX-License-Identifier: MIT
#include "desk.h"

#include <sys/wait.h>
#include <unistd.h>

/* ---- shutting ------------------------------------------------------------------------------- */

TEST(pool_end, a_shut_pool_takes_nothing)
{
    DESK(desk);
    POOL(pool, 1);
    struct note *note = pool ? note_new(&desk, 'a', NULL) : NULL;

    if (!note)
        return;
    pool_shut(pool, false);
    FAILS(pool_submit(pool, &desk.client, &note->job), -ESHUTDOWN);
    CHECK_EQ(note->job.state, JOB_NEW);
    note_free(&note->job);
    PASS(pool_wait(pool));
}

TEST(pool_end, what_was_given_before_still_runs)
{
    DESK(desk);
    POOL(pool, 1);

    if (check_walking() || !submit(pool, &desk, 'a', hold))
        return;
    submit(pool, &desk, 'b', NULL);
    submit(pool, &desk, 'c', NULL);
    pool_shut(pool, false);
    sem_post(&desk.release);
    PASS(pool_wait(pool));
    expect_done(&desk, "abc");
    CHECK_STR(desk.ran, "abc");
}

TEST(pool_end, what_is_dropped_comes_back_without_having_run)
{
    DESK(desk);
    POOL(pool, 1);

    if (check_walking() || !submit(pool, &desk, 'a', hold))
        return;
    sem_wait(&desk.started);
    submit(pool, &desk, 'b', NULL);
    submit(pool, &desk, 'c', NULL);
    pool_shut(pool, true);
    expect_done(&desk, "bc");
    sem_post(&desk.release);
    PASS(pool_wait(pool));
    expect_done(&desk, "a");
    CHECK_STR(desk.ran, "a");
}

static void wait_here(struct note *note)
{
    FAILS(pool_wait(note->job.pool), -EDEADLK);
}

TEST(pool_end, its_own_thread_cannot_wait)
{
    DESK(desk);
    POOL(pool, 1);

    if (!pool)
        return;
    struct note *note = submit(pool, &desk, 'a', hold);
    struct note *waiter = note ? submit(pool, &desk, 'b', wait_here) : NULL;
    pool_shut(pool, false);
    sem_post(&desk.release);
    PASS(pool_wait(pool));
    expect_done(&desk, waiter ? "ab" : note ? "a" : "");
}

/* ---- who watches ---------------------------------------------------------------------------- */

struct watch {
    struct pool_end end;
    struct desk *desk;
    int jobs_done; /* when it was told */
};

static void told(struct pool_end *end)
{
    struct watch *watch = container_of(end, struct watch, end);

    watch->jobs_done = watch->desk->woken;
    sem_post(&watch->desk->started);
}

TEST(pool_end, the_last_thread_tells)
{
    DESK(desk);
    POOL(pool, 2);
    struct watch watch = {.end.ended = told, .desk = &desk};

    if (check_walking() || !submit(pool, &desk, 'a', hold) || !submit(pool, &desk, 'b', hold))
        return;
    sem_wait(&desk.started);
    sem_wait(&desk.started);
    pool_shut(pool, false);
    CHECK(pool_watch_end(pool, &watch.end));
    sem_post(&desk.release);
    sem_post(&desk.release);
    sem_wait(&desk.started);
    CHECK_EQ(watch.jobs_done, 2);
    CHECK(!pool_unwatch_end(pool, &watch.end)); /* it was told */
    CHECK(!pool_watch_end(pool, &watch.end));   /* there is nothing to tell any more */
    char letters[8];
    take_all(&desk, letters, sizeof(letters));
}

TEST(pool_end, who_leaves_is_not_told)
{
    DESK(desk);
    struct watch watch = {.end.ended = told, .desk = &desk, .jobs_done = -1};
    {
        POOL(pool, 1);
        if (check_walking() || !submit(pool, &desk, 'a', hold))
            return;
        sem_wait(&desk.started);
        pool_shut(pool, false);
        CHECK(pool_watch_end(pool, &watch.end));
        CHECK(pool_unwatch_end(pool, &watch.end));
        sem_post(&desk.release);
    }
    CHECK_EQ(watch.jobs_done, -1);
    expect_done(&desk, "a");
}

/* ---- leaving -------------------------------------------------------------------------------- */

TEST(pool_end, an_idle_pool_is_gone_at_once)
{
    DESK(desk);
    struct pool *pool = pool_new(2, "test");
    int given = submit(pool, &desk, 'a', NULL) ? 1 : 0;

    wait_for_wakes(&desk, given);
    char letters[8];
    take_all(&desk, letters, sizeof(letters));
    if (pool)
        pool_leave(pool); /* its memory is looked at after the test */
}

/* Its thread belongs to nobody then: a destructor of the thread's tells when all is over. */
static pthread_key_t at_thread_end;

static void tell_thread_end(void *thread_ended)
{
    sem_post(thread_ended);
}

static sem_t thread_ended;

static void tell(struct note *note)
{
    (void)note;
    pthread_setspecific(at_thread_end, &thread_ended);
}

static void hold_and_tell(struct note *note)
{
    tell(note);
    hold(note);
}

static void hold_and_exit(struct note *note)
{
    hold_and_tell(note);
    pthread_exit(NULL);
}

/* The first job is abandoned while it runs, the second one waits; so many threads do both. */
static void check_leaving(void (*first)(struct note *note), int threads, const char *ran)
{
    DESK(desk);
    struct pool *pool = check_walking() ? NULL : pool_new(1, "test");

    sem_init(&thread_ended, 0, 0);
    pthread_key_create(&at_thread_end, tell_thread_end);
    struct note *one = submit(pool, &desk, 'a', first);
    struct note *two = submit(pool, &desk, 'b', tell);
    if (!one || !two)
        return;
    sem_wait(&desk.started);
    CHECK(job_abandon(&one->job));
    pool_leave(pool);
    sem_post(&desk.release);
    while (threads--)
        sem_wait(&thread_ended);
    CHECK_STR(desk.ran, ran); /* what was queued, too */
    CHECK_EQ(freed(&desk), 1);
    expect_done(&desk, "b");
    pthread_key_delete(at_thread_end);
    sem_destroy(&thread_ended);
}

TEST(pool_end, a_busy_pool_goes_with_its_last_thread)
{
    check_leaving(hold_and_tell, 1, "ab");
}

TEST(pool_end, a_busy_pool_whose_job_ends_its_thread_goes_with_the_next_one)
{
    check_leaving(hold_and_exit, 2, "b");
}

/* ---- a fork --------------------------------------------------------------------------------- */

/* The child has the memory, and no threads. */
static int live_in_child(struct desk *desk, struct pool *pool, struct note *running)
{
    struct note *note = note_new(desk, 'c', NULL);
    bool refused = pool_submit(pool, &desk->client, &note->job) == -COIL_ECLOSED;

    note_free(&note->job);
    pool_shut(pool, true);
    bool waits = pool_wait(pool) != 0;
    bool gone = job_abandon(&running->job);
    pool_leave(pool);
    return refused && !waits && gone ? 0 : 1;
}

TEST(pool_end, the_child_of_a_fork_waits_for_nobody)
{
    DESK(desk);
    POOL(pool, 1);
    struct note *note = check_walking() ? NULL : submit(pool, &desk, 'a', hold);

    if (!note)
        return;
    sem_wait(&desk.started);
    pid_t child = fork();
    if (child == 0)
        _exit(live_in_child(&desk, pool, note));
    int status = 1;
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_EQ(status, 0);
    sem_post(&desk.release);
    wait_for_wakes(&desk, 1);
    expect_done(&desk, "a");
}
