// SPDX-License-Identifier: MIT
/*
 * A doubly linked list that is known by its first node, and empty when that is NULL: so zeroed
 * memory is an empty one, which a static initializer can give. (The head of base/list.h holds its
 * own address.) A node knows whether it is linked.
 */
#ifndef BASE_CIRCLE_H
#define BASE_CIRCLE_H

#include "base/assert.h"

#include <stdbool.h>

struct coil_link {
    struct coil_link *previous, *next;
};

static inline bool circle_linked(const struct coil_link *node)
{
    return node->next != NULL;
}

/* The node after this one, NULL after the last. */
static inline struct coil_link *circle_next(struct coil_link *first, const struct coil_link *node)
{
    return node->next == first ? NULL : node->next;
}

static inline void circle_append(struct coil_link **first, struct coil_link *node)
{
    struct coil_link *head = *first;

    ASSERT(!circle_linked(node));
    if (!head) {
        node->previous = node->next = node;
        *first = node;
        return;
    }
    node->previous = head->previous;
    node->next = head;
    head->previous->next = node;
    head->previous = node;
}

static inline void circle_remove(struct coil_link **first, struct coil_link *node)
{
    ASSERT(circle_linked(node));
    if (*first == node)
        *first = circle_next(node, node);
    node->previous->next = node->next;
    node->next->previous = node->previous;
    node->previous = node->next = NULL;
}

#endif
