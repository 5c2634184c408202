// SPDX-License-Identifier: MIT
#include "modes.h"

#include "curl_tasks.h"

#include <coil/coil.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

static int pause_thread(double seconds)
{
    struct timespec left = {.tv_sec = (time_t)seconds};

    left.tv_nsec = (long)((seconds - (double)left.tv_sec) * 1e9);
    return -clock_nanosleep(CLOCK_MONOTONIC, 0, &left, NULL);
}

static int pause_task(double seconds)
{
    return coil_sleep(COIL_SEC(seconds));
}

void crawl_sequential(struct crawl *crawl)
{
    crawl->perform = curl_easy_perform;
    crawl->pause = pause_thread;
    crawl->record->at_once = 1;
    crawl_worker(crawl);
}

void crawl_threads(struct crawl *crawl)
{
    pthread_t *threads = calloc(crawl->at_once, sizeof(*threads));
    size_t n = 0;
    int rc = threads ? 0 : ENOMEM;

    crawl->perform = curl_easy_perform;
    crawl->pause = pause_thread;
    while (rc == 0 && n < crawl->at_once) {
        rc = pthread_create(&threads[n], NULL, crawl_worker, crawl);
        n += rc == 0;
    }
    crawl->record->at_once = n;
    crawl->record->error = -rc;
    crawl_count_threads(crawl);
    for (size_t i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    free(threads);
}

static void *tasks_main(void *argument)
{
    struct crawl *crawl = argument;
    coil_coro *workers = calloc(crawl->at_once, sizeof(*workers));
    struct curl_tasks *curl = NULL;
    int rc = workers ? 0 : -ENOMEM;

    if (rc == 0 && crawl->options->client == CLIENT_HTTP)
        rc = curl_tasks_open(crawl->at_once, &curl);
    if (rc == 0) {
        for (size_t i = 0; i < crawl->at_once; i++)
            workers[i] = (coil_coro){crawl_worker, crawl};
        COIL_AUTO coil_future *all = coil_gather(workers, crawl->at_once, 0);
        rc = coil_await(all, NULL);
    }
    curl_tasks_close(curl);
    free(workers);
    return COIL_ERR(rc);
}

void crawl_tasks(struct crawl *crawl)
{
    crawl->perform = curl_tasks_perform;
    crawl->pause = pause_task;
    crawl->record->at_once = crawl->at_once;
    crawl->record->error = coil_run(tasks_main, crawl, NULL);
}
