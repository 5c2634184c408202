// SPDX-License-Identifier: MIT
/* suspended: many generators at their first yield at once. Prints what memory they take. */
#include "touch.h"

#include <coil/coil.h>

#include <stdio.h>
#include <stdlib.h>

static void *body(void *arg)
{
    return COIL_ERR(coil_yield(arg, NULL));
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000, made = 0;
    coil_gen **gens = count ? calloc(count, sizeof(*gens)) : NULL;
    long before = touch_kib(TOUCH_SELF, "VmRSS:");
    int rc = gens ? 0 : -1;

    for (; rc >= 0 && made < count; made++) {
        gens[made] = coil_gen_primed(body, NULL);
        rc = coil_err(gens[made]);
    }
    long after = touch_kib(TOUCH_SELF, "VmRSS:");
    if (rc >= 0)
        printf("generators   %zu\nresident     %.3f GB, %.0f bytes a generator\n", count,
               (double)after * 1024 / 1e9, (double)(after - before) * 1024 / (double)count);
    else
        fprintf(stderr, "suspended: give it a number of generators, and memory for that many: "
                        "suspended [N]\n");
    while (made)
        (void)coil_gen_free(gens[--made]);
    free(gens);
    return rc < 0;
}
