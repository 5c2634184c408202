// SPDX-License-Identifier: MIT
#include "check.h"
#include "faults.h"

#include "base/macros.h"
#include "base/slab.h"

#if WITH_ASAN
#include <sanitizer/asan_interface.h>
#endif

enum { SIZE = 128, MANY = 1000 };

/* Gives back what was taken; NULLs are those for which there was no memory. */
static void give_all(struct slab *slab, void **objects, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (objects[i])
            slab_give(slab, objects[i]);
}

TEST(slab, objects_do_not_overlap)
{
    struct slab slab;
    void *objects[MANY];

    slab_init(&slab, SIZE);
    for (size_t i = 0; i < MANY; i++) {
        objects[i] = slab_take(&slab);
        if (CHECK(objects[i]))
            memset(objects[i], (int)(i % 251), SIZE);
    }
    CHECK_EQ(slab.live, MANY);
    for (size_t i = 0; i < MANY; i++) {
        const unsigned char *bytes = objects[i];
        for (size_t j = 0; bytes && j < SIZE; j++)
            if (!CHECK_EQ(bytes[j], i % 251))
                break;
    }
    give_all(&slab, objects, MANY);
    CHECK_EQ(slab.live, 0);
    slab_fini(&slab);
}

TEST(slab, objects_of_whole_cache_lines_start_on_one)
{
    struct slab slab;
    void *objects[MANY];

    slab_init(&slab, SIZE);
    for (size_t i = 0; i < MANY; i++) {
        objects[i] = slab_take(&slab);
        CHECK_EQ((uintptr_t)objects[i] % CACHE_LINE, 0);
    }
    give_all(&slab, objects, MANY);
    slab_fini(&slab);
}

TEST(slab, the_last_one_given_is_the_first_one_taken)
{
    struct slab slab;

    slab_init(&slab, SIZE);
    void *a = slab_take(&slab), *b = slab_take(&slab);
    if (CHECK(a && b)) {
        slab_give(&slab, a);
        slab_give(&slab, b);
        void *first = slab_take(&slab), *second = slab_take(&slab);
        CHECK_PTR(first, b);
        CHECK_PTR(second, a);
        a = first;
        b = second;
    }
    give_all(&slab, (void *[]){a, b}, 2);
    slab_fini(&slab);
}

TEST(slab, used_objects_need_no_more_memory)
{
    struct slab slab;
    void *objects[MANY];

    slab_init(&slab, SIZE);
    for (int round = 0; round < 10; round++) {
        for (size_t i = 0; i < MANY; i++)
            objects[i] = slab_take(&slab);
        give_all(&slab, objects, MANY);
        /* 4, 8, 16, 32, 64 and 128 KiB hold 1000 objects of 128 bytes. */
        CHECK_EQ(coil_allocated_blocks(), 6);
    }
    slab_fini(&slab);
}

TEST(slab, chunks_double_up_to_a_mebibyte)
{
    struct slab slab;
    enum { TAKEN = (8 << 20) / SIZE };
    void *chain = NULL;

    slab_init(&slab, SIZE);
    for (size_t i = 0; i < TAKEN; i++) {
        void **object = slab_take(&slab);
        if (!CHECK(object))
            break;
        *object = chain;
        chain = object;
    }
    CHECK_EQ(slab.next_chunk, 1 << 20);
    /* Eight of 4 to 512 KiB make nearly one MiB; each further one is a MiB. */
    CHECK_EQ(coil_allocated_blocks(), 8 + 8);
    while (chain) {
        void **object = chain;
        chain = *object;
        slab_give(&slab, object);
    }
    slab_fini(&slab);
    CHECK_EQ(coil_allocated_blocks(), 0);
}

TEST(slab, an_object_larger_than_the_first_chunk_is_found_room)
{
    struct slab slab;

    slab_init(&slab, 16384);
    void *object = slab_take(&slab);
    if (CHECK(object)) {
        memset(object, 1, 16384);
        slab_give(&slab, object);
    }
    slab_fini(&slab);
}

TEST(slab, without_memory_it_gives_null_and_goes_on_later)
{
    struct slab slab;

    if (check_walking())
        return; /* it sets faults of its own */
    slab_init(&slab, SIZE);
    faults_fail(1, "alloc");
    CHECK_PTR(slab_take(&slab), NULL);
    faults_end();
    CHECK_EQ(slab.live, 0);
    void *object = slab_take(&slab);
    if (CHECK(object))
        slab_give(&slab, object);
    slab_fini(&slab);
}

#if WITH_ASAN
TEST(slab, who_touches_a_given_object_is_reported)
{
    struct slab slab;

    slab_init(&slab, SIZE);
    char *object = slab_take(&slab);
    if (CHECK(object)) {
        CHECK(!__asan_region_is_poisoned(object, SIZE));
        CHECK(__asan_address_is_poisoned(object + SIZE)); /* the next one was not taken yet */
        slab_give(&slab, object);
        for (int i = 0; i < SIZE; i++)
            CHECK(__asan_address_is_poisoned(object + i));
    }
    slab_fini(&slab);
}
#endif

static void end_with_one_live(void *argument)
{
    struct slab slab;

    (void)argument;
    slab_init(&slab, SIZE);
    slab_take(&slab);
    slab_fini(&slab);
}

static void give_too_much(void *argument)
{
    struct slab slab;

    (void)argument;
    slab_init(&slab, SIZE);
    void *object = slab_take(&slab);
    slab_give(&slab, object);
    slab_give(&slab, object);
}

static void init_with(void *argument)
{
    struct slab slab;
    slab_init(&slab, *(size_t *)argument);
}

TEST(slab, an_end_with_objects_in_use_is_a_bug)
{
    DIES(end_with_one_live, NULL);
}

TEST(slab, giving_more_than_was_taken_is_a_bug)
{
    DIES(give_too_much, NULL);
}

TEST(slab, a_size_that_breaks_alignment_is_a_bug)
{
    DIES(init_with, (&(size_t){0}));
    DIES(init_with, (&(size_t){SIZE + 8}));
}

TEST(slab, a_size_that_no_chunk_holds_is_a_bug)
{
    DIES(init_with, (&(size_t){1 << 20}));
}
