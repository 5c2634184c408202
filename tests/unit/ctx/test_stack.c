// SPDX-License-Identifier: MIT
#include "check.h"
#include "faults.h"
#include "touch.h"

#include "base/fault.h"
#include "base/macros.h"
#include "ctx/stack.h"
#include "os/features.h"
#include "os/os.h"

#include <errno.h>
#include <sys/mman.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

#define STACKS(name, keep)                                                                         \
    __attribute__((cleanup(stacks_fini))) struct stacks name;                                      \
    stacks_init(&name, keep)

/* The smallest ones. */
static struct stack_pool *smallest(struct stacks *stacks)
{
    return &stacks->pools[0];
}

/* Takes as many as there is memory for. */
static size_t take(struct stack_pool *pool, struct stack **taken, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        taken[i] = stack_take(pool);
        if (!CHECK(taken[i]))
            return i;
    }
    return count;
}

static void give(struct stack **taken, size_t count)
{
    while (count--)
        stack_give(taken[count]);
}

enum { CANARY = 64 }; /* bytes at the low end, where the guard is no better */

/* What a user of the stack may write to, and the canary if there is one. */
static size_t room(const struct stack *stack)
{
    return (size_t)((const char *)stack - stack->low);
}

static void fill(struct stack *stack, char value)
{
    memset(stack->low + CANARY, value, room(stack) - CANARY);
}

/* How many bytes of what was filled are so. */
static size_t filled(const struct stack *stack, char value)
{
    size_t count = 0;

    for (const char *byte = stack->low + CANARY; byte < (const char *)stack; byte++)
        count += *byte == value;
    return count;
}

/* Asked beside the stacks: whether this kernel has guards without mappings. */
static bool kernel_has_guards(void)
{
    void *page = mmap(NULL, OS_PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool has = page != MAP_FAILED && madvise(page, OS_PAGE, MADV_GUARD_INSTALL) == 0 &&
               feature_allowed(FEATURE_GUARD_INSTALL) &&
               touch_once(page, false); /* qemu-user says yes and does nothing */

    if (page != MAP_FAILED)
        munmap(page, OS_PAGE);
    return has;
}

static size_t resident_pages(char *memory, size_t size)
{
    size_t count = 0;

    for (size_t at = 0; at < size; at += OS_PAGE) {
        unsigned char bits = 0;
        count += mincore(memory + at, OS_PAGE, &bits) == 0 && (bits & 1);
    }
    return count;
}

/* ---- sizes and places --------------------------------------------------------------------- */

TEST(stack, a_size_is_rounded_up_to_its_class)
{
    CHECK_EQ(stack_class(0), 0);
    CHECK_EQ(stack_class(STACK_SIZE_MIN), 0);
    CHECK_EQ(stack_class(STACK_SIZE_MIN + 1), 1);
    CHECK_EQ(stack_class(STACK_SIZE_DEFAULT), 2);
    CHECK_EQ(stack_class(STACK_SIZE_MAX - 1), STACK_CLASSES - 1);
    CHECK_EQ(stack_class(STACK_SIZE_MAX), STACK_CLASSES - 1);
    FAILS(stack_class((size_t)STACK_SIZE_MAX + 1), -EINVAL);
    FAILS(stack_class(SIZE_MAX), -EINVAL);
}

TEST(stack, each_class_is_twice_the_one_before)
{
    STACKS(stacks, 0);
    for (int i = 0; i < STACK_CLASSES; i++) {
        struct stack *stack = stack_take(&stacks.pools[i]);
        size_t size = (size_t)STACK_SIZE_MIN << i;
        CHECK_EQ(stacks.pools[i].size, size);
        if (!CHECK(stack))
            continue;
        /* Of a block only the guard, the descriptor and its colour are not the user's. */
        CHECK(room(stack) >= size - OS_PAGE - 1024 - sizeof(*stack));
        CHECK(room(stack) <= size - OS_PAGE - sizeof(*stack));
        stack_give(stack);
    }
}

TEST(stack, every_byte_of_a_stack_is_its_own)
{
    enum { COUNT = 40 }; /* from more than one slab */
    struct stack *taken[COUNT];
    STACKS(stacks, COUNT);
    size_t count = take(smallest(&stacks), taken, COUNT);

    for (size_t i = 0; i < count; i++)
        fill(taken[i], (char)(i + 1));
    for (size_t i = 0; i < count; i++)
        CHECK_EQ(filled(taken[i], (char)(i + 1)), room(taken[i]) - CANARY);
    CHECK_EQ(smallest(&stacks)->in_use, count);
    give(taken, count);
    CHECK_EQ(smallest(&stacks)->in_use, 0);
}

TEST(stack, what_is_reserved_is_aligned_and_inside)
{
    const size_t sizes[] = {0, 1, 64, 100, 1000, 4096};
    struct stack *taken[16];
    STACKS(stacks, 16);
    size_t count = take(smallest(&stacks), taken, 16);

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < array_length(sizes); j++) {
            char *place = stack_reserve(taken[i], sizes[j]);
            CHECK_EQ((uintptr_t)place % 64, 0);
            CHECK(place + sizes[j] <= (char *)taken[i]);
            CHECK(place + sizes[j] + 64 > (char *)taken[i]); /* and no more than needed is lost */
        }
    }
    give(taken, count);
}

