// SPDX-License-Identifier: MIT
/* Touches memory in a process of its own, to see whether it may be touched. */
#ifndef TESTS_TOUCH_H
#define TESTS_TOUCH_H

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Whether reading or writing this byte raises SIGSEGV. */
static inline bool touch_once(char *byte, bool writing)
{
    int status = 0;

    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGSEGV, SIG_DFL); /* a sanitizer or the runner would explain and exit */
        if (writing)
            *(volatile char *)byte = 1;
        else
            (void)*(volatile char *)byte;
        _exit(0);
    }
    return child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
           WTERMSIG(status) == SIGSEGV;
}

/* Whether this byte may neither be read nor be written. */
static inline bool touch_faults(char *byte)
{
    return touch_once(byte, false) && touch_once(byte, true);
}

#endif
