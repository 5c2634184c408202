// SPDX-License-Identifier: MIT
#include "timer/heap.h"

#include "base/alloc.h"
#include "base/assert.h"

#include <errno.h>

enum { CHILDREN = 4, CAPACITY_FIRST = 64 };

static void sift_up(struct timer_entry *entries, size_t place, struct timer_entry entry)
{
    while (place > 0) {
        size_t parent = (place - 1) / CHILDREN;
        if (!timer_before(&entry, &entries[parent]))
            break;
        entries[place] = entries[parent];
        place = parent;
    }
    entries[place] = entry;
}

static void sift_down(struct timer_entry *entries, size_t count, size_t place,
                      struct timer_entry entry)
{
    for (;;) {
        size_t child = place * CHILDREN + 1;
        if (child >= count)
            break;
        size_t end = child + CHILDREN < count ? child + CHILDREN : count;
        size_t smallest = child;
        for (size_t other = child + 1; other < end; other++)
            if (timer_before(&entries[other], &entries[smallest]))
                smallest = other;
        if (!timer_before(&entries[smallest], &entry))
            break;
        entries[place] = entries[smallest];
        place = smallest;
    }
    entries[place] = entry;
}

int timer_heap_push(struct timer_heap *heap, struct timer_entry entry)
{
    if (heap->count == heap->capacity) {
        size_t capacity = heap->capacity ? 2 * heap->capacity : CAPACITY_FIRST;
        void *entries = coil__realloc(heap->entries, capacity * sizeof(entry));
        if (!entries)
            return -ENOMEM;
        heap->entries = entries;
        heap->capacity = capacity;
    }
    sift_up(heap->entries, heap->count++, entry);
    return 0;
}

void timer_heap_pop(struct timer_heap *heap)
{
    ASSERT(heap->count > 0);
    struct timer_entry last = heap->entries[--heap->count];
    if (heap->count)
        sift_down(heap->entries, heap->count, 0, last);
}

void timer_heap_rebuild(struct timer_heap *heap)
{
    if (heap->count < 2)
        return;
    for (size_t place = (heap->count - 2) / CHILDREN + 1; place-- > 0;)
        sift_down(heap->entries, heap->count, place, heap->entries[place]);
}
