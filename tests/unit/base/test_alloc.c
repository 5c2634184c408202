// SPDX-License-Identifier: MIT
#include "check.h"
#include "faults.h"

#include "base/alloc.h"

#include <errno.h>
#include <stdlib.h>

/* An allocator that counts; what it gives is never zero by chance. */
struct meter {
    size_t allocs, reallocs, frees;
    bool empty;
};

static void *meter_alloc(size_t size, void *userdata)
{
    struct meter *meter = userdata;
    void *memory = meter->empty ? NULL : malloc(size);

    meter->allocs++;
    return memory ? memset(memory, 0xff, size) : NULL;
}

static void *meter_realloc(void *memory, size_t size, void *userdata)
{
    struct meter *meter = userdata;

    meter->reallocs++;
    return meter->empty ? NULL : realloc(memory, size);
}

static void meter_free(void *memory, void *userdata)
{
    struct meter *meter = userdata;

    meter->frees++;
    free(memory);
}

static coil_allocator metered(struct meter *meter)
{
    return (coil_allocator){
        .size = sizeof(coil_allocator),
        .alloc = meter_alloc,
        .realloc = meter_realloc,
        .free = meter_free,
        .userdata = meter,
    };
}

TEST(alloc, blocks_are_counted_while_they_live)
{
    size_t before = coil_allocated_blocks();
    void *a = coil__alloc(1);
    void *b = coil__alloc_zeroed(100);

    CHECK_EQ(coil_allocated_blocks() - before, 2);
    coil__free(a);
    CHECK_EQ(coil_allocated_blocks() - before, 1);
    coil__free(b);
    CHECK_EQ(coil_allocated_blocks() - before, 0);
}

TEST(alloc, freeing_nothing_changes_nothing)
{
    size_t before = coil_allocated_blocks();

    coil__free(NULL);
    CHECK_EQ(coil_allocated_blocks(), before);
}

TEST(alloc, zeroed_memory_is_zero_whatever_the_allocator_gives)
{
    struct meter meter = {0};
    coil_allocator allocator = metered(&meter);
    unsigned char zeros[64] = {0};

    PASS(coil_set_allocator(&allocator));
    void *memory = coil__alloc_zeroed(sizeof(zeros));
    CHECK(memory && memcmp(memory, zeros, sizeof(zeros)) == 0);
    coil__free(memory);
    PASS(coil_set_allocator(NULL));
}

TEST(alloc, realloc_keeps_the_content_and_the_count)
{
    size_t before = coil_allocated_blocks();
    char *text = coil__realloc(NULL, 8);

    if (!CHECK(text))
        return;
    strcpy(text, "content");
    CHECK_EQ(coil_allocated_blocks() - before, 1);
    char *longer = coil__realloc(text, 100000);
    CHECK(longer != NULL);
    text = longer ? longer : text;
    CHECK_STR(text, "content");
    CHECK_EQ(coil_allocated_blocks() - before, 1);
    coil__free(text);
    CHECK_EQ(coil_allocated_blocks() - before, 0);
}

TEST(alloc, a_failed_realloc_leaves_the_block)
{
    struct meter meter = {0};
    coil_allocator allocator = metered(&meter);

    PASS(coil_set_allocator(&allocator));
    char *text = coil__alloc(8);
    if (CHECK(text)) {
        strcpy(text, "content");
        meter.empty = true;
        CHECK_PTR(coil__realloc(text, 100000), NULL);
        CHECK_STR(text, "content");
        CHECK_EQ(coil_allocated_blocks(), 1);
    }
    coil__free(text);
    PASS(coil_set_allocator(NULL));
}

TEST(alloc, an_empty_allocator_is_not_counted)
{
    struct meter meter = {.empty = true};
    coil_allocator allocator = metered(&meter);

    PASS(coil_set_allocator(&allocator));
    CHECK_PTR(coil__alloc(8), NULL);
    CHECK_PTR(coil__alloc_zeroed(8), NULL);
    CHECK_PTR(coil__realloc(NULL, 8), NULL);
    CHECK_EQ(meter.allocs, 3);
    CHECK_EQ(coil_allocated_blocks(), 0);
    PASS(coil_set_allocator(NULL));
}

