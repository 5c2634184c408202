// SPDX-License-Identifier: MIT
/* The same two, but each blocks the thread: one after the other. */
#include "text.h"

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
    coil_block_for(COIL_SEC(work->seconds)); /* the thread, and every task with it */
    printf("[corowork] Stop coroutine %s\n", work->name);
    snprintf(work->result, sizeof(work->result), "Coroutine %s OK", work->name);
    return work->result;
}

int main(void)
{
    coil_loop *loop = coil_get_event_loop();
    coil_time start = coil_loop_time(loop);
    struct work one = {.name = "ONE", .seconds = 3}, two = {.name = "TWO", .seconds = 1};
    const coil_coro coroutines[] = {{corowork, &one}, {corowork, &two}};
    COIL_AUTO coil_future *gather = coil_gather(coroutines, 2, 0);
    void *result;
    int rc = coil_run_until_complete(loop, gather, &result);

    if (rc == 0) {
        void **results = result; /* of a gather: an array, in the order of the arguments */
        list_print("", &(struct list){{results[0], results[1]}, 2});
    }
    printf("运行耗时：%.4f\n", (double)(coil_loop_time(loop) - start) / 1e9);
    return rc < 0;
}
