// SPDX-License-Identifier: MIT
/*
 * libcurl for tasks: what curl_easy_perform is for a thread.
 *
 * All transfers of a loop share one multi handle. libcurl says which descriptors it wants to hear
 * of and when it wants to be called; the loop's readers, writers and timers do so, and the one who
 * awaits a transfer is woken when it has ended. libcurl itself runs on the loop's stack, never on a
 * task's, but for the adding and removing of a transfer.
 */
#ifndef CRAWL_CURL_TASKS_H
#define CRAWL_CURL_TASKS_H

#include <curl/curl.h>
#include <stddef.h>

struct curl_tasks;

/* For the running loop, in a task of it; keeps at most so many connections. 0 or -ENOMEM. */
int curl_tasks_open(size_t connections, struct curl_tasks **curl);

/* After the last transfer; NULL is ignored. */
void curl_tasks_close(struct curl_tasks *curl);

/* As curl_easy_perform, and suspends the calling task alone. Cancelled: the transfer is dropped. */
CURLcode curl_tasks_perform(CURL *easy);

#endif
