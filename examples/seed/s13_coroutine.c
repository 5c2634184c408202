// SPDX-License-Identifier: MIT
/* One coroutine in the event loop of this thread. */
#include <coil/coil.h>

#include <stdio.h>

static void *do_some_work(void *unused)
{
    puts("Start coroutine");
    coil_block_for(COIL_MS(100)); /* stands for work that blocks the thread */
    puts("This is a coroutine");
    return unused;
}

int main(void)
{
    coil_loop *loop = coil_get_event_loop();
    coil_time start = coil_loop_time(loop);
    coil_coro coroutine = {do_some_work, NULL}; /* a function and its argument: runs nothing */
    COIL_AUTO coil_task *task = coil_create_task(coroutine.fn, coroutine.arg);
    int rc = coil_run_until_complete(loop, task, NULL);

    printf("运行耗时：%.4f\n", (double)(coil_loop_time(loop) - start) / 1e9);
    return rc < 0;
}
