// SPDX-License-Identifier: MIT
/* A generator's result: what the one who resumes it gets together with its end. */
#include "text.h"

#include <coil/coil.h>

#include <string.h>

static void *generator(void *arg)
{
    struct list *l = arg;

    for (;;) {
        void *value;
        int rc = coil_yield(NULL, &value);
        if (rc < 0)
            return COIL_ERR(rc);
        if (strcmp(value, "CLOSE") == 0)
            return l;
        list_append(l, value);
    }
}

int main(void)
{
    struct list l = {.length = 0};
    char hello[] = "hello", coroutine[] = "coroutine", end[] = "CLOSE";
    coil_gen *g = coil_gen_primed(generator, &l);
    void *out;

    coil_gen_send(g, hello, NULL);
    coil_gen_send(g, coroutine, NULL);
    if (coil_gen_send(g, end, &out) == COIL_STOP)
        list_print("StopIteration: ", out);
    return coil_gen_free(g) < 0;
}
