// SPDX-License-Identifier: MIT
/*
 * A crawl: pages, how each is fetched, and what became of it.
 *
 * Each mode runs in a process of its own, so that its memory and processor time are its own. What
 * became of each page is written into memory that this process shares with its parent: the parent
 * knows of every page, also when the process is interrupted or dies.
 */
#ifndef CRAWL_CRAWL_H
#define CRAWL_CRAWL_H

#include "options.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <stdatomic.h>

/* Of one page: OUTCOME_WAITING, OUTCOME_DONE, or why it failed (see outcome_of). */
typedef uint32_t page_outcome;
enum { OUTCOME_WAITING, OUTCOME_DONE };

/* Shared by the process that crawls and its parent. */
struct record {
    atomic_size_t taken;    /* pages that somebody has begun, from the first on */
    atomic_size_t finished; /* pages that are done or failed */
    atomic_int threads;     /* the most that were seen */
    size_t at_once;         /* workers that there were */
    int error;              /* a negative errno: why there were fewer than asked for, or none */
    double seconds; /* from the first page's beginning to the last one's end; 0: not ended */
    _Atomic page_outcome outcomes[];
};

struct crawl {
    const struct options *options;
    in_port_t port; /* of the server that comes with the program */
    size_t at_once; /* workers */
    struct record *record;

    /* How a page is waited for: what differs between a thread and a task. */
    CURLcode (*perform)(CURL *easy);
    int (*pause)(double seconds);
};

/*
 * The body of a thread, of a task, or of neither: fetches pages until none is left. The argument is
 * the crawl.
 */
void *crawl_worker(void *crawl);

/* A transfer that is set up, or NULL. */
CURL *crawl_easy(const struct crawl *crawl, size_t page);

/* Writes down how a transfer has ended, and frees it. */
void crawl_easy_done(struct crawl *crawl, size_t page, CURL *easy, CURLcode code);

/* Writes down what became of a page. */
void crawl_page_done(struct crawl *crawl, size_t page, page_outcome outcome);

/* Sees how many threads there are now. */
void crawl_count_threads(struct crawl *crawl);

/* Puts a page's name into `name`, cut to `size`. */
void crawl_page_name(const struct crawl *crawl, size_t page, char *name, size_t size);

/* The outcome of a transfer with this code, HTTP status and errno. */
page_outcome outcome_of(CURLcode code, long status, int error);

/* Describes a failure. */
void outcome_describe(page_outcome outcome, char *text, size_t size);

#endif
