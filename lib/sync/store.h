// SPDX-License-Identifier: MIT
/*
 * The items of a queue: a ring that grows, taken from one end (FIFO), from the other (LIFO), or a
 * heap in the same memory (priority). Equal priorities leave in the order in which they came, so an
 * entry has a number.
 */
#ifndef SYNC_STORE_H
#define SYNC_STORE_H

#include <coil/queue.h>

struct coil_queue_entry {
    void *item;
    uint64_t number; /* of the put */
};

/* -ENOMEM: the item was not stored. */
int store_put(coil_queue *queue, void *item);

/* Takes the item whose turn it is; there is one. */
void *store_take(coil_queue *queue);

void store_fini(coil_queue *queue);

#endif
