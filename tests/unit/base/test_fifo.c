// SPDX-License-Identifier: MIT
#include "check.h"

#include "base/fifo.h"

enum { MANY = 5 };

static void fill(struct fifo *fifo, struct fifo_node *nodes, size_t count)
{
    fifo_init(fifo);
    for (size_t i = 0; i < count; i++)
        fifo_append(fifo, &nodes[i]);
}

/* The rest comes as these indices of `nodes`, a letter each. */
static void expect(struct fifo *fifo, const struct fifo_node *nodes, const char *letters)
{
    CHECK_EQ(fifo->count, strlen(letters));
    for (; *letters; letters++)
        CHECK_PTR(fifo_take(fifo), &nodes[*letters - 'a']);
    CHECK_PTR(fifo_take(fifo), NULL);
    CHECK_EQ(fifo->count, 0);
}

TEST(fifo, an_empty_one_gives_nothing)
{
    struct fifo fifo;

    fifo_init(&fifo);
    CHECK_PTR(fifo_take(&fifo), NULL);
    CHECK_EQ(fifo.count, 0);
}

TEST(fifo, nodes_come_in_the_order_of_appending)
{
    struct fifo fifo;
    struct fifo_node nodes[MANY] = {{NULL}};

    fill(&fifo, nodes, MANY);
    expect(&fifo, nodes, "abcde");
}

TEST(fifo, it_is_usable_after_it_ran_empty)
{
    struct fifo fifo;
    struct fifo_node nodes[MANY] = {{NULL}};

    fill(&fifo, nodes, 1);
    CHECK_PTR(fifo_take(&fifo), &nodes[0]);
    fifo_append(&fifo, &nodes[1]);
    fifo_append(&fifo, &nodes[0]);
    expect(&fifo, nodes, "ba");
}

TEST(fifo, a_node_is_removed_wherever_it_stands)
{
    struct fifo fifo;
    struct fifo_node nodes[MANY] = {{NULL}};

    fill(&fifo, nodes, MANY);
    fifo_remove(&fifo, &nodes[0]);
    fifo_remove(&fifo, &nodes[2]);
    fifo_remove(&fifo, &nodes[4]);
    expect(&fifo, nodes, "bd");
}

TEST(fifo, after_the_last_was_removed_the_next_goes_behind_the_rest)
{
    struct fifo fifo;
    struct fifo_node nodes[MANY] = {{NULL}};

    fill(&fifo, nodes, 2);
    fifo_remove(&fifo, &nodes[1]);
    fifo_append(&fifo, &nodes[2]);
    expect(&fifo, nodes, "ac");
    fill(&fifo, nodes, 1);
    fifo_remove(&fifo, &nodes[0]);
    fifo_append(&fifo, &nodes[3]);
    expect(&fifo, nodes, "d");
}

static void remove_a_stranger(void *argument)
{
    struct fifo fifo;
    struct fifo_node nodes[MANY] = {{NULL}};

    (void)argument;
    fill(&fifo, nodes, 2);
    fifo_remove(&fifo, &nodes[3]);
}

TEST(fifo, removing_what_is_not_there_is_a_bug)
{
    DIES(remove_a_stranger, NULL);
}