/* Or the tops of all stacks would share one set of the L1 cache. */
TEST(stack, neighbours_begin_on_different_cache_lines)
{
    struct stack *taken[16];
    bool seen[OS_PAGE / CACHE_LINE] = {false};
    STACKS(stacks, 16);
    size_t count = take(smallest(&stacks), taken, 16);

    for (size_t i = 0; i < count; i++) {
        size_t line = (uintptr_t)taken[i] % OS_PAGE / CACHE_LINE;
        CHECK(!seen[line]);
        seen[line] = true;
    }
    give(taken, count);
}

/* ---- reuse -------------------------------------------------------------------------------- */

TEST(stack, the_last_one_given_is_the_first_one_taken)
{
    struct stack *taken[3];
    STACKS(stacks, 3);
    size_t count = take(smallest(&stacks), taken, 3);

    for (size_t i = 0; i < count; i++)
        stack_give(taken[i]);
    for (size_t i = count; i-- > 0;)
        CHECK_PTR(stack_take(smallest(&stacks)), taken[i]);
    give(taken, count);
}

TEST(stack, one_that_is_kept_keeps_its_memory)
{
    STACKS(stacks, 1);
    struct stack *stack = stack_take(smallest(&stacks));

    if (!CHECK(stack))
        return;
    memset(stack->low + OS_PAGE, 7, OS_PAGE);
    size_t before = resident_pages(stack->low, STACK_SIZE_MIN - OS_PAGE);
    stack_give(stack);
    CHECK_EQ(resident_pages(stack->low, STACK_SIZE_MIN - OS_PAGE), before);
    stack = stack_take(smallest(&stacks));
    if (!CHECK(stack))
        return;
    CHECK_EQ(stack->low[OS_PAGE], 7);
    CHECK_EQ(stack->low[2 * OS_PAGE - 1], 7);
    stack_give(stack);
}

TEST(stack, beyond_those_kept_memory_goes_back_to_the_kernel)
{
    STACKS(stacks, 0);
    struct stack *stack = stack_take(smallest(&stacks));

    if (!CHECK(stack))
        return;
    char *low = stack->low;
    fill(stack, 7);
    CHECK_EQ(resident_pages(low, STACK_SIZE_MIN - OS_PAGE), 3);
    stack_give(stack);
    CHECK_EQ(resident_pages(low, STACK_SIZE_MIN - OS_PAGE), 0);
    CHECK_EQ(smallest(&stacks)->hot_count, 0);
    stack = stack_take(smallest(&stacks));
    if (!CHECK(stack))
        return;
    CHECK_PTR(stack->low, low); /* it is the same one */
    CHECK_EQ(filled(stack, 0), room(stack) - CANARY);
    stack_give(stack);
}

TEST(stack, so_many_are_kept_and_no_more)
{
    enum { COUNT = 16 }; /* a slab's worth */
    struct stack *taken[COUNT];
    char *low[COUNT];
    STACKS(stacks, 3);
    size_t count = take(smallest(&stacks), taken, COUNT);

    for (size_t i = 0; i < count; i++)
        low[i] = taken[i]->low;
    for (size_t i = 0; i < count; i++)
        stack_give(taken[i]);
    CHECK_EQ(smallest(&stacks)->hot_count, 3);
    for (size_t i = 0; i < count; i++)
        CHECK_EQ(resident_pages(low[i], STACK_SIZE_MIN - OS_PAGE) > 0, i < 3);
    /* All of them serve again before a new one does. */
    size_t again = take(smallest(&stacks), taken, count);
    for (size_t i = 0; i < again; i++) {
        bool known = false;
        for (size_t j = 0; j < count; j++)
            known |= taken[i]->low == low[j];
        CHECK(known);
    }
    give(taken, again);
}

