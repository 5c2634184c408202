// SPDX-License-Identifier: MIT
/* What Python prints: a list of texts, and the state of a future. */
#ifndef EXAMPLES_SEED_TEXT_H
#define EXAMPLES_SEED_TEXT_H

#include <coil/coil.h>

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

static inline const char *state_text(const coil_future *future)
{
    static const char *const names[] = {"PENDING", "CANCELLED", "FINISHED"};
    int state = coil_future_state(future);

    return state < 0 ? coil_strerror(state) : names[state];
}

#endif
