// SPDX-License-Identifier: MIT
#include "check.h"

#include "os/os.h"

#include <time.h>

static int64_t kernel_now(void)
{
    struct timespec now = {0, 0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

TEST(clock, is_the_monotonic_one_in_nanoseconds)
{
    int64_t before = kernel_now();
    int64_t now = os_now();
    int64_t after = kernel_now();

    CHECK(before <= now);
    CHECK(now <= after);
}

TEST(clock, never_goes_back)
{
    int64_t last = os_now();

    for (int i = 0; i < 1000; i++) {
        int64_t now = os_now();
        CHECK(now >= last);
        last = now;
    }
}

TEST(clock, blocks_until_a_point)
{
    int64_t until = os_now() + 1000000;

    os_block(until);
    CHECK(os_now() >= until);
    os_block(until); /* which is over */
    os_block(0);
}
