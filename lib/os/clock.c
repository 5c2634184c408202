// SPDX-License-Identifier: MIT
#include "os/os.h"

#include "base/assert.h"

#include <time.h>

int64_t os_now(void)
{
    struct timespec now;
    int rc = clock_gettime(CLOCK_MONOTONIC, &now);

    ASSERT(rc == 0);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
