// SPDX-License-Identifier: MIT
#include "stream/block.h"

#include "pair.h"

struct pool {
    struct world *world;
    struct streams *streams;
    struct chain chain;
};

static void pool_end(struct pool *pool)
{
    if (!err_is(pool->streams))
        chain_drop(pool->streams, &pool->chain);
}

#define POOL(name, w)                                                                              \
    __attribute__((cleanup(pool_end))) struct pool name = {.world = &(w),                          \
                                                           .streams = streams_of((w).loop)}

static void check_chain(const struct pool *pool, const char *expected)
{
    char text[64] = {0};

    CHECK_EQ(pool->chain.size, strlen(expected));
    if (pool->chain.size < sizeof(text)) {
        chain_peek(&pool->chain, text, pool->chain.size);
        CHECK_STR(text, expected);
    }
}

static bool add_block(struct pool *pool, const char *text, size_t size)
{
    struct block *block = block_new(pool->streams, size);

    if (!CHECK(block != NULL))
        return false;
    memcpy(block->memory, text, strlen(text));
    block->end = (uint32_t)strlen(text);
    chain_append(&pool->chain, block);
    return true;
}

TEST(block, bytes_go_out_in_the_order_in_which_they_came)
{
    WORLD(w);
    POOL(p, w);
    if (coil_is_err(p.streams))
        return;
    if (!PASS(chain_copy(p.streams, &p.chain, "abc", 3)) || !add_block(&p, "def", 1))
        return;
    PASS(chain_copy(p.streams, &p.chain, "gh", 2));
    check_chain(&p, "abcdefgh");
    chain_consume(p.streams, &p.chain, 4);
    check_chain(&p, "efgh");
    chain_consume(p.streams, &p.chain, 4);
    CHECK_PTR(p.chain.first, NULL);
    CHECK_PTR(p.chain.last, NULL);
}

TEST(block, small_ones_come_from_the_loops_slab)
{
    WORLD(w);
    POOL(p, w);
    if (coil_is_err(p.streams))
        return;
    struct block *first = block_new(p.streams, 1);
    if (!CHECK(first != NULL))
        return;
    block_free(p.streams, first);
    size_t blocks = coil_allocated_blocks();
    struct block *second = block_new(p.streams, BLOCK_SMALL_SIZE);
    CHECK_PTR(second, first);
    CHECK_EQ(coil_allocated_blocks(), blocks);
    block_free(p.streams, second);
    struct block *large = block_new(p.streams, BLOCK_MIDDLE_SIZE + 1);
    if (!CHECK(large != NULL))
        return;
    CHECK_EQ(coil_allocated_blocks(), blocks + 1);
    block_free(p.streams, large);
    CHECK_EQ(coil_allocated_blocks(), blocks);
}

TEST(block, a_gather_moves_only_what_is_not_side_by_side)
{
    WORLD(w);
    POOL(p, w);
    if (coil_is_err(p.streams))
        return;
    if (!add_block(&p, "abc", 1) || !add_block(&p, "def", 1) || !add_block(&p, "ghi", 1))
        return;
    struct block *first = p.chain.first;
    PASS(chain_gather(p.streams, &p.chain, 3));
    CHECK_EQ(block_used(p.chain.first), 3);
    PASS(chain_gather(p.streams, &p.chain, 5)); /* there is room behind the first three */
    CHECK_PTR(p.chain.first, first);
    CHECK_EQ(block_used(p.chain.first), 5);
    check_chain(&p, "abcdefghi");
    PASS(chain_gather(p.streams, &p.chain, 9));
    CHECK_EQ(block_used(p.chain.first), 9);
    CHECK_PTR(p.chain.last, p.chain.first);
    check_chain(&p, "abcdefghi");
}

TEST(block, a_gather_takes_a_larger_block_where_the_first_has_no_room)
{
    WORLD(w);
    POOL(p, w);
    if (coil_is_err(p.streams))
        return;
    static char much[BLOCK_SMALL_SIZE];
    memset(much, 'x', sizeof(much));
    if (!PASS(chain_copy(p.streams, &p.chain, much, sizeof(much))) || !add_block(&p, "end", 1))
        return;
    chain_consume(p.streams, &p.chain, sizeof(much) - 2);
    PASS(chain_gather(p.streams, &p.chain, 4));
    CHECK_EQ(block_used(p.chain.first), 4);
    check_chain(&p, "xxend");
    PASS(chain_gather(p.streams, &p.chain, 5));
    CHECK_EQ(block_used(p.chain.first), 5);
    check_chain(&p, "xxend");
}
