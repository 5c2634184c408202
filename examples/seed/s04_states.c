// SPDX-License-Identifier: MIT
/* The four states of a generator, and what it is sent and thrown. */
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

static void print_state(const coil_gen *g)
{
    static const char *const names[] = {"GEN_CREATED", "GEN_RUNNING", "GEN_SUSPENDED",
                                        "GEN_CLOSED"};
    int state = coil_gen_state(g);

    puts(state < 0 ? coil_strerror(state) : names[state]);
}

int main(void)
{
    char first[] = "激活生成器", hello[] = "Hello Generator";
    coil_gen *g = coil_gen_new(generator, first);
    void *out = NULL;

    print_state(g);
    if (coil_gen_next(g, &out) == 0)
        puts(out);
    print_state(g);
    if (coil_gen_send(g, hello, &out) == 0)
        puts(out);
    if (coil_gen_throw(g, -EDOM, &out) == 0)
        puts(out);
    int rc = coil_gen_close(g, NULL);
    print_state(g);
    coil_gen_free(g);
    return rc < 0;
}
