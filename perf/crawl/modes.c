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
    coil_task **tasks = calloc(crawl->at_once, sizeof(coil_task *));
    struct curl_tasks *curl = NULL;
    size_t n = 0;
    int rc = tasks ? 0 : -ENOMEM;

    if (rc == 0 && crawl->options->client == CLIENT_HTTP)
        rc = curl_tasks_open(crawl->at_once, &curl);
    while (rc == 0 && n < crawl->at_once) {
        tasks[n] = coil_create_task(crawl_worker, crawl);
        rc = coil_err(tasks[n]);
        n += rc == 0;
    }
    crawl->record->at_once = n;
    for (size_t i = 0; i < n; i++) {
        int ended = coil_await(tasks[i], NULL);
        rc = rc < 0 ? rc : ended;
        coil_unref(tasks[i]);
    }
    curl_tasks_close(curl);
    free(tasks);
    return COIL_ERR(rc);
}

void crawl_tasks(struct crawl *crawl)
{
    crawl->perform = curl_tasks_perform;
    crawl->pause = pause_task;
    crawl->record->error = coil_run(tasks_main, crawl, NULL);
}