TEST(alloc, each_call_goes_to_the_allocator_with_its_userdata)
{
    struct meter meter = {0};
    coil_allocator allocator = metered(&meter);

    PASS(coil_set_allocator(&allocator));
    memset(&allocator, 0, sizeof(allocator)); /* it was copied */
    void *memory = coil__alloc(8);
    void *moved = coil__realloc(memory, 16);
    coil__free(moved ? moved : memory);
    CHECK_EQ(meter.allocs, 1);
    CHECK_EQ(meter.reallocs, 1);
    CHECK_EQ(meter.frees, 1);
    PASS(coil_set_allocator(NULL));
}

TEST(alloc, null_brings_malloc_back)
{
    struct meter meter = {0};
    coil_allocator allocator = metered(&meter);

    PASS(coil_set_allocator(&allocator));
    PASS(coil_set_allocator(NULL));
    coil__free(coil__alloc(8));
    CHECK_EQ(meter.allocs + meter.frees, 0);
}

TEST(alloc, the_allocator_stays_while_its_blocks_live)
{
    struct meter meter = {0};
    coil_allocator allocator = metered(&meter);
    void *memory = coil__alloc(8);

    if (!CHECK(memory))
        return;
    FAILS(coil_set_allocator(&allocator), -EBUSY);
    FAILS(coil_set_allocator(NULL), -EBUSY);
    coil__free(memory);
    CHECK_EQ(meter.frees, 0);
    PASS(coil_set_allocator(&allocator));
    PASS(coil_set_allocator(NULL));
}

TEST(alloc, an_allocator_with_a_part_missing_is_refused)
{
    struct meter meter = {0};
    coil_allocator small = metered(&meter), no_alloc = small, no_realloc = small, no_free = small;

    small.size--;
    no_alloc.alloc = NULL;
    no_realloc.realloc = NULL;
    no_free.free = NULL;
    FAILS(coil_set_allocator(&small), -EINVAL);
    FAILS(coil_set_allocator(&no_alloc), -EINVAL);
    FAILS(coil_set_allocator(&no_realloc), -EINVAL);
    FAILS(coil_set_allocator(&no_free), -EINVAL);
    coil__free(coil__alloc(8));
    CHECK_EQ(meter.allocs, 0);
}

TEST(alloc, memory_can_be_made_to_fail)
{
    if (check_walking())
        return; /* it sets faults of its own */
    void *memory = coil__alloc(8);
    faults_fail(1, "alloc");
    CHECK_PTR(coil__alloc(8), NULL);
    faults_fail(1, "realloc");
    CHECK_PTR(coil__realloc(memory, 16), NULL);
    faults_end();
    CHECK_EQ(coil_allocated_blocks(), 1);
    coil__free(memory);
}

static void alloc_nothing(void *argument)
{
    (void)argument;
    coil__alloc(0);
}

TEST(alloc, a_block_of_no_size_is_a_bug)
{
    DIES(alloc_nothing, NULL);
}

static void free_what_is_not_ours(void *argument)
{
    (void)argument;
    coil__free(malloc(8));
}

TEST(alloc, freeing_more_than_was_allocated_is_a_bug)
{
    DIES(free_what_is_not_ours, NULL);
}

TEST(alloc, the_program_may_use_it_and_frees_what_it_was_given)
{
    size_t before = coil_allocated_blocks();
    void *block = coil_alloc(10);

    if (PASS(coil_err(block)))
        memset(block, 1, 10);
    CHECK_EQ(coil_allocated_blocks() - before, coil_is_err(block) ? 0 : 1);
    coil_free(block);
    CHECK_EQ(coil_allocated_blocks(), before);
    FAILS(coil_err(coil_alloc(0)), -EINVAL);
    coil_free(NULL);
    coil_free(COIL_ERR(-ENOMEM));
    if (check_walking())
        return; /* it sets a fault of its own */
    faults_fail(1, "alloc");
    FAILS(coil_err(coil_alloc(10)), -ENOMEM);
    faults_end();
}
