// SPDX-License-Identifier: MIT
/* An intrusive singly linked queue: append at the tail, take from the head, count for free. */
#ifndef BASE_FIFO_H
#define BASE_FIFO_H

#include "base/assert.h"

#include <stddef.h>

struct fifo_node {
    struct fifo_node *next;
};

struct fifo {
    struct fifo_node *first;
    struct fifo_node **end; /* where the next node's address goes */
    size_t count;
};

static inline void fifo_init(struct fifo *fifo)
{
    fifo->first = NULL;
    fifo->end = &fifo->first;
    fifo->count = 0;
}

static inline void fifo_append(struct fifo *fifo, struct fifo_node *node)
{
    node->next = NULL;
    *fifo->end = node;
    fifo->end = &node->next;
    fifo->count++;
}

static inline struct fifo_node *fifo_take(struct fifo *fifo)
{
    struct fifo_node *node = fifo->first;
    if (!node)
        return NULL;
    fifo->first = node->next;
    if (!node->next)
        fifo->end = &fifo->first;
    fifo->count--;
    return node;
}

/* Removes `node` wherever it stands, in linear time; it must be there. */
static inline void fifo_remove(struct fifo *fifo, struct fifo_node *node)
{
    struct fifo_node **link = &fifo->first;

    while (*link != node) {
        ASSERT(*link != NULL);
        link = &(*link)->next;
    }
    *link = node->next;
    if (!node->next)
        fifo->end = link;
    fifo->count--;
}

#endif
