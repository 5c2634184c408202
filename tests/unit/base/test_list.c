// SPDX-License-Identifier: MIT
#include "check.h"

#include "base/list.h"

struct letter {
    char value;
    struct list_node link;
};

struct word {
    struct list list;
    struct letter letters[4]; /* a, b, c, d */
};

static void spell(struct word *word)
{
    list_init(&word->list);
    for (int i = 0; i < 4; i++) {
        word->letters[i].value = (char)('a' + i);
        list_node_init(&word->letters[i].link);
        list_append(&word->list, &word->letters[i].link);
    }
}

static void expect(struct word *word, const char *text)
{
    char forward[5] = "", backward[5] = "";
    size_t length = 0, back = strlen(text);

    list_for_each (node, &word->list) {
        if (length < 4)
            forward[length++] = list_entry(node, struct letter, link)->value;
    }
    CHECK_STR(forward, text);
    /* The other direction of the ring says the same. */
    for (struct list_node *node = word->list.head.previous; node != &word->list.head && back > 0;
         node = node->previous)
        backward[--back] = list_entry(node, struct letter, link)->value;
    CHECK_STR(backward, text);
}

TEST(list, a_new_one_is_empty)
{
    struct list list;

    list_init(&list);
    CHECK(list_empty(&list));
    CHECK_PTR(list_first(&list), NULL);
    CHECK_PTR(list_take_first(&list), NULL);
}

TEST(list, nodes_stand_in_the_order_of_appending)
{
    struct word word;

    spell(&word);
    expect(&word, "abcd");
    CHECK(!list_empty(&word.list));
    CHECK_PTR(list_first(&word.list), &word.letters[0].link);
}

TEST(list, a_node_is_removed_wherever_it_stands)
{
    struct word word;

    spell(&word);
    list_remove(&word.letters[1].link);
    expect(&word, "acd");
    list_remove(&word.letters[0].link);
    expect(&word, "cd");
    list_remove(&word.letters[3].link);
    expect(&word, "c");
    list_remove(&word.letters[2].link);
    CHECK(list_empty(&word.list));
}

TEST(list, a_node_knows_whether_it_is_linked)
{
    struct word word;

    spell(&word);
    CHECK(list_linked(&word.letters[1].link));
    list_remove(&word.letters[1].link);
    CHECK(!list_linked(&word.letters[1].link));
    CHECK_PTR(list_take_first(&word.list), &word.letters[0].link);
    CHECK(!list_linked(&word.letters[0].link));
}

TEST(list, a_removed_node_can_be_appended_again)
{
    struct word word;

    spell(&word);
    list_remove(&word.letters[0].link);
    list_append(&word.list, &word.letters[0].link);
    expect(&word, "bcda");
}

TEST(list, a_loop_may_remove_the_node_it_stands_on)
{
    struct word word;
    int seen = 0;

    spell(&word);
    list_for_each (node, &word.list) {
        seen++;
        if (seen % 2)
            list_remove(node);
    }
    CHECK_EQ(seen, 4);
    expect(&word, "bd");
}

static void append_twice(void *argument)
{
    struct word word;

    (void)argument;
    spell(&word);
    list_append(&word.list, &word.letters[2].link);
}

static void remove_twice(void *argument)
{
    struct word word;

    (void)argument;
    spell(&word);
    list_remove(&word.letters[2].link);
    list_remove(&word.letters[2].link);
}

TEST(list, linking_or_removing_twice_is_a_bug)
{
    DIES(append_twice, NULL);
    DIES(remove_twice, NULL);
}
