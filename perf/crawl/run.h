// SPDX-License-Identifier: MIT
/* One run of one mode, in a process of its own. */
#ifndef CRAWL_RUN_H
#define CRAWL_RUN_H

#include "crawl.h"

#include <jansson.h>

struct run {
    enum mode mode;
    size_t pages, ok, failed; /* ok + failed = pages */
    size_t waiting;           /* of the failed ones: those of which nothing is known */
    size_t at_once;
    double seconds, cpu_seconds;
    long peak_rss_kib;
    int threads;
    int interrupted; /* the signal; 0: it ran to its end */
    json_t *failures;
};

/*
 * Runs a mode and says on stderr what went wrong with which page. Progress goes there, too, when it
 * is a terminal. 0 or -errno, when it could not even begin.
 */
int run_mode(struct run *run, const struct options *options, enum mode mode);

#endif
