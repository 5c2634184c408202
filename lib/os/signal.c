// SPDX-License-Identifier: MIT
#include "os/signal.h"

#include "base/assert.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct signal_sink *_Atomic first;
static atomic_uint inside; /* handlers that run now */

/* Under the lock. */
static unsigned users[SIGNAL_MAX + 1];
static struct sigaction former[SIGNAL_MAX + 1];

static void handle(int number)
{
    int before = errno;

    atomic_fetch_add(&inside, 1);
    for (struct signal_sink *sink = atomic_load(&first); sink; sink = atomic_load(&sink->next)) {
        if (!(atomic_load(&sink->wanted) & signal_bit(number)))
            continue;
        atomic_fetch_or(&sink->arrived, signal_bit(number));
        sink->wake(sink);
    }
    atomic_fetch_sub(&inside, 1);
    errno = before;
}

/* ---- forks --------------------------------------------------------------------------------- */

static void hold(void)
{
    int rc = pthread_mutex_lock(&lock);
    ASSERT(rc == 0);
}

static void release(void)
{
    int rc = pthread_mutex_unlock(&lock);
    ASSERT(rc == 0);
}

static void begin_child(void)
{
    atomic_store(&inside, 0); /* they ran on threads that are not here */
    release();
}

static void watch_forks(void)
{
    int rc = pthread_atfork(hold, release, begin_child);
    ASSERT(rc == 0);
}

/* ---- dispositions, under the lock ---------------------------------------------------------- */

static int install(int number)
{
    const struct sigaction ours = {.sa_handler = handle, .sa_flags = SA_RESTART};
    int before = errno, rc = 0;

    if (users[number] == 0 && sigaction(number, &ours, &former[number]) < 0)
        rc = -errno;
    else
        users[number]++;
    errno = before;
    return rc;
}

/* Somebody else may have set another disposition meanwhile: that one stays. */
static void uninstall(int number)
{
    struct sigaction now;

    if (--users[number])
        return;
    int rc = sigaction(number, NULL, &now);
    ASSERT(rc == 0);
    if (now.sa_handler == handle) {
        rc = sigaction(number, &former[number], NULL);
        ASSERT(rc == 0);
    }
}

static void uninstall_all(uint64_t which)
{
    for (int number = 1; number <= SIGNAL_MAX; number++)
        if (which & signal_bit(number))
            uninstall(number);
}

static int install_all(uint64_t which)
{
    for (int number = 1; number <= SIGNAL_MAX; number++) {
        if (!(which & signal_bit(number)))
            continue;
        int rc = install(number);
        if (rc < 0) {
            uninstall_all(which & (signal_bit(number) - 1));
            return rc;
        }
    }
    return 0;
}

/* ---- sinks, under the lock ------------------------------------------------------------------ */

static void join(struct signal_sink *sink)
{
    atomic_store(&sink->next, atomic_load(&first));
    atomic_store(&first, sink);
}

static void leave(struct signal_sink *sink)
{
    struct signal_sink *_Atomic *link = &first;

    while (atomic_load(link) != sink)
        link = &atomic_load(link)->next;
    atomic_store(link, atomic_load(&sink->next));
    while (atomic_load(&inside))
        sched_yield();
}

/* A sink is there before its signals are, and as long as they are. */
static int want(struct signal_sink *sink, uint64_t wanted)
{
    const uint64_t before = atomic_load(&sink->wanted);

    if (!before && wanted)
        join(sink);
    atomic_store(&sink->wanted, before | wanted);
    int rc = install_all(wanted & ~before);
    if (rc < 0)
        wanted = before;
    else
        uninstall_all(before & ~wanted);
    atomic_store(&sink->wanted, wanted);
    if (!wanted && (before || rc < 0))
        leave(sink);
    return rc;
}

int signal_want(struct signal_sink *sink, uint64_t wanted)
{
    if (atomic_load(&sink->wanted) == wanted)
        return 0;
    int rc = pthread_once(&once, watch_forks);
    ASSERT(rc == 0);
    hold();
    rc = want(sink, wanted);
    release();
    return rc;
}

bool signal_is_default(int number)
{
    struct sigaction now;
    int rc = sigaction(number, NULL, &now);

    ASSERT(rc == 0);
    return !(now.sa_flags & SA_SIGINFO) && now.sa_handler == SIG_DFL;
}
