// SPDX-License-Identifier: MIT
/* CPython's test_queues.py. */
#include "crew.h"

#include <errno.h>

#define QUEUE(name, maxsize)                                                                       \
    __attribute__((cleanup(queue_end))) coil_queue name = COIL_QUEUE_INIT(maxsize)

static void queue_end(coil_queue *queue)
{
    PASS(coil_queue_fini(queue));
}

static char letters[] = "abcdefgh";
#define ITEM(i) (&letters[i])

static void put_all(coil_queue *queue, const int *numbers, int n)
{
    for (int i = 0; i < n; i++)
        PASS(coil_queue_put_nowait(queue, ITEM(numbers[i])));
}

/* Takes all there is; a letter each. */
static void check_holds(coil_queue *queue, const char *text)
{
    char found[16] = "";
    void *item;

    for (size_t i = 0; i + 1 < sizeof(found) && coil_queue_get_nowait(queue, &item) == 0; i++)
        found[i] = *(char *)item;
    CHECK_STR(found, text);
}

/* What a member does with the queue: it gets, or puts the letter of its number. */
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

    self->rc = coil_queue_put(self->crew->thing, ITEM(self->id - 1));
    if (self->rc == 0)
        record(&self->crew->log, "%d", self->id);
    return NULL;
}

static void *joins(void *arg)
{
    struct member *self = arg;

    self->rc = coil_queue_join(self->crew->thing);
    return NULL;
}

/* ---- QueueBasicTests --------------------------------------------------------------------------
 */

TEST(QueueBasicTests, test_empty)
{
    QUEUE(queue, 0);

    CHECK(coil_queue_empty(&queue));
    PASS(coil_queue_put_nowait(&queue, ITEM(0)));
    CHECK_EQ(coil_queue_empty(&queue), coil_queue_size(&queue) == 0);
    if (!check_walking())
        CHECK(!coil_queue_empty(&queue));
    check_holds(&queue, "a");
    CHECK(coil_queue_empty(&queue));
}

TEST(QueueBasicTests, test_full)
{
    QUEUE(unbounded, 0);
    QUEUE(queue, 1);

    CHECK(!coil_queue_full(&unbounded));
    PASS(coil_queue_put_nowait(&unbounded, ITEM(0)));
    CHECK(!coil_queue_full(&unbounded));
    CHECK(!coil_queue_full(&queue));
    PASS(coil_queue_put_nowait(&queue, ITEM(0)));
    CHECK(coil_queue_full(&queue));
}

TEST(QueueBasicTests, test_order)
{
    const int order[] = {1, 3, 2};
    QUEUE(queue, 0);

    put_all(&queue, order, 3);
    check_holds(&queue, "bdc");
}

static void *puts_three(void *arg)
{
    struct member *self = arg;

    for (int i = 0; i < 3 && (self->rc = coil_queue_put(self->crew->thing, ITEM(i))) == 0; i++)
        record(&self->crew->log, "%d", i);
    return NULL;
}

TEST(QueueBasicTests, test_maxsize)
{
    QUEUE(queue, 2);
    SCENE(s, &queue);
    void *item = NULL;

    CHECK_EQ(coil_queue_maxsize(&queue), 2);
    struct member *member = hire(&s, puts_three);
    turns(&s, 2);
    CHECK_STR(s.log.text, "0 1");
    CHECK_EQ(coil_queue_size(&queue), 2);
    PASS(coil_queue_get_nowait(&queue, &item));
    turns(&s, 1);
    CHECK(coil_done(member->task));
    CHECK_STR(s.log.text, "0 1 2");
    check_holds(&queue, "bc");
}

/* ---- QueueGetTests ----------------------------------------------------------------------------
 */

TEST(QueueGetTests, test_blocking_get)
{
    QUEUE(queue, 0);
    SCENE(s, &queue);

    PASS(coil_queue_put_nowait(&queue, ITEM(0)));
    struct member *member = hire(&s, gets);
    turns(&s, 1);
    CHECK(coil_done(member->task));
    CHECK_STR(s.log.text, "1a");
}

TEST(QueueGetTests, test_get_with_putters)
{
    QUEUE(queue, 1);
    SCENE(s, &queue);

    PASS(coil_queue_put_nowait(&queue, ITEM(7)));
    struct member *putter = hire(&s, puts_one);
    turns(&s, 1);
    CHECK(!coil_done(putter->task));
    PASS(run_as_member(&s, gets));
    PASS(finish(putter));
    CHECK_EQ(putter->rc, 0);
    CHECK_STR(s.log.text, "2h 1");
    check_holds(&queue, "a");
}

