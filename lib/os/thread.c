// SPDX-License-Identifier: MIT
#include "os/os.h"

#include "base/assert.h"
#include "base/fault.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

_Thread_local char coil__thread_mark __attribute__((tls_model("initial-exec")));

bool os_thread_is_main(void)
{
    return gettid() == getpid();
}

unsigned os_processors(void)
{
    cpu_set_t set;

    /* More processors than the set has room for are refused. */
    if (sched_getaffinity(0, sizeof(set), &set) < 0)
        return CPU_SETSIZE;
    return (unsigned)CPU_COUNT(&set);
}

int os_thread_start(pthread_t *thread, const char *name, os_thread_fn fn, void *argument)
{
    sigset_t all, before;

    if (fault_here("os_thread_start"))
        return -EAGAIN;
    sigfillset(&all);
    int rc = pthread_sigmask(SIG_SETMASK, &all, &before);
    ASSERT(rc == 0);
    int started = pthread_create(thread, NULL, fn, argument);
    rc = pthread_sigmask(SIG_SETMASK, &before, NULL);
    ASSERT(rc == 0);
    if (started)
        return -started;
    (void)pthread_setname_np(*thread, name); /* for people only */
    return 0;
}
