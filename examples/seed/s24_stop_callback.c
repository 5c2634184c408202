// SPDX-License-Identifier: MIT
/* A loop that runs until the callback of several tasks stops it. */
#include <coil/coil.h>

#include <stdio.h>

static void loop_stop(coil_future *gather, void *loop)
{
    (void)gather;
    coil_stop(loop);
}

static void *work(void *arg)
{
    const int *seconds = arg;

    puts("Start");
    int rc = coil_sleep(COIL_SEC(*seconds));
    if (rc < 0)
        return COIL_ERR(rc);
    printf("after %ds stop\n", *seconds);
    return NULL;
}

int main(void)
{
    coil_loop *loop = coil_get_event_loop();
    coil_time start = coil_loop_time(loop);
    int one = 1, two = 2;
    const coil_coro coroutines[] = {{work, &one}, {work, &two}};
    COIL_AUTO coil_future *gather = coil_gather(coroutines, 2, 0); /* a future like any other */
    int rc = coil_add_done_callback(gather, loop_stop, loop);

    if (rc == 0)
        rc = coil_run_forever(loop);
    coil_close(loop);
    printf("运行耗时：%.4f\n", (double)(coil_loop_time(loop) - start) / 1e9);
    return rc < 0;
}
