// SPDX-License-Identifier: MIT
/* Tasks and plain functions in one queue: first in, first out. */
#include <coil/coil.h>

#include <stdio.h>

struct work {
    int seconds;
    const char *name;
};

static int hello(void *name)
{
    printf("[hello] Hello, %s\n", (const char *)name);
    return 0;
}

static void *work(void *arg)
{
    const struct work *work = arg;

    printf("[work] start %s\n", work->name);
    int rc = coil_sleep(COIL_SEC(work->seconds));
    if (rc < 0)
        return COIL_ERR(rc);
    printf("[work] %s after %ds stop\n", work->name, work->seconds);
    return NULL;
}

int main(void)
{
    coil_loop *loop = coil_get_event_loop();
    struct work a = {1, "A"}, b = {2, "B"}, c = {3, "C"};

    coil_go(work, &a);                                        /* runs first */
    coil_call_soon(loop, hello, "Tom");                       /* second */
    coil_go(work, &b);                                        /* third */
    COIL_AUTO coil_task *task_c = coil_create_task(work, &c); /* fourth */
    return coil_run_until_complete(loop, task_c, NULL) < 0;
}
