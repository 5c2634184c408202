// SPDX-License-Identifier: MIT
/* suspended: many generators at their first yield at once. Prints what memory they take. */
#include <coil/coil.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *body(void *arg)
{
    return COIL_ERR(coil_yield(arg, NULL));
}

/* Bytes resident; -1: not known. */
static long resident(void)
{
    char line[256];
    long kib = -1;
    FILE *status = fopen("/proc/self/status", "re");

    while (status && kib < 0 && fgets(line, sizeof(line), status))
        if (strncmp(line, "VmRSS:", 6) == 0)
            kib = strtol(line + 6, NULL, 10);
    if (status)
        fclose(status);
    return kib < 0 ? -1 : kib * 1024;
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000, made = 0;
    coil_gen **gens = count ? calloc(count, sizeof(*gens)) : NULL;
    long before = resident();
    int rc = gens ? 0 : -1;

    for (; rc >= 0 && made < count; made++) {
        gens[made] = coil_gen_primed(body, NULL);
        rc = coil_err(gens[made]);
    }
    long after = resident();
    if (rc >= 0)
        printf("generators   %zu\nresident     %.3f GB, %.0f bytes a generator\n", count,
               (double)after / 1e9, (double)(after - before) / (double)count);
    else
        fprintf(stderr, "suspended: [N], and memory for that many\n");
    while (made)
        (void)coil_gen_free(gens[--made]);
    free(gens);
    return rc < 0;
}
