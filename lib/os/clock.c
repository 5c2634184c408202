// SPDX-License-Identifier: MIT
#include "os/os.h"

#include "base/assert.h"

#include <errno.h>
#include <time.h>

enum { NS = 1000000000 };

int64_t os_now(void)
{
    struct timespec now;
    int rc = clock_gettime(CLOCK_MONOTONIC, &now);

    ASSERT(rc == 0);
    return (int64_t)now.tv_sec * NS + now.tv_nsec;
}

void os_block(int64_t until)
{
    const struct timespec point = {.tv_sec = until / NS, .tv_nsec = until % NS};
    int rc;

    while ((rc = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &point, NULL)) == EINTR) {
        /* the rest of it */
    }
    ASSERT(rc == 0);
}
