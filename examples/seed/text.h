// SPDX-License-Identifier: MIT
/* A list of texts, printed as Python prints one. */
#ifndef EXAMPLES_SEED_TEXT_H
#define EXAMPLES_SEED_TEXT_H

#include <stdio.h>

enum { LIST_MAX = 8 };

struct list {
    const char *items[LIST_MAX];
    size_t length;
};

static inline void list_append(struct list *list, const char *text)
{
    if (list->length < LIST_MAX)
        list->items[list->length++] = text;
}

static inline void list_print(const char *before, const struct list *list)
{
    printf("%s[", before);
    for (size_t i = 0; i < list->length; i++)
        printf("%s'%s'", i ? ", " : "", list->items[i]);
    printf("]\n");
}

#endif
