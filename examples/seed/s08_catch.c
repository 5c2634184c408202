// SPDX-License-Identifier: MIT
/* The same, as a loop that looks at each answer. */
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
    const struct list *value = NULL;
    char words[][16] = {"hello", "coroutine", "CLOSE"};
    coil_gen *g = coil_gen_primed(generator, &l);

    for (int i = 0; i < 3; i++) {
        void *out;
        if (coil_gen_send(g, words[i], &out) == COIL_STOP) {
            value = out;
            puts("END");
        }
    }
    if (value)
        list_print("", value);
    return coil_gen_free(g) < 0;
}
