// SPDX-License-Identifier: MIT
#include <coil/features.h>
#include <coil/futex.h>

#include "base/poison.h"
#include "kernel.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>

static void *give_bad_arguments(void *argument)
{
    _Alignas(uint32_t) char words[8] = "";
    const uint32_t *odd = (const void *)(words + 1);
    uint32_t word = 0;

    FAILS(coil_futex_wait(NULL, 0, 0), -EINVAL);
    FAILS(coil_futex_wait(odd, 0, 0), -EINVAL);
    FAILS(coil_futex_wait(&word, 0, 2), -EINVAL);
    FAILS(coil_futex_wake(NULL, 1, 0), -EINVAL);
    FAILS(coil_futex_wake(odd, 1, 0), -EINVAL);
    FAILS(coil_futex_wake(&word, 1, 2), -EINVAL);
    return argument;
}

TEST(futex, refuses_bad_arguments_and_submits_nothing)
{
    WORLD(w);
    PASS(world_run(&w, give_bad_arguments, NULL));
    CHECK_EQ(world_counts(&w).submitted, 0);
}

struct sleeper {
    const uint32_t *word;
    unsigned flags;
    int rc;
};

static void *wait_on_it(void *argument)
{
    struct sleeper *sleeper = argument;

    sleeper->rc = coil_futex_wait(sleeper->word, 7, sleeper->flags);
    return sleeper->rc < 0 ? COIL_ERR(sleeper->rc) : NULL;
}

struct waker {
    const uint32_t *word;
    uint32_t most;
    unsigned flags;
    int woken;
};

static void *wake_them(void *argument)
{
    struct waker *waker = argument;

    waker->woken = coil_futex_wake(waker->word, waker->most, waker->flags);
    return waker->woken < 0 ? COIL_ERR(waker->woken) : NULL;
}

static bool can_wait(coil_loop *loop)
{
    return coil_features(loop) & COIL_HAS_FUTEX;
}

static void wake_of_two(unsigned flags)
{
    const uint32_t word = 7;
    struct sleeper sleepers[2] = {{&word, flags, 1}, {&word, flags, 1}};
    struct waker first = {&word, 1, flags, 0}, rest = {&word, UINT32_MAX, flags, 0};
    KERNEL(loop);
    if (!can_wait(loop))
        return;
    COIL_AUTO coil_task *one = coil_create_task_with(loop, wait_on_it, &sleepers[0], NULL);
    COIL_AUTO coil_task *two = coil_create_task_with(loop, wait_on_it, &sleepers[1], NULL);
    coil_stop(loop);
    PASS(coil_run_forever(loop));
    PASS(kernel_run(loop, wake_them, &first));
    CHECK_EQ(first.woken, 1);
    PASS(kernel_run(loop, wake_them, &rest));
    CHECK_EQ(rest.woken, 1);
    if (check_walking()) {
        (void)coil_cancel(one);
        (void)coil_cancel(two);
    }
    PASS(coil_run_until_complete(loop, one, NULL));
    PASS(coil_run_until_complete(loop, two, NULL));
    CHECK_EQ(sleepers[0].rc, 0);
    CHECK_EQ(sleepers[1].rc, 0);
}

TEST(futex, wakes_as_many_as_it_is_told)
{
    wake_of_two(0);
}

TEST(futex, may_be_shared_between_processes)
{
    wake_of_two(COIL_FUTEX_SHARED);
}

TEST(futex, does_not_wait_for_what_is_so_already)
{
    const uint32_t word = 8;
    struct sleeper sleeper = {&word, 0, 1};
    KERNEL(loop);
    if (can_wait(loop))
        FAILS(kernel_run(loop, wait_on_it, &sleeper), -EAGAIN);
}

TEST(futex, is_left_when_its_task_is_cancelled)
{
    const uint32_t word = 7;
    struct sleeper sleeper = {&word, 0, 1};
    KERNEL(loop);
    if (!can_wait(loop))
        return;
    COIL_AUTO coil_task *task = coil_create_task_with(loop, wait_on_it, &sleeper, NULL);
    coil_stop(loop);
    PASS(coil_run_forever(loop));
    (void)coil_cancel(task);
    FAILS(coil_run_until_complete(loop, task, NULL), -ECANCELED);
}

static void *post(void *argument)
{
    _Atomic uint32_t *word = argument;

    atomic_store(word, 8);
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    return NULL;
}

TEST(futex, is_woken_by_a_thread_without_a_loop)
{
    static _Atomic uint32_t word;
    struct sleeper sleeper = {(const uint32_t *)&word, 0, 1};
    pthread_t thread;
    atomic_store(&word, 7);
    KERNEL(loop);
    if (!can_wait(loop) || !CHECK(pthread_create(&thread, NULL, post, &word) == 0))
        return;
    int rc = kernel_run(loop, wait_on_it, &sleeper);
    CHECK(rc == 0 || rc == -EAGAIN || check_walking()); /* the thread may have been first */
    pthread_join(thread, NULL);
}

/* A thread that waits, until somebody wakes it. */
struct outsider {
    uint32_t word;
    int private; /* FUTEX_PRIVATE_FLAG, or 0 */
    _Atomic pid_t thread;
};

static void *wait_outside(void *argument)
{
    struct outsider *outsider = argument;

    atomic_store(&outsider->thread, gettid());
    syscall(SYS_futex, &outsider->word, FUTEX_WAIT | outsider->private, 0, NULL, NULL, 0);
    return NULL;
}

/* It does nothing else for which it would sleep. */
static bool sleeps(pid_t thread)
{
    char path[64], text[128] = "";

    snprintf(path, sizeof(path), "/proc/self/task/%d/stat", thread);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, text, sizeof(text) - 1);
    close(fd);
    const char *name_end = strrchr(text, ')');
    return n > 0 && name_end && name_end[2] == 'S';
}

static void wake_a_thread(unsigned flags)
{
    struct outsider outsider = {.private = flags & COIL_FUTEX_SHARED ? 0 : FUTEX_PRIVATE_FLAG};
    struct waker waker = {&outsider.word, UINT32_MAX, flags, -1};
    pthread_t thread;
    KERNEL(loop);
    if (err_is(loop) || !CHECK(pthread_create(&thread, NULL, wait_outside, &outsider) == 0))
        return;
    while (!atomic_load(&outsider.thread) || !sleeps(outsider.thread))
        sched_yield();
    PASS(kernel_run(loop, wake_them, &waker));
    CHECK_EQ(waker.woken, 1);
    if (waker.woken != 1)
        syscall(SYS_futex, &outsider.word, FUTEX_WAKE | outsider.private, 1, NULL, NULL, 0);
    pthread_join(thread, NULL);
}

TEST(futex, wakes_a_thread_without_a_loop)
{
    if (ON_VALGRIND)
        return; /* its threads sleep for each other */
    wake_a_thread(0);
    wake_a_thread(COIL_FUTEX_SHARED);
}

TEST(futex, says_when_the_kernel_cannot_wait)
{
    const uint32_t word = 7;
    struct sleeper sleeper = {&word, 0, 1};
    KERNEL(loop);
    if (!err_is(loop) && !can_wait(loop))
        FAILS(kernel_run(loop, wait_on_it, &sleeper), -EOPNOTSUPP);
}
