// SPDX-License-Identifier: MIT
/* The smallest program: a coroutine is a plain function, and coil_run runs it. */
#include <coil/coil.h>

#include <stdio.h>

static void *hello(void *name)
{
    int rc;

    printf("hello\n");
    rc = coil_sleep(COIL_MS(100)); /* suspends this task alone */
    printf("%s\n", (const char *)name);
    return COIL_ERR(rc);
}

int main(void)
{
    int rc = coil_run(hello, "world", NULL);

    if (rc < 0)
        fprintf(stderr, "hello: %s\n", coil_strerror(rc));
    return rc < 0;
}