TEST(stack, one_at_hand_needs_no_memory)
{
    enum { COUNT = 60 }; /* fresh ones of several slabs, then used ones, warm and cold */
    struct stack *taken[COUNT];
    STACKS(stacks, 5);

    if (check_walking())
        return; /* it sets faults of its own */
    CHECK(!stack_at_hand(smallest(&stacks)));
    for (int round = 0; round < 2; round++) {
        size_t count = 0;
        for (; count < COUNT; count++) {
            bool at_hand = stack_at_hand(smallest(&stacks));
            faults_fail(at_hand ? 1 : 0, NULL);
            taken[count] = stack_take(smallest(&stacks));
            size_t asked = faults_met();
            faults_end();
            CHECK_EQ(at_hand, asked == 0);
            if (!CHECK(taken[count]))
                break;
        }
        give(taken, count);
    }
}

/* ---- guards ------------------------------------------------------------------------------- */

static bool guard_faults(const struct stack *stack)
{
    return touch_faults(stack->low - 1) && touch_faults(stack->low - OS_PAGE);
}

static void expect_guard(coil_guard wanted, coil_guard expected)
{
    struct stack *taken[20]; /* two slabs: the second guarded by one call, where there is one */
    STACKS(stacks, 20);
    smallest(&stacks)->wanted = wanted;
    size_t count = take(smallest(&stacks), taken, 20);

    for (size_t i = 0; i < count; i += 19) {
        CHECK_EQ(guard_faults(taken[i]), expected != COIL_GUARD_CANARY);
        CHECK(!touch_faults(taken[i]->low));
    }
    if (count)
        CHECK_EQ(stacks_guard(&stacks), expected);
    give(taken, count);
}

TEST(stack, the_best_guard_that_the_kernel_has_is_taken)
{
    coil_guard best = kernel_has_guards() ? COIL_GUARD_PAGE : COIL_GUARD_MAPPED;

    expect_guard(COIL_GUARD_NONE, best);
    expect_guard(COIL_GUARD_PAGE, best);
}

TEST(stack, a_mapped_guard_can_be_asked_for)
{
    size_t before = os_guards_left();

    expect_guard(COIL_GUARD_MAPPED, COIL_GUARD_MAPPED);
    CHECK_EQ(os_guards_left(), before); /* given back with the memory */
}

TEST(stack, a_canary_can_be_asked_for)
{
    expect_guard(COIL_GUARD_CANARY, COIL_GUARD_CANARY);
}

/* The points that say no. */
static const char *refused[2];

static bool refuse(const char *point)
{
    for (size_t i = 0; i < array_length(refused); i++)
        if (refused[i] && strcmp(point, refused[i]) == 0)
            return true;
    return false;
}

TEST(stack, without_guard_pages_guards_are_mapped)
{
    if (check_walking())
        return; /* it sets faults of its own */
    refused[0] = "os_guard_pages", refused[1] = NULL;
    coil__fault_hook = refuse;
    expect_guard(COIL_GUARD_NONE, COIL_GUARD_MAPPED);
    coil__fault_hook = NULL;
}

TEST(stack, without_mapped_guards_either_a_canary_stands)
{
    if (check_walking())
        return; /* it sets faults of its own */
    refused[0] = "os_guard_pages", refused[1] = "os_guard_mapped";
    coil__fault_hook = refuse;
    expect_guard(COIL_GUARD_NONE, COIL_GUARD_CANARY);
    expect_guard(COIL_GUARD_MAPPED, COIL_GUARD_CANARY);
    coil__fault_hook = NULL;
}

TEST(stack, a_slab_that_is_guarded_in_part_has_canaries_and_gives_all_back)
{
    size_t before = os_guards_left();

    if (check_walking())
        return; /* it sets faults of its own */
    {
        STACKS(stacks, 1);
        smallest(&stacks)->wanted = COIL_GUARD_MAPPED;
        faults_fail(3, "os_guard_mapped");
        struct stack *stack = stack_take(smallest(&stacks));
        faults_end();
        CHECK_EQ(stacks_guard(&stacks), COIL_GUARD_CANARY);
        CHECK_EQ(before - os_guards_left(), 2);
        if (CHECK(stack))
            stack_give(stack);
    }
    CHECK_EQ(os_guards_left(), before);
}

TEST(stack, when_the_mappings_allowed_are_used_up_canaries_stand)
{
    void *page;
    size_t left = os_guards_left(), made = 0;

    if (check_walking() || !CHECK_EQ(os_reserve(OS_PAGE, &page), 0))
        return;
    while (made + 15 < left && os_guard_mapped(page) == 0)
        made++;
    CHECK_EQ(os_guards_left(), 15); /* a first slab needs 16 */
    expect_guard(COIL_GUARD_MAPPED, COIL_GUARD_CANARY);
    os_release(page, OS_PAGE);
    os_guard_mapped_gone(made);
    CHECK_EQ(os_guards_left(), left);
}

