// SPDX-License-Identifier: MIT
/* Cancellation is an error of the call that waits, so a task cleans up as after any other error. */
#include <coil/coil.h>

#include <errno.h>
#include <stdio.h>

static void *work(void *unused)
{
    int rc;

    (void)unused;
    printf("work begins\n");
    rc = coil_sleep(COIL_SEC(3600));
    if (rc == -ECANCELED)
        printf("work cleans up\n");
    return COIL_ERR(rc);
}

static void *change_of_mind(void *unused)
{
    COIL_AUTO coil_task *task = coil_create_task(work, NULL);
    int rc = coil_sleep(COIL_MS(100));

    coil_cancel(task); /* asks; the task ends when it has cleaned up */
    if (rc == 0 && coil_await(task, NULL) == -ECANCELED)
        printf("work is cancelled\n");
    return unused;
}

int main(void)
{
    return coil_run(change_of_mind, NULL, NULL) < 0;
}