static int puts_item(void *queue)
{
    return coil_queue_put_nowait(queue, ITEM(0));
}

TEST(QueueGetTests, test_blocking_get_wait)
{
    QUEUE(queue, 0);
    SCENE(s, &queue);

    struct member *member = hire(&s, gets);
    turns(&s, 2);
    CHECK(!coil_done(member->task));
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(10), puts_item, &queue)));
    if (coil_queue_empty(&queue))
        PASS(finish(member));
    CHECK_TIME(world_time(&w), COIL_MS(10));
    CHECK_STR(s.log.text, "1a");
}

TEST(QueueGetTests, test_nonblocking_get)
{
    QUEUE(queue, 0);
    void *item = NULL;

    PASS(coil_queue_put_nowait(&queue, ITEM(0)));
    PASS(coil_queue_get_nowait(&queue, &item));
    CHECK_PTR(item, ITEM(0));
}

TEST(QueueGetTests, test_nonblocking_get_exception)
{
    QUEUE(queue, 0);
    void *item = NULL;

    FAILS(coil_queue_get_nowait(&queue, &item), -EAGAIN);
}

TEST(QueueGetTests, test_get_cancelled_race)
{
    QUEUE(queue, 0);
    SCENE(s, &queue);

    struct member *first = hire(&s, gets), *second = hire(&s, gets);
    turns(&s, 1);
    CHECK(coil_cancel(first->task));
    turns(&s, 1);
    CHECK_EQ(first->rc, -ECANCELED);
    PASS(coil_queue_put_nowait(&queue, ITEM(0)));
    turns(&s, 1);
    CHECK(coil_done(second->task));
    CHECK_STR(s.log.text, "2a");
}

TEST(QueueGetTests, test_get_with_waiting_putters)
{
    QUEUE(queue, 1);
    SCENE(s, &queue);

    struct member *first = hire(&s, puts_one), *second = hire(&s, puts_one);
    turns(&s, 1);
    PASS(run_as_member(&s, gets));
    PASS(run_as_member(&s, gets));
    CHECK(coil_done(first->task) && coil_done(second->task));
    CHECK_STR(s.log.text, "1 3a 2 4b");
}

enum { MANY = 50 };

static void *produces(void *arg)
{
    struct member *self = arg;

    for (int i = 0; i < MANY && self->rc >= 0; i++) {
        self->rc = coil_queue_put(self->crew->thing, ITEM(i % 8));
        if (self->rc == 0)
            self->rc = coil_yield_now();
    }
    return NULL;
}

static void *consumes(void *arg)
{
    struct member *self = arg;
    void *item = NULL;

    for (int i = 0; i < MANY && self->rc >= 0; i++) {
        self->rc = coil_queue_get(self->crew->thing, &item);
        if (self->rc == 0)
            CHECK_PTR(item, ITEM(i % 8));
    }
    return NULL;
}

TEST(QueueGetTests, test_why_are_getters_waiting)
{
    QUEUE(queue, 1);
    SCENE(s, &queue);

    struct member *producer = hire(&s, produces), *consumer = hire(&s, consumes);
    PASS(finish(consumer));
    PASS(finish(producer));
    CHECK_EQ(consumer->rc, 0);
    CHECK_EQ(producer->rc, 0);
}

static void *gets_or_its_code(void *arg)
{
    struct member *self = arg;

    (void)gets(arg);
    return COIL_ERR(self->rc);
}

static void *gets_in_time(void *arg)
{
    struct member *self = arg;

    for (int i = 0; i < 3; i++) {
        struct member *getter = hire(self->crew, gets_or_its_code);
        self->rc = coil_wait_for(getter->task, COIL_MS(1), NULL);
    }
    return NULL;
}

TEST(QueueGetTests, test_cancelled_getters_not_being_held_in_self_getters)
{
    QUEUE(queue, 5);
    SCENE(s, &queue);

    PASS(run_as_member(&s, gets_in_time));
    CHECK_EQ(s.members[0].rc, -ETIMEDOUT);
    CHECK(queue.getters.first == NULL);
}

/* ---- QueuePutTests ----------------------------------------------------------------------------
 */

TEST(QueuePutTests, test_blocking_put)
{
    QUEUE(queue, 0);
    SCENE(s, &queue);

    struct member *member = hire(&s, puts_one);
    turns(&s, 1);
    CHECK(coil_done(member->task));
    check_holds(&queue, "a");
}

