// SPDX-License-Identifier: MIT
#include "os/os.h"

#include "base/assert.h"
#include "base/fault.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

_Thread_local char coil__thread_mark __attribute__((tls_model("initial-exec")));

bool os_thread_is_main(void)
{
    return gettid() == getpid();
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
