// SPDX-License-Identifier: MIT
/* What the user of crawl asks for. */
#ifndef CRAWL_OPTIONS_H
#define CRAWL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum client { CLIENT_SLEEP, CLIENT_HTTP };
enum mode { MODE_SEQUENTIAL, MODE_THREADS, MODE_TASKS, MODE_FLOOR, MODES };

struct options {
    size_t pages;
    double latency; /* seconds */
    double timeout; /* seconds for one page */
    enum client client;
    char **urls; /* `pages` of them; NULL: pages of the server that comes with the program */
    bool modes[MODES];
    size_t concurrency; /* 0: every page at once */
    size_t rounds;      /* of each mode; the median is reported */
    const char *json;   /* a path; NULL: none */
};

/* As on the command line. */
const char *mode_name(enum mode mode);

/*
 * Reads the command line. On a mistake, one line on stderr and exit status 2; after --help, the
 * help and 0.
 */
void options_parse(struct options *options, int argc, char **argv);
void options_free(struct options *options);

#endif
