// SPDX-License-Identifier: MIT
/* An intrusive doubly linked list: a ring through its head. A node knows whether it is linked. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include "base/assert.h"

#include <stdbool.h>

struct list_node {
    struct list_node *previous, *next;
};

struct list {
    struct list_node head;
};

#define list_entry(node, type, member) container_of(node, type, member)

/* `node` may be unlinked in the body, its successor not. */
#define list_for_each(node, list)                                                                  \
    for (struct list_node *node = (list)->head.next, *next_##node = node->next;                    \
         node != &(list)->head; node = next_##node, next_##node = node->next)

static inline void list_init(struct list *list)
{
    list->head.previous = list->head.next = &list->head;
}

static inline void list_node_init(struct list_node *node)
{
    node->previous = node->next = NULL;
}

static inline bool list_linked(const struct list_node *node)
{
    return node->next != NULL;
}

static inline bool list_empty(const struct list *list)
{
    return list->head.next == &list->head;
}

static inline struct list_node *list_first(const struct list *list)
{
    return list_empty(list) ? NULL : list->head.next;
}

static inline void list_append(struct list *list, struct list_node *node)
{
    ASSERT(!list_linked(node));
    node->previous = list->head.previous;
    node->next = &list->head;
    node->previous->next = node;
    list->head.previous = node;
}

static inline void list_remove(struct list_node *node)
{
    ASSERT(list_linked(node));
    node->previous->next = node->next;
    node->next->previous = node->previous;
    list_node_init(node);
}

static inline struct list_node *list_take_first(struct list *list)
{
    struct list_node *node = list_first(list);
    if (node)
        list_remove(node);
    return node;
}

#endif
