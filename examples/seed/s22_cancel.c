// SPDX-License-Identifier: MIT
/* Three tasks. Ctrl-C ends the run; then each is described, and asked to end. */
#include "text.h"

#include <coil/coil.h>

#include <stdio.h>

static void *work(void *arg)
{
    const int *id = arg;

    puts("Working...");
    int rc = coil_sleep(COIL_SEC(*id));
    if (rc < 0)
        return COIL_ERR(rc);
    printf("Work %d done\n", *id);
    return NULL;
}

static void cancel_all(coil_loop *loop)
{
    coil_task *tasks[3];
    int n = coil_all_tasks(loop, tasks, 3, COIL_TASKS_ALL);

    for (int i = 0; i < n && i < 3; i++) {
        COIL_AUTO coil_task *task = tasks[i];
        char text[256] = "";
        coil_describe(task, text, sizeof(text));
        printf("取消任务： %s %s\n", text, state_text(task));
        bool asked = coil_cancel(task); /* a task that is done cannot be cancelled */
        printf("取消状态: %s %s\n", asked ? "True" : "False", state_text(task));
    }
}

int main(void)
{
    coil_loop *loop = coil_get_event_loop();
    int ids[] = {1, 2, 3};
    const coil_coro coroutines[] = {{work, &ids[0]}, {work, &ids[1]}, {work, &ids[2]}};
    COIL_AUTO coil_future *gather = coil_gather(coroutines, 3, 0);
    int rc = coil_run_until_complete(loop, gather, NULL);

    if (rc == -COIL_EINTERRUPTED) {
        puts("");
        cancel_all(loop);
        rc = 0;
    }
    coil_close(loop);
    return rc < 0;
}
