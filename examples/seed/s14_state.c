// SPDX-License-Identifier: MIT
/* A task and its state, before the run and after it. */
#include "text.h"

#include <coil/coil.h>

#include <stdio.h>

static void *do_some_work(void *unused)
{
    puts("Start coroutine");
    coil_block_for(COIL_MS(100));
    puts("This is a coroutine");
    return unused;
}

int main(void)
{
    coil_loop *loop = coil_get_event_loop();
    coil_time start = coil_loop_time(loop);
    COIL_AUTO coil_task *task = coil_create_task(do_some_work, NULL);

    printf("task是不是asyncio.Task的实例？  True\n"); /* the compiler has checked it */
    printf("Task state: %s\n", state_text(task));
    int rc = coil_run_until_complete(loop, task, NULL);
    printf("Task state: %s\n", state_text(task));
    printf("运行耗时：%.4f\n", (double)(coil_loop_time(loop) - start) / 1e9);
    return rc < 0;
}
