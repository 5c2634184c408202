// SPDX-License-Identifier: MIT
#include "crew.h"
#include "faults.h"

#include <errno.h>

static char letters[] = "abcdefgh";

static void queue_end(coil_queue *queue)
{
    PASS(coil_queue_fini(queue));
}

#define QUEUE(name, maxsize)                                                                       \
    __attribute__((cleanup(queue_end))) coil_queue name = COIL_QUEUE_INIT(maxsize)

static void *gets(void *arg)
{
    struct member *self = arg;
    void *item = NULL;

    self->rc = coil_queue_get(self->crew->thing, &item);
    if (self->rc == 0)
        record(&self->crew->log, "%d%c", self->id, *(char *)item);
    return NULL;
}

static void *puts_one(void *arg)
{
    struct member *self = arg;

    self->rc = coil_queue_put(self->crew->thing, &letters[self->id - 1]);
    return NULL;
}

static void *joins(void *arg)
{
    struct member *self = arg;

    self->rc = coil_queue_join(self->crew->thing);
    return NULL;
}

TEST(queue, a_put_wakes_for_the_next_turn)
{
    QUEUE(queue, 0);
    SCENE(s, &queue);

    hire(&s, gets);
    turns(&s, 1);
    PASS(coil_queue_put_nowait(&queue, &letters[0]));
    CHECK_STR(s.log.text, "");
    turns(&s, 1);
    CHECK_STR(s.log.text, "1a");
}

TEST(queue, who_was_overtaken_keeps_its_place)
{
    QUEUE(queue, 0);
    SCENE(s, &queue);
    void *item = NULL;

    hire(&s, gets);
    hire(&s, gets);
    turns(&s, 1);
    PASS(coil_queue_put_nowait(&queue, &letters[0]));
    PASS(coil_queue_get_nowait(&queue, &item)); /* before the woken one runs */
    turns(&s, 1);
    CHECK_STR(s.log.text, "");
    PASS(coil_queue_put_nowait(&queue, &letters[1]));
    turns(&s, 2);
    CHECK_STR(s.log.text, "1b");
}

TEST(queue, join_returns_though_more_is_put_at_once)
{
    QUEUE(queue, 0);
    SCENE(s, &queue);

    PASS(coil_queue_put_nowait(&queue, &letters[0]));
    struct member *joiner = hire(&s, joins);
    turns(&s, 1);
    PASS(coil_queue_task_done(&queue));
    PASS(coil_queue_put_nowait(&queue, &letters[0]));
    turns(&s, 1);
    CHECK_EQ(joiner->rc, 0);
}

TEST(queue, an_item_may_be_any_pointer)
{
    QUEUE(queue, 0);
    void *item = &queue;

    PASS(coil_queue_put_nowait(&queue, NULL));
    PASS(coil_queue_get_nowait(&queue, &item));
    CHECK_PTR(item, NULL);
    PASS(coil_queue_put_nowait(&queue, COIL_ERR(-EIO)));
    PASS(coil_queue_get_nowait(&queue, &item));
    CHECK_EQ(coil_err(item), -EIO);
}

static int disposals;

static void count_disposal(void *item)
{
    (void)item;
    disposals++;
}

TEST(queue, what_is_dropped_is_disposed_of)
{
    const coil_queue_options options = {
        .size = sizeof(options), .maxsize = 3, .dispose = count_disposal};
    coil_queue queue;
    int in = 0;

    disposals = 0;
    PASS(coil_queue_init(&queue, &options));
    while (coil_queue_put_nowait(&queue, &letters[in]) == 0)
        in++;
    PASS(coil_queue_shutdown(&queue, true));
    CHECK_EQ(disposals, in);
    PASS(coil_queue_fini(&queue));

    PASS(coil_queue_init(&queue, &options));
    while (coil_queue_put_nowait(&queue, &letters[in]) == 0)
        in++;
    PASS(coil_queue_fini(&queue));
    CHECK_EQ(disposals, in);
}

TEST(queue, it_does_not_end_under_who_waits)
{
    coil_queue queue = COIL_QUEUE_INIT(0);
    {
        SCENE(s, &queue);
        hire(&s, gets);
        turns(&s, 1);
        if (!check_walking())
            FAILS(coil_queue_fini(&queue), -EBUSY);
    }
    PASS(coil_queue_fini(&queue));
}