static int takes_item(void *arg)
{
    struct crew *crew = arg;
    void *item = NULL;

    PASS(coil_queue_get_nowait(crew->thing, &item));
    CHECK_PTR(item, ITEM(7));
    return 0;
}

TEST(QueuePutTests, test_blocking_put_wait)
{
    QUEUE(queue, 1);
    SCENE(s, &queue);

    PASS(coil_queue_put_nowait(&queue, ITEM(7)));
    struct member *member = hire(&s, puts_one);
    turns(&s, 2);
    CHECK(!coil_done(member->task));
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(10), takes_item, &s)));
    PASS(finish(member));
    CHECK_TIME(world_time(&w), COIL_MS(10));
    check_holds(&queue, "a");
}

TEST(QueuePutTests, test_nonblocking_put)
{
    QUEUE(queue, 0);

    PASS(coil_queue_put_nowait(&queue, ITEM(0)));
    check_holds(&queue, "a");
}

TEST(QueuePutTests, test_get_cancel_drop_one_pending_reader)
{
    QUEUE(queue, 0);
    SCENE(s, &queue);

    struct member *reader = hire(&s, gets);
    turns(&s, 1);
    PASS(coil_queue_put_nowait(&queue, ITEM(0)));
    PASS(coil_queue_put_nowait(&queue, ITEM(1)));
    CHECK(coil_cancel(reader->task));
    PASS(finish(reader));
    CHECK_EQ(reader->rc, -ECANCELED);
    CHECK_EQ(coil_queue_size(&queue), 2);
    PASS(run_as_member(&s, gets));
    CHECK_STR(s.log.text, "2a");
}

TEST(QueuePutTests, test_get_cancel_drop_many_pending_readers)
{
    QUEUE(queue, 0);
    SCENE(s, &queue);

    struct member *first = hire(&s, gets), *second = hire(&s, gets), *third = hire(&s, gets);
    turns(&s, 1);
    PASS(coil_queue_put_nowait(&queue, ITEM(0)));
    PASS(coil_queue_put_nowait(&queue, ITEM(1)));
    CHECK(coil_cancel(first->task));
    PASS(finish(third));
    CHECK_EQ(first->rc, -ECANCELED);
    CHECK(coil_done(second->task));
    CHECK_STR(s.log.text, "2a 3b");
    CHECK(coil_queue_empty(&queue));
}

TEST(QueuePutTests, test_put_cancel_drop)
{
    QUEUE(queue, 1);
    SCENE(s, &queue);
    void *item = NULL;

    PASS(coil_queue_put_nowait(&queue, ITEM(7)));
    struct member *first = hire(&s, puts_one);
    turns(&s, 1);
    PASS(coil_queue_get_nowait(&queue, &item));
    CHECK(coil_cancel(first->task)); /* it was woken */
    PASS(finish(first));
    CHECK_EQ(first->rc, -ECANCELED);
    PASS(run_as_member(&s, puts_one));
    check_holds(&queue, "b");
}

TEST(QueuePutTests, test_nonblocking_put_exception)
{
    QUEUE(queue, 1);

    PASS(coil_queue_put_nowait(&queue, ITEM(0)));
    FAILS(coil_queue_put_nowait(&queue, ITEM(1)), -EAGAIN);
    check_holds(&queue, "a");
}

TEST(QueuePutTests, test_put_cancelled)
{
    QUEUE(queue, 0);
    SCENE(s, &queue);

    struct member *putter = hire(&s, puts_one);
    PASS(run_as_member(&s, gets));
    CHECK(coil_done(putter->task));
    CHECK_EQ(putter->rc, 0);
    CHECK_STR(s.log.text, "1 2a");
}

TEST(QueuePutTests, test_put_cancelled_race)
{
    QUEUE(queue, 1);
    SCENE(s, &queue);

    hire(&s, puts_one);
    hire(&s, puts_one);
    struct member *third = hire(&s, puts_one);
    hire(&s, puts_one);
    turns(&s, 1);
    CHECK(coil_cancel(third->task));
    turns(&s, 1);
    CHECK_EQ(third->rc, -ECANCELED);
    for (int i = 0; i < 3; i++)
        PASS(run_as_member(&s, gets));
    CHECK_STR(s.log.text, "1 5a 2 6b 4 7d");
}

TEST(QueuePutTests, test_put_with_waiting_getters)
{
    QUEUE(queue, 0);
    SCENE(s, &queue);

    struct member *getter = hire(&s, gets);
    turns(&s, 1);
    hire(&s, puts_one);
    PASS(finish(getter));
    CHECK_STR(s.log.text, "2 1b");
}

