// SPDX-License-Identifier: MIT
#include "check.h"
#include "faults.h"
#include "random.h"

#include "base/alloc.h"
#include "timer/heap.h"

#include <errno.h>

enum { MANY = 1000 };

static void expect_in_order(struct timer_heap *heap)
{
    struct timer_entry last = {INT64_MIN, 0, NULL};

    while (heap->count) {
        size_t before = heap->count;
        CHECK(timer_before(&last, &heap->entries[0]));
        last = heap->entries[0];
        timer_heap_pop(heap);
        CHECK_EQ(heap->count, before - 1);
    }
}

TEST(heap, the_earlier_deadline_is_before_and_then_the_earlier_armed)
{
    struct timer_entry early = {1, 9, NULL}, first = {2, 1, NULL}, second = {2, 2, NULL};

    CHECK(timer_before(&early, &first));
    CHECK(!timer_before(&first, &early));
    CHECK(timer_before(&first, &second));
    CHECK(!timer_before(&second, &first));
    CHECK(!timer_before(&first, &first));
}

TEST(heap, entries_come_out_in_order)
{
    struct timer_heap heap = {0};
    struct random random = {1};
    size_t pushed = 0;

    for (uint64_t i = 1; i <= MANY; i++) {
        int64_t deadline = (int64_t)random_below(&random, 200) - 100;
        if (CHECK_EQ(timer_heap_push(&heap, (struct timer_entry){deadline, i, NULL}), 0))
            pushed++;
    }
    CHECK_EQ(heap.count, pushed);
    expect_in_order(&heap);
    coil__free(heap.entries);
}

TEST(heap, an_entry_is_kept_whole)
{
    struct timer_heap heap = {0};
    struct timer_slot slots[2];

    PASS(timer_heap_push(&heap, (struct timer_entry){30, 7, &slots[0]}));
    PASS(timer_heap_push(&heap, (struct timer_entry){10, 8, &slots[1]}));
    if (CHECK_EQ(heap.count, 2)) {
        CHECK_EQ(heap.entries[0].deadline, 10);
        CHECK_EQ(heap.entries[0].sequence, 8);
        CHECK_PTR(heap.entries[0].slot, &slots[1]);
        timer_heap_pop(&heap);
        CHECK_EQ(heap.entries[0].deadline, 30);
        CHECK_EQ(heap.entries[0].sequence, 7);
        CHECK_PTR(heap.entries[0].slot, &slots[0]);
    }
    coil__free(heap.entries);
}

TEST(heap, pushes_and_pops_may_alternate)
{
    struct timer_heap heap = {0};
    struct random random = {2};
    int64_t now = 0;

    for (uint64_t i = 1; i <= MANY; i++) {
        int64_t deadline = now + (int64_t)random_below(&random, 100);
        PASS(timer_heap_push(&heap, (struct timer_entry){deadline, i, NULL}));
        if (random_below(&random, 2) && heap.count) {
            /* Nothing is pushed before what was popped: so time only grows. */
            CHECK(heap.entries[0].deadline >= now);
            now = heap.entries[0].deadline;
            timer_heap_pop(&heap);
        }
    }
    expect_in_order(&heap);
    coil__free(heap.entries);
}

TEST(heap, a_rebuild_makes_a_heap_of_any_entries)
{
    struct random random = {3};

    for (size_t count = 0; count <= 40; count++) {
        struct timer_entry entries[40];
        struct timer_heap heap = {.entries = entries, .count = count, .capacity = 40};
        for (size_t i = 0; i < count; i++)
            entries[i] = (struct timer_entry){(int64_t)random_below(&random, 20), i + 1, NULL};
        timer_heap_rebuild(&heap);
        CHECK_EQ(heap.count, count);
        expect_in_order(&heap);
    }
}

TEST(heap, without_memory_it_stays_as_it_was)
{
    struct timer_heap heap = {0};

    if (check_walking())
        return; /* it sets faults of its own */
    faults_fail(1, NULL);
    FAILS(timer_heap_push(&heap, (struct timer_entry){1, 1, NULL}), -ENOMEM);
    faults_end();
    CHECK_EQ(heap.count, 0);
    do
        PASS(timer_heap_push(&heap, (struct timer_entry){1, heap.count + 1, NULL}));
    while (heap.count && heap.count < heap.capacity);
    size_t full = heap.count;
    faults_fail(1, NULL);
    FAILS(timer_heap_push(&heap, (struct timer_entry){0, full + 1, NULL}), -ENOMEM);
    faults_end();
    CHECK_EQ(heap.count, full);
    CHECK_EQ(heap.capacity, full);
    expect_in_order(&heap);
    coil__free(heap.entries);
}

static void pop_of_nothing(void *argument)
{
    timer_heap_pop(argument);
}

TEST(heap, a_pop_of_nothing_is_a_bug)
{
    DIES(pop_of_nothing, (&(struct timer_heap){0}));
}
