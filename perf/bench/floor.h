// SPDX-License-Identifier: MIT
/*
 * The floors below what goes through the kernel's ring: the same on a ring of their own with
 * nothing above it. All return 0 or a negative code, where nothing else is said.
 */
#ifndef PERF_FLOOR_H
#define PERF_FLOOR_H

#include <stdint.h>

struct floor_ring;

/* With the flags that coil's ring has. NULL: there is none. */
struct floor_ring *floor_ring_new(void);
void floor_ring_free(struct floor_ring *floor);

/* So many at once, by one call of the kernel. */
int floor_nops(struct floor_ring *floor, unsigned count);

/* Begins to receive, and cancels that by the next call of the kernel. */
int floor_cancel_recv(struct floor_ring *floor, int fd);

/* Reads at a place of a file. >= 0: so many bytes. */
int floor_pread(struct floor_ring *floor, int fd, void *buffer, unsigned length, uint64_t offset);

/* Closes a descriptor. */
int floor_close(struct floor_ring *floor, int fd);

enum floor_wake { WAKE_EVENTFD, WAKE_MSG_RING, WAKE_MSG_RING_SYNC, FLOOR_WAKES };

/* The thread of the ring: sleeps until it is woken, so many times; calls `awake` when it begins and
 * each time. */
int floor_sleep(struct floor_ring *floor, enum floor_wake how, void (*awake)(void *),
                void *argument, uint64_t times);

/* From another thread; `own` is a ring of that thread's. */
int floor_wake(struct floor_ring *floor, enum floor_wake how, struct floor_ring *own);

#endif
