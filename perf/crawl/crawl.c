// SPDX-License-Identifier: MIT
#include "crawl.h"

#include <coil/coil.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATUS_BITS = 10, ERROR_BITS = 12, MOST_REDIRECTS = 10, CONNECT_SECONDS = 30 };

/* One number, so that it is written at once: never 0 or 1 for a failure, which has a code. */
page_outcome outcome_of(CURLcode code, long status, int error)
{
    if (code == CURLE_OK)
        return OUTCOME_DONE;
    return (page_outcome)code << (STATUS_BITS + ERROR_BITS) |
           ((page_outcome)status & ((1U << STATUS_BITS) - 1)) << ERROR_BITS |
           ((page_outcome)error & ((1U << ERROR_BITS) - 1));
}

void outcome_describe(page_outcome outcome, char *text, size_t size)
{
    CURLcode code = (CURLcode)(outcome >> (STATUS_BITS + ERROR_BITS));
    unsigned status = outcome >> ERROR_BITS & ((1U << STATUS_BITS) - 1);
    int error = (int)(outcome & ((1U << ERROR_BITS) - 1));

    if (outcome == OUTCOME_WAITING)
        snprintf(text, size, "not fetched");
    else if (code == CURLE_HTTP_RETURNED_ERROR)
        snprintf(text, size, "HTTP %u", status);
    else if (error)
        snprintf(text, size, "%s: %s", curl_easy_strerror(code), coil_strerror(error));
    else
        snprintf(text, size, "%s", curl_easy_strerror(code));
}

void crawl_page_name(const struct crawl *crawl, size_t page, char *name, size_t size)
{
    const struct options *options = crawl->options;

    if (options->client == CLIENT_SLEEP)
        snprintf(name, size, "page %zu", page);
    else if (options->urls)
        snprintf(name, size, "%s", options->urls[page]);
    else
        snprintf(name, size, "http://127.0.0.1:%u/page/%zu", crawl->port, page);
}

static size_t swallow(char *data, size_t size, size_t n, void *userdata)
{
    (void)data;
    (void)userdata;
    return size * n;
}

CURL *crawl_easy(const struct crawl *crawl, size_t page)
{
    const struct options *options = crawl->options;
    CURL *easy = curl_easy_init();
    char name[64];
    bool ok;

    if (!easy)
        return NULL;
    if (options->urls) {
        ok = curl_easy_setopt(easy, CURLOPT_URL, options->urls[page]) == CURLE_OK;
    } else {
        crawl_page_name(crawl, page, name, sizeof(name));
        ok = curl_easy_setopt(easy, CURLOPT_URL, name) == CURLE_OK &&
             /* Ours is on this machine, whatever the environment says of proxies. */
             curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK;
    }
    ok = ok && curl_easy_setopt(easy, CURLOPT_USERAGENT, "coil-crawl") == CURLE_OK;
    if (!ok) {
        curl_easy_cleanup(easy);
        return NULL;
    }
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)MOST_REDIRECTS);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(options->timeout * 1000) + 1); /* 0: never */
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, swallow);
    return easy;
}

void crawl_easy_done(struct crawl *crawl, size_t page, CURL *easy, CURLcode code)
{
    long status = 0, error = 0;

    if (code != CURLE_OK) {
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &error);
    }
    curl_easy_cleanup(easy);
    crawl_page_done(crawl, page, outcome_of(code, status, (int)error));
}

void crawl_page_done(struct crawl *crawl, size_t page, page_outcome outcome)
{
    struct record *record = crawl->record;

    atomic_store_explicit(&record->outcomes[page], outcome, memory_order_release);
    if (atomic_fetch_add(&record->finished, 1) == 0)
        crawl_count_threads(crawl); /* one is just done: the others are in the middle of it */
}

void crawl_count_threads(struct crawl *crawl)
{
    char line[256];
    int threads = 0, most = atomic_load(&crawl->record->threads);
    FILE *status = fopen("/proc/self/status", "re");

    if (!status)
        return;
    while (fgets(line, sizeof(line), status))
        if (strncmp(line, "Threads:", 8) == 0)
            threads = (int)strtol(line + 8, NULL, 10);
    fclose(status);
    while (threads > most && !atomic_compare_exchange_weak(&crawl->record->threads, &most, threads))
        ;
}

static void fetch_http(struct crawl *crawl, size_t page)
{
    CURL *easy = crawl_easy(crawl, page);

    if (easy)
        crawl_easy_done(crawl, page, easy, crawl->perform(easy));
    else
        crawl_page_done(crawl, page, outcome_of(CURLE_OUT_OF_MEMORY, 0, 0));
}

static void fetch_asleep(struct crawl *crawl, size_t page)
{
    int rc = crawl->pause(crawl->options->latency);

    crawl_page_done(crawl, page, outcome_of(rc < 0 ? CURLE_ABORTED_BY_CALLBACK : CURLE_OK, 0, -rc));
}

void *crawl_worker(void *argument)
{
    struct crawl *crawl = argument;
    size_t page;

    while ((page = atomic_fetch_add(&crawl->record->taken, 1)) < crawl->options->pages) {
        if (crawl->options->client == CLIENT_HTTP)
            fetch_http(crawl, page);
        else
            fetch_asleep(crawl, page);
    }
    return NULL;
}
