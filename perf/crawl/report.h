// SPDX-License-Identifier: MIT
/* What the user sees of the runs: a table, and JSON. */
#ifndef CRAWL_REPORT_H
#define CRAWL_REPORT_H

#include "run.h"

/* The runs that are reported, one a mode, in the order of the modes. */
struct report {
    const struct options *options;
    struct run runs[MODES];
    size_t n;
};

void report_print(const struct report *report);

/* Writes options->json; 0 or -1, said on stderr. */
int report_write(const struct report *report);

#endif