TEST(queue, a_loop_that_closes_ends_the_waits)
{
    QUEUE(queue, 1);
    QUEUE(empty, 0);
    SCENE(s, &queue);

    PASS(coil_queue_put_nowait(&queue, &letters[0]));
    struct member *putter = hire(&s, puts_one), *joiner = hire(&s, joins);
    turns(&s, 1);
    s.thing = &empty;
    struct member *getter = hire(&s, gets);
    turns(&s, 1);
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK_EQ(putter->rc, -ECANCELED);
    CHECK_EQ(joiner->rc, -ECANCELED);
    CHECK_EQ(getter->rc, -ECANCELED);
}

TEST(queue, its_lines_belong_to_one_loop)
{
    QUEUE(queue, 1);

    {
        SCENE(s, &queue);
        struct member *getter = hire(&s, gets);
        turns(&s, 1);
        PASS(coil_queue_put_nowait(&queue, &letters[0]));
        PASS(finish(getter));
        PASS(coil_queue_put_nowait(&queue, &letters[0]));
    }
    SCENE(s, &queue);
    struct member *putter = hire(&s, puts_one), *joiner = hire(&s, joins);
    turns(&s, 1);
    if (check_walking())
        return;
    CHECK_EQ(putter->rc, -EXDEV);
    CHECK_EQ(joiner->rc, -EXDEV);
}

TEST(queue, without_memory_the_item_stays_the_callers)
{
    QUEUE(queue, 0);

    if (check_walking())
        return;
    faults_fail(1, "alloc");
    FAILS(coil_queue_put_nowait(&queue, letters), -ENOMEM);
    faults_end();
    CHECK(coil_queue_empty(&queue));
    FAILS(coil_queue_task_done(&queue), -EINVAL);
}

static int same(const void *first, const void *second)
{
    (void)first;
    (void)second;
    return 0;
}

TEST(queue, bad_options)
{
    coil_queue queue;
    coil_queue_options options = {.size = 1};

    FAILS(coil_queue_init(NULL, NULL), -EINVAL);
    FAILS(coil_queue_init(&queue, &options), -EINVAL);
    options = (coil_queue_options){.size = sizeof(options), .order = COIL_QUEUE_PRIORITY};
    FAILS(coil_queue_init(&queue, &options), -EINVAL);
    options = (coil_queue_options){.size = sizeof(options), .compare = same};
    FAILS(coil_queue_init(&queue, &options), -EINVAL);
    options.order = (coil_queue_order)3;
    FAILS(coil_queue_init(&queue, &options), -EINVAL);
}

static void *gets_nowhere(void *arg)
{
    struct member *self = arg;

    FAILS(coil_queue_get(self->crew->thing, NULL), -EINVAL);
    return NULL;
}

TEST(queue, bad_arguments)
{
    QUEUE(queue, 0);
    SCENE(s, &queue);
    void *item = NULL;

    PASS(run_as_member(&s, gets_nowhere));
    FAILS(coil_queue_put(NULL, letters), -EINVAL);
    FAILS(coil_queue_get(NULL, &item), -EINVAL);
    FAILS(coil_queue_put(&queue, letters), -COIL_ENOLOOP);
    FAILS(coil_queue_get(&queue, &item), -COIL_ENOLOOP);
    FAILS(coil_queue_join(&queue), -COIL_ENOLOOP);
    FAILS(coil_queue_put_nowait(NULL, letters), -EINVAL);
    FAILS(coil_queue_get_nowait(NULL, &item), -EINVAL);
    FAILS(coil_queue_get_nowait(&queue, NULL), -EINVAL);
    FAILS(coil_queue_task_done(NULL), -EINVAL);
    FAILS(coil_queue_join(NULL), -EINVAL);
    FAILS(coil_queue_shutdown(NULL, false), -EINVAL);
    FAILS(coil_queue_fini(NULL), -EINVAL);
    CHECK_EQ(coil_queue_size(NULL), 0);
    CHECK_EQ(coil_queue_maxsize(NULL), 0);
    CHECK(coil_queue_empty(NULL));
    CHECK(!coil_queue_full(NULL));
}

static void *joins_again(void *arg)
{
    struct member *self = arg;

    return COIL_ERR(coil_queue_join(self->crew->thing));
}

TEST(queue, one_that_was_ended_is_an_empty_one)
{
    QUEUE(queue, 0);
    SCENE(s, &queue);
    void *item = NULL;

    PASS(coil_queue_put_nowait(&queue, letters));
    PASS(coil_queue_shutdown(&queue, false));
    PASS(coil_queue_fini(&queue));
    PASS(run_as_member(&s, joins_again));
    PASS(coil_queue_put_nowait(&queue, letters));
    PASS(coil_queue_get_nowait(&queue, &item));
}
