// SPDX-License-Identifier: MIT
#include "timer/timer.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "timer/heap.h"

#include <errno.h>
#include <stdbool.h>

enum {
    CAPACITY_FIRST = 64,
    CHUNK_SLOTS = 63,
    STALE_MIN = 64 /* fewer are not worth a sweep */
};

struct timer_chunk {
    struct timer_chunk *next;
    struct timer_slot slots[CHUNK_SLOTS];
};

void timers_init(struct timers *timers)
{
    *timers = (struct timers){.next_sequence = 2};
}

void timers_fini(struct timers *timers)
{
    coil__free(timers->run.entries);
    coil__free(timers->heap.entries);
    while (timers->chunks) {
        struct timer_chunk *chunk = timers->chunks;
        timers->chunks = chunk->next;
        coil__free(chunk);
    }
    timers_init(timers);
}

/* ---- slots -------------------------------------------------------------------------------- */

static bool lent(const struct timer_slot *slot)
{
    return slot->sequence & 1;
}

static void slot_give(struct timers *timers, struct timer_slot *slot)
{
    slot->sequence = 0;
    slot->next_free = timers->free_slot;
    timers->free_slot = slot;
}

static NOINLINE bool slots_grow(struct timers *timers)
{
    struct timer_chunk *chunk = coil__alloc(sizeof(*chunk));

    if (!chunk)
        return false;
    chunk->next = timers->chunks;
    timers->chunks = chunk;
    for (size_t i = CHUNK_SLOTS; i-- > 0;)
        slot_give(timers, &chunk->slots[i]);
    return true;
}

/* Nothing is armed in it any more. */
static void slot_leave(struct timers *timers, struct timer_slot *slot)
{
    if (lent(slot))
        slot->sequence = 0;
    else
        slot_give(timers, slot);
    timers->live--;
}

static bool stale(const struct timer_entry *entry)
{
    return entry->slot->sequence != entry->sequence;
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
        if (!stale(run_at(run, i)))
            *run_at(run, kept++) = *run_at(run, i);
    run->count = kept;
    kept = 0;
    for (size_t i = 0; i < heap->count; i++)
        if (!stale(&heap->entries[i]))
            heap->entries[kept++] = heap->entries[i];
    heap->count = kept;
    timer_heap_rebuild(heap);
    ASSERT(run->count + heap->count == timers->live);
}

static inline int arm(struct timers *timers, int64_t deadline, void *payload,
                      struct timer_slot *slot, uint64_t is_lent)
{
    struct timer_entry entry = {deadline, timers->next_sequence | is_lent, slot};
    int rc = run_accepts(&timers->run, deadline) ? run_append(&timers->run, entry)
                                                 : timer_heap_push(&timers->heap, entry);

    ASSERT(payload != NULL);
    if (rc < 0)
        return rc;
    timers->next_sequence += 2;
    *slot = (struct timer_slot){.sequence = entry.sequence, .payload = payload};
    timers->live++;
    return 0;
}

int timers_arm(struct timers *timers, int64_t deadline, void *payload, struct timer_slot **timer)
{
    if (unlikely(!timers->free_slot) && !slots_grow(timers))
        return -ENOMEM;
    struct timer_slot *slot = timers->free_slot, *next_free = slot->next_free;
    int rc = arm(timers, deadline, payload, slot, 0);
    if (rc < 0)
        return rc;
    timers->free_slot = next_free;
    *timer = slot;
    return 0;
}

int timers_arm_in(struct timers *timers, int64_t deadline, void *payload, struct timer_slot *slot)
{
    ASSERT(slot->sequence == 0);
    return arm(timers, deadline, payload, slot, 1);
}

void timers_disarm(struct timers *timers, struct timer_slot *timer)
{
    uint64_t sequence = timer->sequence;

    ASSERT(sequence != 0);
    slot_leave(timers, timer);
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

    while (run->count && stale(run_at(run, 0)))
        run_take(run);
    while (heap->count && stale(&heap->entries[0]))
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
    struct timer_slot *slot = first->slot;
    void *payload = slot->payload;
    if (timers->heap.count && first == &timers->heap.entries[0])
        timer_heap_pop(&timers->heap);
    else
        run_take(&timers->run);
    slot_leave(timers, slot);
    return payload;
}