TEST(QueuePutTests, test_why_are_putters_waiting)
{
    QUEUE(queue, 2);
    SCENE(s, &queue);

    for (int i = 0; i < 4; i++)
        hire(&s, puts_one);
    turns(&s, 1);
    CHECK_STR(s.log.text, "1 2");
    check_holds(&queue, "ab");
    turns(&s, 1);
    CHECK_STR(s.log.text, "1 2 3 4");
    check_holds(&queue, "cd");
}

static void *puts_or_its_code(void *arg)
{
    struct member *self = arg;

    (void)puts_one(arg);
    return COIL_ERR(self->rc);
}

static void *puts_in_time(void *arg)
{
    struct member *self = arg;
    struct member *putter = hire(self->crew, puts_or_its_code);

    self->rc = coil_wait_for(putter->task, COIL_MS(1), NULL);
    return NULL;
}

TEST(QueuePutTests, test_cancelled_puts_not_being_held_in_self_putters)
{
    QUEUE(queue, 1);
    SCENE(s, &queue);

    PASS(coil_queue_put_nowait(&queue, ITEM(0)));
    PASS(run_as_member(&s, puts_in_time));
    CHECK_EQ(s.members[0].rc, -ETIMEDOUT);
    CHECK(queue.putters.first == NULL);
}

TEST(QueuePutTests, test_cancelled_put_silence_value_error_exception)
{
    QUEUE(queue, 1);
    SCENE(s, &queue);

    PASS(coil_queue_put_nowait(&queue, ITEM(7)));
    struct member *putter = hire(&s, puts_or_its_code);
    turns(&s, 1);
    check_holds(&queue, "h"); /* which wakes it */
    CHECK(coil_cancel(putter->task));
    FAILS(finish(putter), -ECANCELED);
    CHECK(coil_cancelled(putter->task));
    CHECK(coil_queue_empty(&queue));
}

/* ---- LifoQueueTests, PriorityQueueTests -------------------------------------------------------
 */

static int by_letter(const void *first, const void *second)
{
    return *(const char *)first - *(const char *)second;
}

static const coil_queue_options lifo = {.size = sizeof(lifo), .order = COIL_QUEUE_LIFO};
static const coil_queue_options priority = {
    .size = sizeof(priority), .order = COIL_QUEUE_PRIORITY, .compare = by_letter};

TEST(LifoQueueTests, test_order)
{
    const int order[] = {1, 3, 2};
    QUEUE(queue, 0);

    PASS(coil_queue_init(&queue, &lifo));
    put_all(&queue, order, 3);
    check_holds(&queue, "cdb");
}

TEST(PriorityQueueTests, test_order)
{
    const int order[] = {3, 1, 2};
    QUEUE(queue, 0);

    PASS(coil_queue_init(&queue, &priority));
    put_all(&queue, order, 3);
    check_holds(&queue, "bcd");
}

/* ---- _QueueJoinTestMixin: each for the three kinds --------------------------------------------
 */

static const coil_queue_options *const kinds[] = {NULL, &lifo, &priority};
#define FOR_EACH_KIND(kind)                                                                        \
    for (const coil_queue_options *const *kind = kinds; kind < kinds + 3; kind++)

TEST(_QueueJoinTestMixin, test_task_done_underflow)
{
    FOR_EACH_KIND(kind)
    {
        QUEUE(queue, 0);
        PASS(coil_queue_init(&queue, *kind));
        FAILS(coil_queue_task_done(&queue), -EINVAL);
    }
}

static void *works(void *arg)
{
    struct member *self = arg;
    void *item = NULL;

    while ((self->rc = coil_queue_get(self->crew->thing, &item)) == 0) {
        record(&self->crew->log, "%c", *(char *)item);
        if (coil_yield_now() < 0)
            break;
        PASS(coil_queue_task_done(self->crew->thing));
    }
    return NULL;
}

static void check_join(const coil_queue_options *kind, const char *order)
{
    const int items[] = {1, 0, 2};
    QUEUE(queue, 0);
    SCENE(s, &queue);

    PASS(coil_queue_init(&queue, kind));
    put_all(&queue, items, 3);
    hire(&s, works);
    hire(&s, works);
    PASS(run_as_member(&s, joins));
    CHECK_EQ(s.members[2].rc, 0);
    CHECK_STR(s.log.text, order);
    /* More is put: who has joined already does not mind, and who joins now waits. */
    PASS(coil_queue_put_nowait(&queue, ITEM(3)));
    struct member *again = hire(&s, joins);
    CHECK(!coil_done(again->task));
    PASS(finish(again));
}

