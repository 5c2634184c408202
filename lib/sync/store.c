// SPDX-License-Identifier: MIT
#include "sync/store.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/macros.h"

#include <errno.h>
#include <string.h>

enum { CAPACITY_MIN = 8 }; /* a power of two, as every capacity is */

static struct coil_queue_entry *entry(const coil_queue *queue, size_t place)
{
    return &queue->entries[(queue->first + place) & (queue->capacity - 1)];
}

static int grow(coil_queue *queue)
{
    size_t capacity = queue->capacity ? 2 * queue->capacity : CAPACITY_MIN;

    if (capacity > SIZE_MAX / sizeof(struct coil_queue_entry))
        return -ENOMEM;
    struct coil_queue_entry *entries = coil__alloc(capacity * sizeof(*entries));
    if (!entries)
        return -ENOMEM;
    for (size_t i = 0; i < queue->count; i++)
        entries[i] = *entry(queue, i);
    coil__free(queue->entries);
    queue->entries = entries;
    queue->capacity = capacity;
    queue->first = 0;
    return 0;
}

static bool comes_before(const coil_queue *queue, const struct coil_queue_entry *a,
                         const struct coil_queue_entry *b)
{
    int order = queue->compare(a->item, b->item);

    return order ? order < 0 : a->number < b->number;
}

static void swap(struct coil_queue_entry *a, struct coil_queue_entry *b)
{
    struct coil_queue_entry copy = *a;

    *a = *b;
    *b = copy;
}

static void rise(coil_queue *queue, size_t place)
{
    while (place > 0) {
        size_t parent = (place - 1) / 2;
        if (!comes_before(queue, entry(queue, place), entry(queue, parent)))
            return;
        swap(entry(queue, place), entry(queue, parent));
        place = parent;
    }
}

static void sink(coil_queue *queue)
{
    size_t place = 0, child;

    while ((child = 2 * place + 1) < queue->count) {
        if (child + 1 < queue->count &&
            comes_before(queue, entry(queue, child + 1), entry(queue, child)))
            child++;
        if (!comes_before(queue, entry(queue, child), entry(queue, place)))
            return;
        swap(entry(queue, child), entry(queue, place));
        place = child;
    }
}

int store_put(coil_queue *queue, void *item)
{
    if (unlikely(queue->count == queue->capacity)) {
        int rc = grow(queue);
        if (rc < 0)
            return rc;
    }
    *entry(queue, queue->count) = (struct coil_queue_entry){item, queue->puts++};
    queue->count++;
    if (queue->order == COIL_QUEUE_PRIORITY)
        rise(queue, queue->count - 1);
    return 0;
}

void *store_take(coil_queue *queue)
{
    void *item;

    ASSERT(queue->count > 0);
    queue->count--;
    switch (queue->order) {
    case COIL_QUEUE_LIFO:
        return entry(queue, queue->count)->item;
    case COIL_QUEUE_PRIORITY:
        swap(entry(queue, 0), entry(queue, queue->count));
        sink(queue);
        return entry(queue, queue->count)->item;
    default:
        item = entry(queue, 0)->item;
        queue->first++;
        return item;
    }
}

void store_fini(coil_queue *queue)
{
    coil__free(queue->entries);
    queue->entries = NULL;
    queue->capacity = queue->first = queue->count = 0;
}
