// SPDX-License-Identifier: MIT
/* The same hundred pages on one thread: one after another, and with a task for each. */
#include <coil/coil.h>

#include <stdio.h>

enum { PAGES = 100 };

static void *crawl_url(void *unused)
{
    (void)unused;
    return COIL_ERR(coil_sleep(COIL_MS(200))); /* suspends this task alone */
}

static void *one_after_another(void *unused)
{
    int rc = 0;

    (void)unused;
    for (int i = 0; i < PAGES && rc == 0; i++)
        rc = coil_err(crawl_url(NULL)); /* a plain call of a plain function */
    return COIL_ERR(rc);
}

static void *with_tasks(void *unused)
{
    coil_coro pages[PAGES];

    (void)unused;
    for (int i = 0; i < PAGES; i++)
        pages[i] = (coil_coro){crawl_url, NULL};
    COIL_AUTO coil_future *all = coil_gather(pages, PAGES, 0);
    return COIL_ERR(coil_await(all, NULL));
}

static int run_and_print(coil_loop *loop, coil_fn way, const char *text)
{
    coil_time start = coil_loop_time(loop);
    COIL_AUTO coil_task *task = coil_create_task(way, NULL);
    int rc = coil_run_until_complete(loop, task, NULL);

    if (rc == 0)
        printf("%s%.4f\n", text, (double)(coil_loop_time(loop) - start) / 1e9);
    return rc;
}

int main(void)
{
    coil_loop *loop = coil_get_event_loop();
    int rc = run_and_print(loop, one_after_another, "单任务爬虫耗时：");

    if (rc == 0)
        rc = run_and_print(loop, with_tasks, "多任务爬虫耗时：");
    return rc < 0;
}
