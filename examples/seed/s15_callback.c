// SPDX-License-Identifier: MIT
/* A callback that runs when a task is done. */
#include "text.h"

#include <coil/coil.h>

#include <stdio.h>

static void *corowork(void *unused)
{
    puts("[corowork]Start coroutine");
    coil_block_for(COIL_MS(100));
    puts("[corowork]This is a coroutine");
    return unused;
}

/* Gets the task, and what was bound to it: here a name. */
static void callback(coil_future *task, void *name)
{
    printf("[callback] Hello %s\n", (const char *)name);
    printf("[callback] coroutine state: %s\n", state_text(task));
}

int main(void)
{
    coil_loop *loop = coil_get_event_loop();
    coil_time start = coil_loop_time(loop);
    COIL_AUTO coil_task *task = coil_create_task(corowork, NULL);
    int rc = coil_add_done_callback(task, callback, "Jesse");

    if (rc == 0)
        rc = coil_run_until_complete(loop, task, NULL);
    printf("运行耗时：%.4f\n", (double)(coil_loop_time(loop) - start) / 1e9);
    return rc < 0;
}
