// SPDX-License-Identifier: MIT
/* What the clients share: how whoever starts them looks at the server while they run. */
#ifndef ECHO_CLIENT_H
#define ECHO_CLIENT_H

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

static inline double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* With --wait: says something and goes on at the next line of the input. */
static inline void stop(bool waits, const char *said)
{
    int c = 0;

    if (!waits)
        return;
    printf("%s\n", said);
    fflush(stdout);
    while (c != '\n' && c != EOF)
        c = getchar();
}

static inline void report(unsigned long messages, double seconds)
{
    printf("%lu messages in %.6f s\n", messages, seconds);
    fflush(stdout);
}

#endif
