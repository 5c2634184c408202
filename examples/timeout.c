// SPDX-License-Identifier: MIT
/* A wait with a limit. At the limit the task is cancelled, and has ended when the wait returns. */
#include <coil/coil.h>

#include <errno.h>
#include <stdio.h>

static void *answer(void *delay)
{
    int rc = coil_sleep(*(const coil_time *)delay);
    return rc < 0 ? COIL_ERR(rc) : "42";
}

static void ask(coil_time delay)
{
    COIL_AUTO coil_task *task = coil_create_task(answer, &delay);
    void *result;
    int rc = coil_wait_for(task, COIL_MS(500), &result);

    if (rc == -ETIMEDOUT)
        printf("too slow\n");
    else
        printf("%s\n", rc < 0 ? coil_strerror(rc) : (const char *)result);
}

static void *ask_twice(void *unused)
{
    ask(COIL_MS(1));
    ask(COIL_SEC(3600));
    return unused;
}

int main(void)
{
    return coil_run(ask_twice, NULL, NULL) < 0;
}
