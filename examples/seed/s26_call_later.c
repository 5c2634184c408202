// SPDX-License-Identifier: MIT
/* Plain functions that run after a delay. */
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

    printf("[work %s] start\n", work->name);
    int rc = coil_sleep(COIL_SEC(work->seconds));
    if (rc < 0)
        return COIL_ERR(rc);
    printf("[work %s] stop\n", work->name);
    return NULL;
}

int main(void)
{
    coil_loop *loop = coil_get_event_loop();
    struct work a = {1, "A"}, b = {2, "B"};

    coil_go(work, &a); /* a task of which nobody waits for the end */
    coil_call_later(loop, COIL_SEC(1.2), hello, "Tom"); /* 1.2 s from now */
    coil_call_soon(loop, hello, "Kitty");
    COIL_AUTO coil_task *task_b = coil_create_task(work, &b);
    coil_call_later(loop, COIL_SEC(1), hello, "Jerry");
    return coil_run_until_complete(loop, task_b, NULL) < 0;
}
