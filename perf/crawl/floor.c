// SPDX-License-Identifier: MIT
/*
 * What tasks are measured against: libcurl's multi-socket interface on epoll, by callbacks alone,
 * with the same transfers.
 */
#include "modes.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 256, NEVER = -1 };

struct floor {
    struct crawl *crawl;
    CURLM *multi;
    int epoll;
    int64_t due; /* milliseconds; NEVER */
    size_t running;
};

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *userdata, void *assigned)
{
    struct floor *floor = userdata;
    struct epoll_event event = {.data.fd = fd};

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(floor->epoll, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    event.events = (what & CURL_POLL_IN ? EPOLLIN : 0U) | (what & CURL_POLL_OUT ? EPOLLOUT : 0U);
    if (epoll_ctl(floor->epoll, assigned ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) < 0)
        return -1;
    return curl_multi_assign(floor->multi, fd, floor) == CURLM_OK ? 0 : -1;
}

static int on_timer(CURLM *multi, long milliseconds, void *userdata)
{
    struct floor *floor = userdata;

    (void)multi;
    floor->due = milliseconds < 0 ? NEVER : now() + milliseconds;
    return 0;
}

/* Begins pages until as many as may run do, or none is left. */
static void begin(struct floor *floor)
{
    struct crawl *crawl = floor->crawl;
    size_t page;

    while (floor->running < crawl->at_once &&
           (page = atomic_fetch_add(&crawl->record->taken, 1)) < crawl->options->pages) {
        CURL *easy = crawl_easy(crawl, page);
        if (easy && curl_easy_setopt(easy, CURLOPT_PRIVATE, (char *)(uintptr_t)page) == CURLE_OK &&
            curl_multi_add_handle(floor->multi, easy) == CURLM_OK) {
            floor->running++;
            continue;
        }
        curl_easy_cleanup(easy);
        crawl_page_done(crawl, page, outcome_of(CURLE_OUT_OF_MEMORY, 0, 0));
    }
}

static CURLMcode act(struct floor *floor, curl_socket_t fd, int events)
{
    int running, left;
    CURLMcode code = curl_multi_socket_action(floor->multi, fd, events, &running);
    CURLMsg *message;

    while ((message = curl_multi_info_read(floor->multi, &left))) {
        CURL *easy = message->easy_handle;
        CURLcode result = message->data.result;
        char *page;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &page);
        curl_multi_remove_handle(floor->multi, easy);
        crawl_easy_done(floor->crawl, (size_t)(uintptr_t)page, easy, result);
        floor->running--;
    }
    return code;
}

static int loop(struct floor *floor)
{
    struct epoll_event events[EVENTS];
    CURLMcode code = CURLM_OK;

    begin(floor);
    while (code == CURLM_OK && floor->running > 0) {
        int64_t left = floor->due == NEVER ? NEVER : floor->due - now();
        if (floor->due != NEVER && left < 0)
            left = 0;
        int n = epoll_wait(floor->epoll, events, EVENTS, (int)left);
        if (n < 0 && errno != EINTR)
            return -errno;
        for (int i = 0; i < n && code == CURLM_OK; i++)
            code = act(floor, events[i].data.fd,
                       (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                           (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                           (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0));
        if (code == CURLM_OK && floor->due != NEVER && floor->due <= now()) {
            floor->due = NEVER;
            code = act(floor, CURL_SOCKET_TIMEOUT, 0);
        }
        begin(floor);
    }
    return code == CURLM_OK ? 0 : -EIO;
}

void crawl_floor(struct crawl *crawl)
{
    struct floor floor = {.crawl = crawl, .multi = curl_multi_init(), .due = NEVER};

    crawl->record->at_once = crawl->at_once;
    floor.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (floor.epoll < 0 || !floor.multi) {
        crawl->record->error = floor.epoll < 0 ? -errno : -ENOMEM;
    } else {
        curl_multi_setopt(floor.multi, CURLMOPT_SOCKETFUNCTION, on_socket);
        curl_multi_setopt(floor.multi, CURLMOPT_SOCKETDATA, &floor);
        curl_multi_setopt(floor.multi, CURLMOPT_TIMERFUNCTION, on_timer);
        curl_multi_setopt(floor.multi, CURLMOPT_TIMERDATA, &floor);
        curl_multi_setopt(floor.multi, CURLMOPT_MAXCONNECTS, (long)crawl->at_once);
        crawl->record->error = loop(&floor);
    }
    curl_multi_cleanup(floor.multi);
    if (floor.epoll >= 0)
        close(floor.epoll);
}
