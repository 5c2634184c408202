// SPDX-License-Identifier: MIT
#include "timer/timer.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "timer/heap.h"

#include <errno.h>
#include <stdbool.h>

enum {
    CAPACITY_FIRST = 64,
    STALE_MIN = 64 /* fewer are not worth a sweep */
};

#define NO_SLOT UINT32_MAX

void timers_init(struct timers *timers)
{
    *timers = (struct timers){.free_slot = NO_SLOT, .next_sequence = 1};
}

void timers_fini(struct timers *timers)
{
    coil__free(timers->run.entries);
    coil__free(timers->heap.entries);
    coil__free(timers->slots);
    timers_init(timers);
}

/* ---- slots -------------------------------------------------------------------------------- */

static NOINLINE bool slots_grow(struct timers *timers)
{
    uint32_t capacity = timers->slot_capacity ? 2 * timers->slot_capacity : CAPACITY_FIRST;

    if (capacity <= timers->slot_capacity)
        return false;
    void *slots = coil__realloc(timers->slots, capacity * sizeof(*timers->slots));
    if (!slots)
        return false;
    timers->slots = slots;
    timers->slot_capacity = capacity;
    return true;
}

static inline int slot_take(struct timers *timers, uint32_t *slot)
{
    if (timers->free_slot != NO_SLOT) {
        *slot = timers->free_slot;
        timers->free_slot = timers->slots[*slot].next_free;
        return 0;
    }
    if (unlikely(timers->slot_count == timers->slot_capacity) && !slots_grow(timers))
        return -ENOMEM;
    *slot = timers->slot_count++;
    return 0;
}

static void slot_give(struct timers *timers, uint32_t slot)
{
    timers->slots[slot].sequence = 0;
    timers->slots[slot].next_free = timers->free_slot;
    timers->free_slot = slot;
}

static bool stale(const struct timers *timers, const struct timer_entry *entry)
{
    return timers->slots[entry->slot].sequence != entry->sequence;
}

/* ---- the sorted queue --------------------------------------------------------------------- */

static struct timer_entry *run_at(const struct timer_run *run, size_t place)
{
    return &run->entries[(run->first + place) & (run->capacity - 1)];
}

static bool run_accepts(const struct timer_run *run, int64_t deadline)
{
    return run->count == 0 || run_at(run, run->count - 1)->deadline <= deadline;
}

static NOINLINE bool run_grow(struct timer_run *run)
{
    size_t capacity = run->capacity ? 2 * run->capacity : CAPACITY_FIRST;
    struct timer_entry *entries = coil__alloc(capacity * sizeof(*entries));

    if (!entries)
        return false;
    for (size_t i = 0; i < run->count; i++)
        entries[i] = *run_at(run, i);
    coil__free(run->entries);
    *run = (struct timer_run){.entries = entries, .count = run->count, .capacity = capacity};
    return true;
}

static inline int run_append(struct timer_run *run, struct timer_entry entry)
{
    if (unlikely(run->count == run->capacity) && !run_grow(run))
        return -ENOMEM;
    *run_at(run, run->count++) = entry;
    return 0;
}

static void run_take(struct timer_run *run)
{
    run->first = (run->first + 1) & (run->capacity - 1);
    run->count--;
}

/* ---- both --------------------------------------------------------------------------------- */

/* Drops every stale entry; order within each structure stays. */
static void sweep(struct timers *timers)
{
    struct timer_run *run = &timers->run;
    struct timer_heap *heap = &timers->heap;
    size_t kept = 0;

    for (size_t i = 0; i < run->count; i++)
        if (!stale(timers, run_at(run, i)))
            *run_at(run, kept++) = *run_at(run, i);
    run->count = kept;
    kept = 0;
    for (size_t i = 0; i < heap->count; i++)
        if (!stale(timers, &heap->entries[i]))
            heap->entries[kept++] = heap->entries[i];
    heap->count = kept;
    timer_heap_rebuild(heap);
    ASSERT(run->count + heap->count == timers->live);
}

int timers_arm(struct timers *timers, int64_t deadline, void *payload, uint32_t *timer)
{
    uint32_t slot;
    int rc = slot_take(timers, &slot);

    ASSERT(payload != NULL);
    if (rc < 0)
        return rc;
    struct timer_entry entry = {deadline, timers->next_sequence, slot};
    if (run_accepts(&timers->run, deadline))
        rc = run_append(&timers->run, entry);
    else
        rc = timer_heap_push(&timers->heap, entry);
    if (rc < 0) {
        slot_give(timers, slot);
        return rc;
    }
    timers->next_sequence++;
    timers->slots[slot] = (struct timer_slot){.sequence = entry.sequence, .payload = payload};
    timers->live++;
    *timer = slot;
    return 0;
}

void timers_disarm(struct timers *timers, uint32_t timer)
{
    ASSERT(timer < timers->slot_count && timers->slots[timer].sequence != 0);
    uint64_t sequence = timers->slots[timer].sequence;
    slot_give(timers, timer);
    timers->live--;
    /* Armed and disarmed with nothing in between, as by a wait that ends at once: the last entry
     * of either array can go without moving another. */
    struct timer_run *run = &timers->run;
    struct timer_heap *heap = &timers->heap;
    if (run->count && run_at(run, run->count - 1)->sequence == sequence)
        run->count--;
    else if (heap->count && heap->entries[heap->count - 1].sequence == sequence)
        heap->count--;
    size_t entries = run->count + heap->count;
    if (entries - timers->live > timers->live + STALE_MIN)
        sweep(timers);
}

/* The living front of both structures, or NULL. */
static struct timer_entry *front(struct timers *timers)
{
    struct timer_run *run = &timers->run;
    struct timer_heap *heap = &timers->heap;

    while (run->count && stale(timers, run_at(run, 0)))
        run_take(run);
    while (heap->count && stale(timers, &heap->entries[0]))
        timer_heap_pop(heap);
    if (!run->count)
        return heap->count ? &heap->entries[0] : NULL;
    struct timer_entry *first = run_at(run, 0);
    if (heap->count && timer_before(&heap->entries[0], first))
        first = &heap->entries[0];
    return first;
}

int64_t timers_front(struct timers *timers)
{
    return front(timers)->deadline;
}

void *timers_expire(struct timers *timers, int64_t now)
{
    struct timer_entry *first = front(timers);

    if (!first || first->deadline > now)
        return NULL;
    uint32_t slot = first->slot;
    void *payload = timers->slots[slot].payload;
    if (timers->heap.count && first == &timers->heap.entries[0])
        timer_heap_pop(&timers->heap);
    else
        run_take(&timers->run);
    slot_give(timers, slot);
    timers->live--;
    return payload;
}
