// SPDX-License-Identifier: MIT
/* The caller sends to the outer generator, and the inner one receives. */
#include "text.h"

#include <coil/coil.h>

#include <stdlib.h>
#include <string.h>

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Collects what it is sent, and returns it sorted. */
static void *sub_coro(void *arg)
{
    struct list *sub_list = arg;

    for (;;) {
        void *value;
        int rc = coil_yield(NULL, &value);
        if (rc < 0)
            return COIL_ERR(rc);
        if (strcmp(value, "CLOSE") == 0)
            break;
        list_append(sub_list, value);
    }
    qsort(sub_list->items, sub_list->length, sizeof(sub_list->items[0]), by_text);
    return sub_list;
}

/* Makes a new inner generator whenever one has ended; the delegation primes it. */
static void *sup_coro(void *unused)
{
    (void)unused;
    for (;;) {
        struct list list = {.length = 0};
        void *sup_list;
        coil_gen *sub = coil_gen_new(sub_coro, &list);
        int rc = coil_yield_from(coil_iter_gen(sub), &sup_list);
        coil_gen_free(sub);
        if (rc < 0)
            return COIL_ERR(rc);
        list_print("排序后的列表  ", sup_list);
        puts("--------------------------------");
    }
}

int main(void)
{
    char codes[3][4][8] = {
        {"KP", "NR", "KN", "CLOSE"}, {"GE", "MT", "GN", "CLOSE"}, {"CY", "CO", "AE", "CLOSE"}};

    for (int i = 0; i < 3; i++) {
        const struct list countries = {{codes[i][0], codes[i][1], codes[i][2]}, 3};
        list_print("国家代号列表 ", &countries);
        coil_gen *c = coil_gen_primed(sup_coro, NULL);
        for (int j = 0; j < 4; j++)
            if (coil_gen_send(c, codes[i][j], NULL) != 0)
                return 1;
        coil_gen_free(c); /* ends the inner one, then the outer one */
    }
    return 0;
}
