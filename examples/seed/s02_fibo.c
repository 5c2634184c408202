// SPDX-License-Identifier: MIT
/* A generator yields the Fibonacci numbers below n. */
#include <coil/coil.h>

#include <stdio.h>

static void *fibo(void *arg)
{
    int n = *(int *)arg;
    int a = 0, b = 1;

    while (b < n) {
        int next = a + b;
        a = b;
        b = next;
        int rc = coil_yield(&a, NULL);
        if (rc < 0)
            return COIL_ERR(rc);
    }
    return NULL;
}

int main(void)
{
    int n = 100;
    char text[100];
    const coil_gen_options options = {.size = sizeof(options), .name = "fibo"};
    coil_gen *f = coil_gen_new_with(fibo, &n, &options); /* runs nothing */

    for (int i = 0; i < 2; i++) {
        coil_gen_describe(f, text, sizeof(text));
        puts(text);
    }
    COIL_GEN_FOREACH(i, f)
    printf("%d\n", *(int *)i);
    return coil_gen_free(f) < 0;
}
