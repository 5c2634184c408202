// SPDX-License-Identifier: MIT
#include "curl_tasks.h"

#include <coil/coil.h>

#include <errno.h>
#include <stdlib.h>

struct curl_tasks {
    CURLM *multi;
    coil_loop *loop;
    coil_handle timer;
    struct transfer *transfers; /* those that are awaited */
};

/* In the frame of the task that awaits it. */
struct transfer {
    coil_future *done;
    CURLcode code;
    struct transfer *next, **link;
};

/* A descriptor that libcurl wants to hear of. */
struct interest {
    struct curl_tasks *curl;
    curl_socket_t fd;
    int what; /* CURL_POLL_IN, _OUT, or both */
};

/* One a thread, as there is one loop a thread. */
static _Thread_local struct curl_tasks *current;

static void finish(struct transfer *transfer, CURLcode code)
{
    *transfer->link = transfer->next;
    if (transfer->next)
        transfer->next->link = transfer->link;
    transfer->link = NULL;
    transfer->code = code;
    coil_set_result(transfer->done, NULL);
}

static int act(struct curl_tasks *curl, curl_socket_t fd, int events)
{
    int running, left;
    CURLMcode code = curl_multi_socket_action(curl->multi, fd, events, &running);
    CURLMsg *message;

    while ((message = curl_multi_info_read(curl->multi, &left))) {
        struct transfer *transfer;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        if (transfer->link)
            finish(transfer, message->data.result);
    }
    /* A multi handle that broke says nothing of its transfers any more. */
    while (code != CURLM_OK && curl->transfers)
        finish(curl->transfers, CURLE_OUT_OF_MEMORY);
    return 0;
}

static int readable(void *userdata)
{
    struct interest *interest = userdata;
    return act(interest->curl, interest->fd, CURL_CSELECT_IN);
}

static int writable(void *userdata)
{
    struct interest *interest = userdata;
    return act(interest->curl, interest->fd, CURL_CSELECT_OUT);
}

static int timed(void *userdata)
{
    return act(userdata, CURL_SOCKET_TIMEOUT, 0);
}

static int set_interest(struct interest *interest, int what)
{
    coil_loop *loop = interest->curl->loop;
    int more = what & ~interest->what, less = interest->what & ~what, rc = 0;

    if (less & CURL_POLL_IN)
        coil_remove_reader(loop, interest->fd);
    if (less & CURL_POLL_OUT)
        coil_remove_writer(loop, interest->fd);
    interest->what &= what;
    if (more & CURL_POLL_IN)
        rc = coil_add_reader(loop, interest->fd, readable, interest);
    if (rc == 0 && more & CURL_POLL_OUT)
        rc = coil_add_writer(loop, interest->fd, writable, interest);
    interest->what |= rc == 0 ? more : 0;
    return rc;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *userdata, void *assigned)
{
    struct curl_tasks *curl = userdata;
    struct interest *interest = assigned;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (interest)
            set_interest(interest, 0);
        free(interest);
        return 0;
    }
    if (!interest) {
        interest = calloc(1, sizeof(*interest));
        if (!interest)
            return -1;
        *interest = (struct interest){.curl = curl, .fd = fd};
        if (curl_multi_assign(curl->multi, fd, interest) != CURLM_OK) {
            free(interest);
            return -1;
        }
    }
    return set_interest(interest, what) < 0 ? -1 : 0;
}

static int on_timer(CURLM *multi, long milliseconds, void *userdata)
{
    struct curl_tasks *curl = userdata;

    (void)multi;
    coil_handle_cancel(curl->loop, curl->timer);
    if (milliseconds < 0)
        return 0;
    curl->timer = coil_call_later(curl->loop, COIL_MS(milliseconds), timed, curl);
    return coil_handle_error(curl->timer) < 0 ? -1 : 0;
}

int curl_tasks_open(size_t connections, struct curl_tasks **out)
{
    struct curl_tasks *curl = calloc(1, sizeof(*curl));
    CURLM *multi = curl_multi_init();

    if (!curl || !multi) {
        free(curl);
        curl_multi_cleanup(multi);
        return -ENOMEM;
    }
    curl->multi = multi;
    curl->loop = coil_get_running_loop();
    curl->timer = (coil_handle){.generation = -1};
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, curl);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, curl);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)connections);
    *out = current = curl;
    return 0;
}

void curl_tasks_close(struct curl_tasks *curl)
{
    if (!curl)
        return;
    curl_multi_cleanup(curl->multi);
    coil_handle_cancel(curl->loop, curl->timer);
    current = NULL;
    free(curl);
}

CURLcode curl_tasks_perform(CURL *easy)
{
    struct curl_tasks *curl = current;
    COIL_AUTO coil_future *done = coil_create_future(NULL);
    struct transfer transfer = {.done = done, .next = curl->transfers, .link = &curl->transfers};

    if (coil_is_err(done))
        return CURLE_OUT_OF_MEMORY;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
    if (curl_multi_add_handle(curl->multi, easy) != CURLM_OK)
        return CURLE_OUT_OF_MEMORY;
    if (transfer.next)
        transfer.next->link = &transfer.next;
    curl->transfers = &transfer;
    int rc = coil_await(done, NULL);
    if (transfer.link)
        finish(&transfer, CURLE_ABORTED_BY_CALLBACK);
    curl_multi_remove_handle(curl->multi, easy);
    return rc < 0 ? CURLE_ABORTED_BY_CALLBACK : transfer.code;
}
