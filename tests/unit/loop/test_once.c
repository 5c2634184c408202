// SPDX-License-Identifier: MIT
/* One turn at a time, on the simulated engine; and on the ring in a loop of epoll's. */
#include "loop/once.h"

#include "kernel.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>

static int note(void *log)
{
    record(log, "called");
    return 0;
}

static int is_running(void *log)
{
    record(log, coil_is_running(coil_get_running_loop()) ? "running" : "not running");
    return 0;
}

static void soon(coil_loop *loop, coil_callback fn, void *userdata)
{
    PASS(coil_handle_error(coil_call_soon(loop, fn, userdata)));
}

TEST(once, runs_what_is_ready_and_counts_as_running)
{
    struct record log = {""};
    WORLD(w);
    soon(w.loop, is_running, &log);
    CHECK_EQ(coil_run_once(w.loop, COIL_NEVER), 0);
    CHECK_STR(log.text, "running");
    CHECK(!coil_is_running(w.loop));
}

struct chain {
    coil_loop *loop;
    struct record log;
};

static int asks_for_note(void *arg)
{
    struct chain *chain = arg;
    soon(chain->loop, note, &chain->log);
    return 0;
}

TEST(once, says_that_more_is_ready)
{
    WORLD(w);
    struct chain chain = {.loop = w.loop};
    soon(w.loop, asks_for_note, &chain);
    CHECK_EQ(coil_run_once(w.loop, COIL_NEVER), 1);
    CHECK_STR(chain.log.text, "");
    CHECK_EQ(coil_run_once(w.loop, COIL_NEVER), 0);
    CHECK_STR(chain.log.text, "called");
}

static void *yields_for_ever(void *steps)
{
    while (coil_yield_now() == 0)
        ++*(int *)steps;
    return NULL;
}

TEST(once, takes_one_turn_where_tasks_would_go_on_among_themselves)
{
    int steps = 0;
    WORLD(w);
    COIL_AUTO coil_task *one = coil_create_task_with(w.loop, yields_for_ever, &steps, NULL);
    COIL_AUTO coil_task *two = coil_create_task_with(w.loop, yields_for_ever, &steps, NULL);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(coil_run_once(w.loop, 0), 1);
    CHECK_EQ(steps, 4); /* the first turn began them */
    CHECK((!coil_done(one) && !coil_done(two)) || check_walking());
}

TEST(once, waits_no_longer_than_it_may)
{
    struct record log = {""};
    WORLD(w);
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_SEC(3), note, &log)));
    CHECK_EQ(coil_run_once(w.loop, 0), 0);
    CHECK_EQ(world_time(&w), 0);
    CHECK_EQ(coil_run_once(w.loop, COIL_SEC(2)), 0);
    CHECK_EQ(world_time(&w), COIL_SEC(2));
    CHECK_STR(log.text, "");
    CHECK_EQ(coil_run_once(w.loop, COIL_SEC(2)), 0);
    CHECK_EQ(world_time(&w), COIL_SEC(3));
    CHECK_STR(log.text, "called");
}

static int stop(void *loop)
{
    coil_stop(loop);
    return 0;
}

TEST(once, tells_of_a_stop_and_forgets_it)
{
    struct record log = {""};
    WORLD(w);
    soon(w.loop, stop, w.loop);
    soon(w.loop, note, &log);
    FAILS(coil_run_once(w.loop, 0), -COIL_ESTOPPED);
    CHECK_STR(log.text, "called");
    coil_stop(w.loop);
    FAILS(coil_run_once(w.loop, COIL_NEVER), -COIL_ESTOPPED); /* and did not wait */
    CHECK_EQ(coil_run_once(w.loop, 0), 0);
}

static int runs_inside(void *loop)
{
    FAILS(coil_run_once(loop, 0), -EBUSY);
    return 0;
}

TEST(once, bad_arguments_are_refused)
{
    WORLD(w);
    soon(w.loop, runs_inside, w.loop);
    CHECK_EQ(coil_run_once(w.loop, -1), 0);
    FAILS(coil_run_once(w.loop, COIL_NEVER), -COIL_EDEADLOCK);
    FAILS(coil_run_once(NULL, 0), -EINVAL);
    FAILS(coil_run_once(COIL_ERR(-EIO), 0), -EIO);
    FAILS(coil_loop_fd(NULL), -EINVAL);
    FAILS(coil_loop_fd(COIL_ERR(-EIO)), -EIO);
    FAILS(coil_loop_fd(w.loop), -EOPNOTSUPP);
    PASS(coil_close(w.loop));
    FAILS(coil_run_once(w.loop, 0), -COIL_ECLOSED);
    FAILS(coil_loop_fd(w.loop), -COIL_ECLOSED);
}

/* ---- in a foreign loop ---------------------------------------------------------------------- */

/* Somebody else's loop, with a coil in it. */
struct foreign {
    int epoll;
    coil_loop *loop;
    int wakes;
};

static void foreign_free(struct foreign *foreign)
{
    PASS(coil_loop_free(foreign->loop));
    close(foreign->epoll);
}

