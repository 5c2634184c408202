// SPDX-License-Identifier: MIT
#include "process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static sigset_t taken, before;

void process_signals(void)
{
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action;

    signal(SIGCHLD, SIG_DFL); /* where it is ignored, children leave no status */
    sigemptyset(&taken);
    sigaddset(&taken, SIGCHLD);
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
        if (sigaction(ends[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            sigaddset(&taken, ends[i]);
    sigprocmask(SIG_BLOCK, &taken, &before);
}

pid_t process_fork(const char *name)
{
    pid_t parent = getpid();

    fflush(NULL);
    pid_t child = fork();
    if (child != 0)
        return child < 0 ? -errno : child;
    prctl(PR_SET_NAME, name);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return 0;
}

int process_signal(int milliseconds)
{
    struct timespec time = {.tv_sec = milliseconds / 1000,
                            .tv_nsec = milliseconds % 1000 * 1000000L};
    int number = sigtimedwait(&taken, NULL, &time);

    return number < 0 ? 0 : number;
}

void process_end_by(int number)
{
    signal(number, SIG_DFL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    raise(number);
    exit(128 + number); /* it was blocked from the start */
}
