// SPDX-License-Identifier: MIT
/* A hundred pages, each 0.2 s of waiting: one after another, and with a thread for each. */
#include <coil/coil.h>

#include <pthread.h>
#include <stdio.h>

enum { PAGES = 100 };

static void *crawl_url(void *unused)
{
    coil_block_for(COIL_MS(200)); /* blocks the thread, as a call of the network would */
    return unused;
}

static void one_after_another(void)
{
    for (int i = 0; i < PAGES; i++)
        crawl_url(NULL);
}

static int with_threads(void)
{
    pthread_t threads[PAGES];
    int started = 0;

    while (started < PAGES && pthread_create(&threads[started], NULL, crawl_url, NULL) == 0)
        started++;
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    return started;
}

int main(void)
{
    coil_loop *loop = coil_get_event_loop(); /* for its clock alone */
    coil_time start = coil_loop_time(loop);

    one_after_another();
    coil_time middle = coil_loop_time(loop);
    int started = with_threads();
    coil_time end = coil_loop_time(loop);
    printf("单线程爬虫耗时：%.4f\n", (double)(middle - start) / 1e9);
    printf("多线程爬虫耗时：%.4f\n", (double)(end - middle) / 1e9);
    return started != PAGES;
}
