// SPDX-License-Identifier: MIT
/* A limit for what a task does next. At the limit the call that waits returns, and tells so. */
#include <coil/coil.h>

#include <stdio.h>

static int answer(coil_time delay)
{
    int rc = coil_sleep(delay); /* or whatever waits, at any call depth */

    if (rc == 0)
        printf("42\n");
    return rc;
}

static void *ask(void *delay)
{
    coil_timeout timeout = COIL_TIMEOUT_INIT;
    int rc = coil_timeout_enter(&timeout, COIL_MS(500));

    if (rc == 0)
        rc = coil_timeout_exit(&timeout, answer(*(const coil_time *)delay));
    return COIL_ERR(rc);
}

int main(void)
{
    coil_time fast = 0, slow = COIL_SEC(3600);

    printf("%s\n", coil_strerror(coil_run(ask, &fast, NULL)));
    printf("%s\n", coil_strerror(coil_run(ask, &slow, NULL)));
    return 0;
}
