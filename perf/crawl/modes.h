// SPDX-License-Identifier: MIT
/* The ways to crawl: the same worker in each. */
#ifndef CRAWL_MODES_H
#define CRAWL_MODES_H

#include "crawl.h"

/*
 * Crawl all pages with crawl->at_once workers, as far as the system gives them, and say in the
 * record how many there were and what kept more from being there.
 */
void crawl_sequential(struct crawl *crawl);
void crawl_threads(struct crawl *crawl);
void crawl_tasks(struct crawl *crawl);

/* The floor: as many transfers at once on libcurl's multi-socket interface and bare epoll. */
void crawl_floor(struct crawl *crawl);

#endif
