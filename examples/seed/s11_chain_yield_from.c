// SPDX-License-Identifier: MIT
/* The same with yield from: one loop. */
#include <coil/coil.h>

#include <stdio.h>

struct args {
    const coil_iter *iters;
    size_t count;
};

static void *chain_yield_from(void *arg)
{
    const struct args *args = arg;

    for (size_t n = 0; n < args->count; n++) {
        int rc = coil_yield_from(args->iters[n], NULL);
        if (rc < 0)
            return COIL_ERR(rc);
    }
    return NULL;
}

int main(void)
{
    char numbers[][4] = {"one", "two"}, letters[][2] = {"a", "c", "e"};
    void *const first[] = {numbers[0], numbers[1]};
    void *const second[] = {letters[0], letters[1], letters[2]};
    coil_array arrays[2];
    const coil_iter iters[] = {coil_iter_array(&arrays[0], first, 2),
                               coil_iter_array(&arrays[1], second, 3)};
    coil_chain chain;
    struct args args = {iters, 2};
    const coil_gen_options options = {.size = sizeof(options), .name = "chain_yield_from"};
    coil_gen *c = coil_gen_new_with(chain_yield_from, &args, &options);
    char text[100];

    printf("<itertools.chain at %p>\n", coil_iter_chain(&chain, iters, 2).self);
    coil_gen_describe(c, text, sizeof(text));
    puts(text);
    COIL_GEN_FOREACH(i, c)
    puts(i);
    return coil_gen_free(c) < 0;
}