#define FOREIGN(name)                                                                              \
    __attribute__((cleanup(foreign_free))) struct foreign name = {                                 \
        .epoll = epoll_create1(EPOLL_CLOEXEC), .loop = coil_loop_new(NULL)};                       \
    if (!foreign_begin(&name))                                                                     \
        return;

/* False: there is no coil to poll, which is a failure unless there are no rings. */
static bool foreign_begin(struct foreign *foreign)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = foreign};
    int fd = coil_loop_fd(foreign->loop);

    return kernel_has_rings() && PASS(fd) &&
           PASS(epoll_ctl(foreign->epoll, EPOLL_CTL_ADD, fd, &event));
}

/* Waits in epoll, never in coil. Whether the descriptor was readable in time. */
static bool foreign_turn(struct foreign *foreign, int timeout_ms)
{
    struct epoll_event event;
    int n;

    do {
        n = epoll_wait(foreign->epoll, &event, 1, timeout_ms);
    } while (n < 0 && errno == EINTR);
    if (n == 1) {
        foreign->wakes++;
        PASS(coil_run_once(foreign->loop, 0));
    }
    return n == 1;
}

/* Turns until the descriptor says that there is nothing to do. */
static void foreign_settle(struct foreign *foreign)
{
    for (int i = 0; i < 100 && foreign_turn(foreign, 0); i++) {
        /* again */
    }
    CHECK(!foreign_turn(foreign, 0));
}

enum { LONG_MS = 10000 }; /* never waited for, unless something is broken */

static void *reads(void *arg)
{
    const int *pipe = arg;
    char byte = 0;

    CHECK_EQ(coil_read(pipe[0], &byte, 1), 1);
    CHECK_EQ(byte, 'x');
    PASS(coil_sleep(COIL_MS(1)));
    CHECK_EQ(coil_read(pipe[0], &byte, 1), 1);
    return NULL;
}

static bool run_foreign(struct foreign *foreign, const coil_task *task)
{
    while (!coil_done(task))
        if (!foreign_turn(foreign, LONG_MS))
            return false;
    return true;
}

TEST(once, a_foreign_loop_hears_of_completions_and_deadlines)
{
    int pipe[2];
    if (!PASS(pipe2(pipe, O_CLOEXEC)))
        return;
    FOREIGN(f);
    COIL_AUTO coil_task *task = coil_create_task_with(f.loop, reads, pipe, NULL);
    foreign_settle(&f);
    CHECK(!coil_done(task) || check_walking());
    CHECK_EQ(write(pipe[1], "xy", 2), 2);
    CHECK(run_foreign(&f, task) || check_walking());
    foreign_settle(&f);
    close(pipe[0]);
    close(pipe[1]);
}

static void *posts(void *arg)
{
    struct chain *chain = arg;
    coil_handle handle = coil_call_soon_threadsafe(chain->loop, note, &chain->log);
    PASS(coil_handle_error(handle));
    return NULL;
}

TEST(once, a_foreign_loop_hears_of_other_threads)
{
    FOREIGN(f);
    struct chain chain = {.loop = f.loop};
    for (int i = 0; i < 3; i++) {
        pthread_t thread;
        foreign_settle(&f);
        if (!CHECK(pthread_create(&thread, NULL, posts, &chain) == 0))
            return;
        pthread_join(thread, NULL);
        CHECK(foreign_turn(&f, LONG_MS) || check_walking());
        foreign_settle(&f);
    }
    CHECK_STR(chain.log.text, "called called called");
}

TEST(once, a_foreign_callback_may_ask_for_callbacks)
{
    FOREIGN(f);
    struct record log = {""};
    foreign_settle(&f);
    soon(f.loop, note, &log);
    CHECK(foreign_turn(&f, 0) || check_walking());
    CHECK_STR(log.text, "called");
    foreign_settle(&f);
    PASS(coil_handle_error(coil_call_later(f.loop, COIL_MS(1), note, &log)));
    while (!strstr(log.text, "called called") && foreign_turn(&f, check_walking() ? 0 : LONG_MS)) {
        /* first it learns the deadline, then it has come */
    }
    CHECK_STR(log.text, "called called");
    foreign_settle(&f);
}

TEST(once, what_a_turn_leaves_keeps_the_descriptor_readable)
{
    FOREIGN(f);
    struct chain chain = {.loop = f.loop};
    foreign_settle(&f);
    soon(f.loop, asks_for_note, &chain);
    CHECK(foreign_turn(&f, 0) || check_walking());
    CHECK_STR(chain.log.text, "");
    CHECK(foreign_turn(&f, 0) || check_walking());
    CHECK_STR(chain.log.text, "called");
}

TEST(once, the_descriptor_is_the_same_and_goes_with_the_loop)
{
    if (!kernel_has_rings())
        return;
    KERNEL(loop);
    int fd = coil_loop_fd(loop);
    if (!PASS(fd))
        return;
    CHECK_EQ(coil_loop_fd(loop), fd);
    PASS(coil_close(loop));
    CHECK_EQ(fcntl(fd, F_GETFD), -1);
}
