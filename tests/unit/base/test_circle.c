// SPDX-License-Identifier: MIT
#include "check.h"

#include "base/circle.h"
#include "base/macros.h"

struct letter {
    char value;
    struct coil_link link;
};

static struct letter letters[4] = {{.value = 'a'}, {.value = 'b'}, {.value = 'c'}, {.value = 'd'}};

static void check_spells(struct coil_link *first, const char *text)
{
    char found[5] = "";
    size_t length = 0;

    for (struct coil_link *node = first; node && length < 4; node = circle_next(first, node))
        found[length++] = container_of(node, struct letter, link)->value;
    CHECK_STR(found, text);
}

TEST(circle, nodes_stand_in_the_order_in_which_they_came)
{
    struct coil_link *first = NULL;

    check_spells(first, "");
    for (int i = 0; i < 4; i++) {
        CHECK(!circle_linked(&letters[i].link));
        circle_append(&first, &letters[i].link);
        CHECK(circle_linked(&letters[i].link));
    }
    check_spells(first, "abcd");
    circle_remove(&first, &letters[1].link); /* in the middle */
    check_spells(first, "acd");
    circle_remove(&first, &letters[0].link); /* the first */
    check_spells(first, "cd");
    circle_remove(&first, &letters[3].link); /* the last */
    check_spells(first, "c");
    circle_append(&first, &letters[0].link);
    check_spells(first, "ca");
    circle_remove(&first, &letters[2].link);
    circle_remove(&first, &letters[0].link);
    CHECK_PTR(first, NULL);
    for (int i = 0; i < 4; i++)
        CHECK(!circle_linked(&letters[i].link));
}

static void append_twice(void *arg)
{
    struct coil_link *first = NULL;

    (void)arg;
    circle_append(&first, &letters[0].link);
    circle_append(&first, &letters[0].link);
}

TEST(circle, a_node_is_linked_once)
{
    DIES(append_twice, NULL);
}
