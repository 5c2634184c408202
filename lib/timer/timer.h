// SPDX-License-Identifier: MIT
/*
 * Deadlines in order: exact to the nanosecond, equal ones first in, first out. The clock is an
 * argument; nothing here reads one.
 *
 * Two structures hold the entries. Deadlines mostly come in growing order (a thousand tasks sleep
 * for the same time): an entry that is not before the last one of `run`, a sorted queue, is
 * appended to it in constant time, and so taken. Any other goes into `heap`, a heap with four
 * children a node. The earliest is the smaller of the two fronts.
 *
 * An entry refers to a slot; the slot knows what the timer means. To disarm a timer is to free its
 * slot: its entry goes stale, is recognized by the sequence number, and dropped when it reaches the
 * front or when stale entries outnumber the living. So disarming touches one line of memory,
 * however many timers there are, where a removal from the heap would touch five.
 *
 * Slots outlive what they stood for, because stale entries refer to them. Who has memory that stays
 * lends one of his own, beside what else he will touch: beside a million timers each line of memory
 * more that must be waited for costs as much as all the instructions.
 */
#ifndef TIMER_TIMER_H
#define TIMER_TIMER_H

#include <stddef.h>
#include <stdint.h>

#define TIMER_NEVER INT64_MAX

/* The point `delay` after `now`; what lies beyond the end of time is never. */
static inline int64_t timer_after(int64_t now, int64_t delay)
{
    int64_t point;
    return __builtin_add_overflow(now, delay, &point) ? TIMER_NEVER : point;
}

struct timer_entry {
    int64_t deadline;
    uint64_t sequence; /* orders equal deadlines; odd: the slot is lent; 0 is never used */
    struct timer_slot *slot;
};

struct timer_slot {
    uint64_t sequence; /* of its living entry; 0: none */
    union {
        void *payload;
        struct timer_slot *next_free;
    };
};

struct timer_chunk;

struct timer_run { /* a sorted queue in a ring of entries; capacity is a power of two */
    struct timer_entry *entries;
    size_t first, count, capacity;
};

struct timer_heap {
    struct timer_entry *entries;
    size_t count, capacity;
};

struct timers {
    struct timer_run run;
    struct timer_heap heap;
    struct timer_chunk *chunks; /* of slots of its own */
    struct timer_slot *free_slot;
    uint64_t next_sequence;
    size_t live;
};

void timers_init(struct timers *timers);
void timers_fini(struct timers *timers);

/* -ENOMEM. `payload` is not NULL. */
int timers_arm(struct timers *timers, int64_t deadline, void *payload, struct timer_slot **timer);

/* The same in a slot of the caller's, in which no timer is armed. Once used it stays readable, and
 * nobody else's, until timers_fini. */
int timers_arm_in(struct timers *timers, int64_t deadline, void *payload, struct timer_slot *slot);

/* `timer` is armed: it has neither been disarmed nor expired. */
void timers_disarm(struct timers *timers, struct timer_slot *timer);

int64_t timers_front(struct timers *timers); /* timers_earliest's slow path */

/* The earliest deadline, TIMER_NEVER when there is none. */
static inline int64_t timers_earliest(struct timers *timers)
{
    return timers->live ? timers_front(timers) : TIMER_NEVER;
}

/* Takes the first timer whose deadline is not after `now` and returns its payload, or NULL. */
void *timers_expire(struct timers *timers, int64_t now);

#endif
