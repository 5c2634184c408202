// SPDX-License-Identifier: MIT
/* The heap of timer entries: four children a node, so that a node's children share two lines. */
#ifndef TIMER_HEAP_H
#define TIMER_HEAP_H

#include "timer/timer.h"

#include <stdbool.h>

static inline bool timer_before(const struct timer_entry *a, const struct timer_entry *b)
{
    return a->deadline != b->deadline ? a->deadline < b->deadline : a->sequence < b->sequence;
}

int timer_heap_push(struct timer_heap *heap, struct timer_entry entry); /* -ENOMEM */
void timer_heap_pop(struct timer_heap *heap);                           /* not empty */
void timer_heap_rebuild(struct timer_heap *heap); /* after entries were changed at will */

#endif
