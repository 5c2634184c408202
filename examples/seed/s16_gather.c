// SPDX-License-Identifier: MIT
/* Two tasks at once. Each waits without the other. */
#include <coil/coil.h>

#include <stdio.h>

struct work {
    const char *name;
    int seconds;
    char result[32];
};

static void *corowork(void *arg)
{
    struct work *work = arg;

    printf("[corowork] Start coroutine %s\n", work->name);
    int rc = coil_sleep(COIL_SEC(work->seconds)); /* suspends this task alone */
    if (rc < 0)
        return COIL_ERR(rc);
    printf("[corowork] Stop coroutine %s\n", work->name);
    snprintf(work->result, sizeof(work->result), "Coroutine %s OK", work->name);
    return work->result;
}

int main(void)
{
    coil_loop *loop = coil_get_event_loop();
    coil_time start = coil_loop_time(loop);
    struct work one = {.name = "ONE", .seconds = 3}, two = {.name = "TWO", .seconds = 1};
    COIL_AUTO coil_task *task1 = coil_create_task(corowork, &one);
    COIL_AUTO coil_task *task2 = coil_create_task(corowork, &two);
    COIL_AUTO coil_future *gather = coil_gather_futures((coil_future *[]){task1, task2}, 2, 0);
    int rc = coil_run_until_complete(loop, gather, NULL);
    void *result;

    if (rc == 0 && (rc = coil_result(task1, &result)) == 0)
        printf("[task1] %s\n", (const char *)result);
    if (rc == 0 && (rc = coil_result(task2, &result)) == 0)
        printf("[task2] %s\n", (const char *)result);
    printf("运行耗时：%.4f\n", (double)(coil_loop_time(loop) - start) / 1e9);
    return rc < 0;
}
