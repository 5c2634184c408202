// SPDX-License-Identifier: MIT
#include "kernel.h"
#include "loop/loop.h"
#include "ring/ring.h"

#include <pthread.h>
#include <unistd.h>

static int stop(void *loop)
{
    coil_stop(loop);
    return 0;
}

static void *post(void *loop)
{
    coil_handle handle = coil_call_soon_threadsafe(loop, stop, loop);
    return coil_handle_error(handle) < 0 ? loop : NULL;
}

/* The loop has nothing to do and blocks, or is about to: it ends only if it is woken. */
TEST(ring_wake, another_thread_wakes_it)
{
    KERNEL(loop);
    if (err_is(loop))
        return;
    for (int i = 0; i < 100; i++) {
        pthread_t thread;
        void *failed = NULL;
        if (!CHECK(pthread_create(&thread, NULL, post, loop) == 0))
            return;
        if (check_walking()) { /* the post may fail: then nobody stops the loop */
            pthread_join(thread, &failed);
            if (failed)
                return;
            PASS(coil_run_forever(loop));
            continue;
        }
        PASS(coil_run_forever(loop));
        pthread_join(thread, &failed);
    }
}

static void replace_its_descriptor(void *argument)
{
    KERNEL(loop);
    int ends[2];

    (void)argument;
    if (err_is(loop) || pipe(ends) < 0)
        return;
    dup2(ends[1], ring_of(loop->engine)->wake_fd);
    PASS(coil_run_forever(loop));
}

/* Nobody could wake it any more. It would ask again and again, and keep a core busy. */
TEST(ring_wake, a_descriptor_that_was_taken_away_ends_the_program)
{
    DIES(replace_its_descriptor, NULL);
}
