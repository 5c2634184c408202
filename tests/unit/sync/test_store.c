// SPDX-License-Identifier: MIT
#include "check.h"
#include "faults.h"

#include "sync/store.h"

#include <errno.h>

static int by_key(const void *first, const void *second)
{
    return *(const unsigned char *)first / 10 - *(const unsigned char *)second / 10;
}

static unsigned char keys[256];

static void fill_keys(void)
{
    for (int i = 0; i < 256; i++)
        keys[i] = (unsigned char)i;
}

/* Puts and takes in waves, and looks at the order: the n-th put of a wave is keys[order(n)]. */
TEST(store, first_in_first_out_over_the_edge_and_through_growth)
{
    coil_queue queue = COIL_QUEUE_INIT(0);
    int in = 0, out = 0;

    fill_keys();
    for (int wave = 0; wave < 12; wave++) {
        for (int i = 0; i < 10; i++)
            if (store_put(&queue, &keys[in]) == 0)
                in++;
        for (int i = 0; i < 5 && queue.count; i++)
            CHECK_PTR(store_take(&queue), &keys[out++]);
    }
    while (queue.count)
        CHECK_PTR(store_take(&queue), &keys[out++]);
    CHECK_EQ(out, in);
    store_fini(&queue);
}

TEST(store, last_in_first_out)
{
    coil_queue queue = COIL_QUEUE_INIT(0);
    int in = 0;

    fill_keys();
    queue.order = COIL_QUEUE_LIFO;
    while (in < 20 && store_put(&queue, &keys[in]) == 0)
        in++;
    while (queue.count)
        CHECK_PTR(store_take(&queue), &keys[--in]);
    CHECK_EQ(in, 0);
    store_fini(&queue);
}

TEST(store, by_priority_and_equal_ones_in_order)
{
    coil_queue queue = COIL_QUEUE_INIT(0);
    int last = -1, count = 0;

    fill_keys();
    queue.order = COIL_QUEUE_PRIORITY;
    queue.compare = by_key;
    for (int i = 0; i < 200; i++) /* within a decade of keys in rising order */
        if (store_put(&queue, &keys[(i % 20) * 10 + i / 20]) == 0)
            count++;
    for (; queue.count; count--) {
        int key = *(unsigned char *)store_take(&queue);
        CHECK(key > last);
        last = key;
    }
    CHECK_EQ(count, 0);
    store_fini(&queue);
}

TEST(store, without_memory_nothing_changes)
{
    coil_queue queue = COIL_QUEUE_INIT(0);
    int in = 0, out = 0;

    if (check_walking())
        return;
    fill_keys();
    faults_fail(1, "alloc");
    FAILS(store_put(&queue, &keys[0]), -ENOMEM);
    faults_end();
    for (; in < 8; in++)
        PASS(store_put(&queue, &keys[in]));
    faults_fail(1, "alloc");
    FAILS(store_put(&queue, &keys[in]), -ENOMEM);
    faults_end();
    CHECK_EQ(queue.count, 8);
    while (queue.count)
        CHECK_PTR(store_take(&queue), &keys[out++]);
    store_fini(&queue);
}
