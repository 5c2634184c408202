// SPDX-License-Identifier: MIT
/* A generator that stands at its first yield when its maker gets it. */
#include <coil/coil.h>

#include <errno.h>
#include <stdio.h>

static void *generator(void *arg)
{
    void *i = arg, *value = NULL;

    for (;;) {
        int rc = coil_yield(i, &value);
        if (rc == -EDOM)
            puts("Over");
        else if (rc < 0)
            return COIL_ERR(rc);
        i = value;
    }
}

int main(void)
{
    char first[] = "激活生成器";
    coil_gen *g = coil_gen_primed(generator, first);

    if (coil_gen_state(g) == COIL_GEN_SUSPENDED)
        puts("GEN_SUSPENDED");
    return coil_gen_free(g) < 0;
}
