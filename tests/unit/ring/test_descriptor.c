// SPDX-License-Identifier: MIT
#include "kernel.h"

#include <poll.h>

enum { LONG_MS = 10000 }; /* never waited for, unless something is broken */

static bool readable(int fd, int timeout_ms)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    return poll(&poll_fd, 1, timeout_ms) == 1;
}

TEST(ring_descriptor, is_readable_when_something_completes)
{
    KERNEL(loop);
    if (err_is(loop))
        return;
    struct engine *engine = loop->engine;
    int fd = engine_descriptor(engine);
    if (!PASS(fd))
        return;
    CHECK_EQ(engine_descriptor(engine), fd);
    CHECK(!readable(fd, 0));
    engine_rouse(engine, true);
    CHECK(readable(fd, 0));
    engine_rouse(engine, false);
    CHECK(!readable(fd, 0));
    engine_rouse(engine, false); /* nothing to take back */
    for (int i = 0; i < 3; i++) {
        struct completion none;
        PASS(engine_enter(engine, INT64_MAX, false)); /* arms the wake */
        engine_wake(engine);
        if (check_walking())
            return;
        CHECK(readable(fd, LONG_MS));
        engine_rouse(engine, false);
        PASS(engine_enter(engine, INT64_MAX, false));
        CHECK_EQ(engine_reap(engine, &none, 1), 0);
    }
}