TEST(_QueueJoinTestMixin, test_task_done)
{
    check_join(NULL, "b a c");
    check_join(&lifo, "c a b");
    check_join(&priority, "a b c");
}

TEST(_QueueJoinTestMixin, test_join_empty_queue)
{
    FOR_EACH_KIND(kind)
    {
        QUEUE(queue, 0);
        SCENE(s, &queue);
        PASS(coil_queue_init(&queue, *kind));
        for (int i = 0; i < 2; i++) {
            struct member *member = hire(&s, joins);
            turns(&s, 1);
            CHECK(coil_done(member->task));
            CHECK_EQ(member->rc, 0);
        }
    }
}

/* ---- _QueueShutdownTestMixin ------------------------------------------------------------------
 */

static void check_is_shut(struct crew *crew)
{
    struct member *putter = hire(crew, puts_one), *getter = hire(crew, gets);
    void *item = NULL;

    turns(crew, 1);
    CHECK_EQ(putter->rc, -ESHUTDOWN);
    CHECK_EQ(getter->rc, -ESHUTDOWN);
    FAILS(coil_queue_put_nowait(crew->thing, ITEM(0)), -ESHUTDOWN);
    FAILS(coil_queue_get_nowait(crew->thing, &item), -ESHUTDOWN);
}

TEST(_QueueShutdownTestMixin, test_shutdown_empty)
{
    FOR_EACH_KIND(kind)
    {
        QUEUE(queue, 0);
        SCENE(s, &queue);
        PASS(coil_queue_init(&queue, *kind));
        struct member *first = hire(&s, gets), *second = hire(&s, gets);
        turns(&s, 1);
        PASS(coil_queue_shutdown(&queue, false));
        turns(&s, 1);
        CHECK_EQ(first->rc, -ESHUTDOWN);
        CHECK_EQ(second->rc, -ESHUTDOWN);
        check_is_shut(&s);
    }
}

TEST(_QueueShutdownTestMixin, test_shutdown_nonempty)
{
    FOR_EACH_KIND(kind)
    {
        QUEUE(queue, 0);
        SCENE(s, &queue);
        PASS(coil_queue_init(&queue, *kind));
        queue.maxsize = 1;
        PASS(coil_queue_put_nowait(&queue, ITEM(7)));
        struct member *putter = hire(&s, puts_one), *joiner = hire(&s, joins);
        turns(&s, 1);
        PASS(coil_queue_shutdown(&queue, false));
        turns(&s, 1);
        CHECK_EQ(putter->rc, -ESHUTDOWN);
        PASS(run_as_member(&s, gets));
        CHECK_STR(s.log.text, "3h");
        check_is_shut(&s);
        CHECK(!coil_done(joiner->task));
        PASS(coil_queue_task_done(&queue));
        turns(&s, 1);
        CHECK_EQ(joiner->rc, 0);
    }
}

TEST(_QueueShutdownTestMixin, test_shutdown_immediate)
{
    FOR_EACH_KIND(kind)
    {
        QUEUE(queue, 0);
        SCENE(s, &queue);
        PASS(coil_queue_init(&queue, *kind));
        PASS(coil_queue_put_nowait(&queue, ITEM(0)));
        struct member *joiner = hire(&s, joins);
        turns(&s, 1);
        PASS(coil_queue_shutdown(&queue, true));
        CHECK(coil_queue_empty(&queue));
        turns(&s, 1);
        CHECK_EQ(joiner->rc, 0);
        check_is_shut(&s);
        FAILS(coil_queue_task_done(&queue), -EINVAL);
    }
}

TEST(_QueueShutdownTestMixin, test_shutdown_immediate_with_unfinished)
{
    FOR_EACH_KIND(kind)
    {
        QUEUE(queue, 0);
        SCENE(s, &queue);
        PASS(coil_queue_init(&queue, *kind));
        PASS(coil_queue_put_nowait(&queue, ITEM(0)));
        PASS(coil_queue_put_nowait(&queue, ITEM(1)));
        PASS(run_as_member(&s, gets));
        struct member *joiner = hire(&s, joins);
        turns(&s, 1);
        PASS(coil_queue_shutdown(&queue, true));
        turns(&s, 2);
        CHECK(!coil_done(joiner->task));
        check_is_shut(&s);
        PASS(coil_queue_task_done(&queue));
        turns(&s, 1);
        CHECK_EQ(joiner->rc, 0);
        FAILS(coil_queue_task_done(&queue), -EINVAL);
    }
}
