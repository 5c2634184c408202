// SPDX-License-Identifier: MIT
/* Two tasks at once, on one thread. Both together take as long as the slower one. */
#include <coil/coil.h>

#include <stdio.h>

static void *tea(void *unused)
{
    (void)unused;
    printf("the water is on\n");
    int rc = coil_sleep(COIL_MS(100));
    return rc < 0 ? COIL_ERR(rc) : "tea";
}

static void *toast(void *unused)
{
    (void)unused;
    printf("the bread is in\n");
    int rc = coil_sleep(COIL_MS(200));
    return rc < 0 ? COIL_ERR(rc) : "toast";
}

static void *breakfast(void *unused)
{
    COIL_AUTO coil_task *first = coil_create_task(tea, NULL);
    COIL_AUTO coil_task *second = coil_create_task(toast, NULL);
    void *results[2] = {unused, unused};
    int rc;

    if ((rc = coil_await(first, &results[0])) == 0 && (rc = coil_await(second, &results[1])) == 0)
        printf("%s and %s\n", (char *)results[0], (char *)results[1]);
    return COIL_ERR(rc);
}

int main(void)
{
    return coil_run(breakfast, NULL, NULL) < 0;
}