static size_t count_mappings(void)
{
    FILE *file = fopen("/proc/self/maps", "re");
    size_t lines = 0;

    for (int c; file && (c = fgetc(file)) != EOF;)
        lines += c == '\n';
    if (file)
        fclose(file);
    return lines;
}

TEST(stack, guard_pages_need_no_mappings)
{
    enum { COUNT = 2000 };
    static struct stack *taken[COUNT];

    if (!kernel_has_guards() || check_walking())
        return;
    STACKS(stacks, 0);
    size_t before = count_mappings();
    size_t count = take(smallest(&stacks), taken, COUNT);
    CHECK_EQ(stacks_guard(&stacks), COIL_GUARD_PAGE);
    /* Nine slabs, and what an allocator or a sanitizer needs; not two for each stack. */
    CHECK(count_mappings() <= before + 200);
    give(taken, count);
}

TEST(stack, the_weakest_guard_of_all_classes_is_told)
{
    STACKS(stacks, 1);
    CHECK_EQ(stacks_guard(&stacks), COIL_GUARD_NONE);
    stacks.pools[1].wanted = COIL_GUARD_CANARY;
    struct stack *strong = stack_take(&stacks.pools[0]);
    CHECK(stacks_guard(&stacks) != COIL_GUARD_CANARY || !kernel_has_guards());
    struct stack *weak = stack_take(&stacks.pools[1]);
    struct stack *other = stack_take(&stacks.pools[2]);
    CHECK_EQ(stacks_guard(&stacks), COIL_GUARD_CANARY);
    if (strong)
        stack_give(strong);
    if (weak)
        stack_give(weak);
    if (other)
        stack_give(other);
}

/* ---- the canary --------------------------------------------------------------------------- */

struct overflow {
    size_t rounds; /* as often the stack was used well before */
    size_t keep;
    size_t byte; /* which one above the low end is overwritten */
};

static void overflow_canary(void *argument)
{
    const struct overflow *how = argument;
    struct stacks stacks;

    stacks_init(&stacks, how->keep);
    smallest(&stacks)->wanted = COIL_GUARD_CANARY;
    for (size_t i = 0; i < how->rounds; i++)
        stack_give(stack_take(smallest(&stacks)));
    struct stack *stack = stack_take(smallest(&stacks));
    stack->low[how->byte] = 1;
    stack_give(stack);
}

TEST(stack, an_overwritten_canary_ends_the_program)
{
    DIES(overflow_canary, (&(struct overflow){0, 1, 0}));
    DIES(overflow_canary, (&(struct overflow){0, 1, 63}));
}

TEST(stack, a_canary_stands_again_after_reuse)
{
    DIES(overflow_canary, (&(struct overflow){2, 1, 5}));
    DIES(overflow_canary, (&(struct overflow){2, 0, 5})); /* its memory was given back */
}

TEST(stack, below_the_top_all_but_the_canary_is_usable)
{
    STACKS(stacks, 1);
    smallest(&stacks)->wanted = COIL_GUARD_CANARY;
    struct stack *stack = stack_take(smallest(&stacks));
    if (!CHECK(stack))
        return;
    fill(stack, 1);
    stack_give(stack);
}

/* ---- ends --------------------------------------------------------------------------------- */

static void take_without_memory(const char *point)
{
    STACKS(stacks, 1);
    faults_fail(1, point);
    CHECK_PTR(stack_take(smallest(&stacks)), NULL);
    faults_end();
    CHECK_EQ(smallest(&stacks)->in_use, 0);
    CHECK_EQ(stacks_guard(&stacks), COIL_GUARD_NONE);
    struct stack *stack = stack_take(smallest(&stacks));
    if (CHECK(stack))
        stack_give(stack);
}

TEST(stack, without_memory_there_is_none_and_later_there_is)
{
    if (check_walking())
        return; /* it sets faults of its own */
    take_without_memory("os_reserve");
}

static void end_with_one_in_use(void *argument)
{
    struct stacks stacks;

    (void)argument;
    stacks_init(&stacks, 1);
    stack_take(smallest(&stacks));
    stacks_fini(&stacks);
}

static void give_twice(void *argument)
{
    struct stacks stacks;

    (void)argument;
    stacks_init(&stacks, 1);
    struct stack *stack = stack_take(smallest(&stacks));
    stack_give(stack);
    stack_give(stack);
}

TEST(stack, an_end_with_a_stack_in_use_is_a_bug)
{
    DIES(end_with_one_in_use, NULL);
}

TEST(stack, giving_more_than_was_taken_is_a_bug)
{
    DIES(give_twice, NULL);
}
