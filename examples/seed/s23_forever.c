// SPDX-License-Identifier: MIT
/* A loop that runs until a task stops it. */
#include <coil/coil.h>

#include <stdio.h>

static void *work(void *arg)
{
    const int *seconds = arg;

    puts("Start");
    int rc = coil_sleep(COIL_SEC(*seconds));
    if (rc < 0)
        return COIL_ERR(rc);
    printf("after %ds stop\n", *seconds);
    coil_stop(coil_get_running_loop()); /* it could run again later */
    return NULL;
}

int main(void)
{
    coil_loop *loop = coil_get_event_loop();
    int seconds = 1;
    COIL_AUTO coil_task *task = coil_create_task(work, &seconds);
    int rc = coil_is_err(task) ? coil_err(task) : coil_run_forever(loop);

    coil_close(loop); /* only a loop that does not run can be closed */
    return rc < 0;
}
