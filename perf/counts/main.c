// SPDX-License-Identifier: MIT
/*
 * counts: does each work so many times under callgrind, which dumps how many instructions that took
 * (counts.py divides). Each has been done once before, so that nothing is counted that only the
 * first time costs. Without Valgrind nothing is counted.
 */
#include "work.h"

#include <gnu/libc-version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/callgrind.h>

struct run {
    const struct work *work;
    size_t times;
};

static void *count(void *argument)
{
    const struct run *run = argument;
    int rc = run->work->run(run->times);

    if (rc == 0) {
        CALLGRIND_ZERO_STATS;
        rc = run->work->run(run->times);
        CALLGRIND_DUMP_STATS_AT(run->work->name);
    }
    return COIL_ERR(rc);
}

static int count_on_loop(struct run *run)
{
    coil_loop_options options = {.size = sizeof(options)};

    if (run->work->on_kernel)
        return coil_run(count, run, NULL);
    coil_sim *sim = coil_sim_new(NULL);
    options.sim = sim;
    int rc = coil_run_with(count, run, NULL, &options);
    coil_sim_free(sim);
    return rc;
}

/* What the numbers depend on. */
static void print_about(void)
{
#if defined(__clang__)
    const char *compiler = "clang " __clang_version__;
#else
    const char *compiler = "gcc " __VERSION__;
#endif
    printf("%s, %s, %s, glibc %s, %s%s\n", compiler, COUNTS_MACHINE, COUNTS_BUILD,
           gnu_get_libc_version(), COIL_CONTEXT_ASM ? "switch in assembly" : "ucontext",
           COIL_VALGRIND ? ", which tells Valgrind" : "");
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--about") == 0) {
        print_about();
        return 0;
    }
    size_t times = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
    if (times == 0) {
        fprintf(stderr, "usage: counts TIMES | --about\n");
        return 2;
    }
    for (size_t i = 0; i < works_count; i++) {
        struct run run = {&works[i], times};
        int rc = count_on_loop(&run);
        if (rc < 0) {
            fprintf(stderr, "counts: %s: %s\n", works[i].name, coil_strerror(rc));
            return 1;
        }
        printf("%s\n", works[i].name);
    }
    return 0;
}
