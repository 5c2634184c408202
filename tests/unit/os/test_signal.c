// SPDX-License-Identifier: MIT
#include "os/signal.h"

#include "signals.h"

#include <errno.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_int wakes;

static void wake(struct signal_sink *sink)
{
    (void)sink;
    atomic_fetch_add(&wakes, 1);
}

static void sink_free(struct signal_sink *sink)
{
    PASS(signal_want(sink, 0));
}

#define SINK(name)                                                                                 \
    __attribute__((cleanup(sink_free))) struct signal_sink name = {.wake = wake};                  \
    atomic_store(&wakes, 0)

static void other(int number)
{
    (void)number;
}

TEST(signal, a_sink_gets_what_it_wants)
{
    DISPOSITION(former, SIGUSR1, SIG_IGN);
    SINK(sink);
    PASS(signal_want(&sink, signal_bit(SIGUSR1)));
    CHECK(!signal_is_default(SIGUSR1));
    raise(SIGUSR1);
    raise(SIGUSR1);
    CHECK_EQ(atomic_load(&wakes), 2);
    CHECK_EQ(signal_take(&sink, signal_bit(SIGUSR2)), 0);
    CHECK_EQ(signal_take(&sink, signal_bit(SIGUSR1)), signal_bit(SIGUSR1));
    CHECK_EQ(signal_take(&sink, signal_bit(SIGUSR1)), 0);
}

TEST(signal, a_call_that_it_interrupts_goes_on)
{
    struct sigaction now;
    DISPOSITION(former, SIGUSR1, SIG_IGN);
    SINK(sink);
    PASS(signal_want(&sink, signal_bit(SIGUSR1)));
    CHECK(sigaction(SIGUSR1, NULL, &now) == 0 && now.sa_flags & SA_RESTART);
}

TEST(signal, the_former_disposition_comes_back_with_the_last_sink)
{
    DISPOSITION(former, SIGUSR1, other);
    SINK(one);
    SINK(two);
    PASS(signal_want(&one, signal_bit(SIGUSR1)));
    PASS(signal_want(&two, signal_bit(SIGUSR1) | signal_bit(SIGUSR2)));
    raise(SIGUSR1);
    CHECK(signal_take(&one, ~0ull) && signal_take(&two, ~0ull));
    PASS(signal_want(&one, 0));
    CHECK(!disposition_is(SIGUSR1, other));
    raise(SIGUSR1);
    CHECK_EQ(signal_take(&one, ~0ull), 0);
    CHECK_EQ(signal_take(&two, ~0ull), signal_bit(SIGUSR1));
    PASS(signal_want(&two, signal_bit(SIGUSR2)));
    CHECK(disposition_is(SIGUSR1, other));
    CHECK(!signal_is_default(SIGUSR2));
    PASS(signal_want(&two, 0));
    CHECK(signal_is_default(SIGUSR2));
}

TEST(signal, a_disposition_of_somebody_else_stays)
{
    DISPOSITION(former, SIGUSR1, SIG_IGN);
    SINK(sink);
    PASS(signal_want(&sink, signal_bit(SIGUSR1)));
    DISPOSITION(theirs, SIGUSR1, other);
    PASS(signal_want(&sink, 0));
    CHECK(disposition_is(SIGUSR1, other));
}

TEST(signal, what_nobody_may_handle_is_refused_and_nothing_changes)
{
    SINK(sink);
    errno = 0;
    PASS(signal_want(&sink, signal_bit(SIGUSR2)));
    FAILS(signal_want(&sink, signal_bit(SIGUSR1) | signal_bit(SIGKILL)), -EINVAL);
    FAILS(signal_want(&sink, signal_bit(SIGSTOP)), -EINVAL);
    CHECK_EQ(errno, 0);
    CHECK(signal_is_default(SIGUSR1));
    CHECK(!signal_is_default(SIGUSR2));
    CHECK_EQ(atomic_load(&sink.wanted), signal_bit(SIGUSR2));
    PASS(signal_want(&sink, 0));
    FAILS(signal_want(&sink, signal_bit(SIGKILL)), -EINVAL);
    CHECK_EQ(atomic_load(&sink.wanted), 0);
}

static void *raises(void *stop)
{
    while (!atomic_load((atomic_bool *)stop))
        raise(SIGUSR1);
    return NULL;
}

/* Its memory goes while another thread's handlers walk the list. */
TEST(signal, a_sink_leaves_under_fire)
{
    DISPOSITION(former, SIGUSR1, SIG_IGN);
    atomic_bool stop = false;
    pthread_t thread;
    SINK(stays);
    PASS(signal_want(&stays, signal_bit(SIGUSR1)));
    if (!CHECK(pthread_create(&thread, NULL, raises, &stop) == 0))
        return;
    for (int i = 0; i < 100; i++) {
        SINK(goes);
        PASS(signal_want(&goes, signal_bit(SIGUSR1)));
    }
    atomic_store(&stop, true);
    pthread_join(thread, NULL);
}

TEST(signal, a_forked_child_has_its_own)
{
    DISPOSITION(former, SIGUSR1, SIG_DFL);
    SINK(sink);
    PASS(signal_want(&sink, signal_bit(SIGUSR1)));
    pid_t child = fork();
    if (child == 0) {
        raise(SIGUSR1);
        bool got = signal_take(&sink, ~0ull) == signal_bit(SIGUSR1);
        _exit(got && signal_want(&sink, 0) == 0 && signal_is_default(SIGUSR1) ? 0 : 1);
    }
    int status = 1;
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_EQ(status, 0);
    CHECK_EQ(signal_take(&sink, ~0ull), 0);
    CHECK(!signal_is_default(SIGUSR1));
}
