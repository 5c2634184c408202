// SPDX-License-Identifier: MIT
#include "check.h"
#include "faults.h"
#include "touch.h"

#include "base/poison.h"
#include "os/features.h"
#include "os/os.h"

#include <errno.h>
#include <sys/mman.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

enum { BLOCK = 4 * OS_PAGE };

static char *reserve(size_t size)
{
    void *memory = NULL;

    PASS(os_reserve(size, &memory));
    return memory;
}

/* Asked beside os_guard_pages: whether this kernel has such guards. */
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

static bool resident(char *page)
{
    unsigned char bits = 0;
    return mincore(page, OS_PAGE, &bits) == 0 && (bits & 1);
}

/* ---- address space ------------------------------------------------------------------------ */

TEST(memory, a_reservation_is_zero_and_costs_only_what_is_touched)
{
    char *memory = reserve(16 * OS_PAGE);

    if (!memory)
        return;
    memory[5 * OS_PAGE + 1] = 1;
    for (int page = 0; page < 16; page++) {
        CHECK_EQ(resident(memory + page * OS_PAGE), page == 5);
    }
    CHECK_EQ(memory[5 * OS_PAGE], 0);
    CHECK_EQ(memory[16 * OS_PAGE - 1], 0);
    os_release(memory, 16 * OS_PAGE);
}

/* The flags of the mapping that holds `memory`, from /proc/self/smaps. */
static bool mapping_flag(const void *memory, const char *flag)
{
    FILE *file = fopen("/proc/self/smaps", "re");
    char line[512];
    bool here = false, found = false;
    unsigned long start, end;

    while (file && fgets(line, sizeof(line), file)) {
        if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
            here = start <= (uintptr_t)memory && (uintptr_t)memory < end;
        else if (here && strncmp(line, "VmFlags:", 8) == 0)
            found = strstr(line, flag) != NULL;
    }
    if (file)
        fclose(file);
    return found;
}

/* Or a single touch would make 2 MiB of stacks resident. */
TEST(memory, a_reservation_gets_no_huge_pages)
{
    char *memory = reserve(4 << 20);

    if (!memory)
        return;
    CHECK(mapping_flag(memory, " nh") || access("/sys/kernel/mm/transparent_hugepage", F_OK) < 0 ||
          madvise(memory, OS_PAGE, -1) == 0); /* qemu-user passes no advice on */
    os_release(memory, 4 << 20);
}

TEST(memory, a_reservation_that_cannot_be_is_an_error)
{
    void *memory;

    if (check_walking())
        return; /* it sets faults of its own */
    CHECK(os_reserve((size_t)1 << 60, &memory) < 0);
    faults_fail(1, "os_reserve");
    FAILS(os_reserve(OS_PAGE, &memory), -ENOMEM);
    faults_end();
}

TEST(memory, what_is_released_is_no_longer_mapped)
{
    char *memory = reserve(2 * OS_PAGE);
    unsigned char bits[2];

    if (!memory)
        return;
    CHECK_EQ(mincore(memory, 2 * OS_PAGE, bits), 0);
    os_release(memory, 2 * OS_PAGE);
    CHECK_EQ(mincore(memory, OS_PAGE, bits), -1);
    CHECK_EQ(mincore(memory + OS_PAGE, OS_PAGE, bits), -1);
}

#if WITH_ASAN
TEST(memory, what_is_released_is_not_forbidden_to_its_next_owner)
{
    char *memory = reserve(4 * OS_PAGE);

    if (!memory)
        return;
    poison_set(memory + OS_PAGE, OS_PAGE); /* as a frame on a stack that was abandoned does */
    os_release(memory, 4 * OS_PAGE);
    CHECK_PTR(__asan_region_is_poisoned(memory, 4 * OS_PAGE), NULL);
}
#endif

TEST(memory, discarded_pages_cost_nothing_and_read_as_zero)
{
    char *memory = reserve(3 * OS_PAGE);

    if (!memory)
        return;
    memset(memory, 7, 3 * OS_PAGE);
    os_discard(memory + OS_PAGE, OS_PAGE);
    CHECK(resident(memory));
    CHECK(!resident(memory + OS_PAGE));
    CHECK(resident(memory + 2 * OS_PAGE));
    CHECK_EQ(memory[OS_PAGE - 1], 7);
    CHECK_EQ(memory[OS_PAGE], 0);
    CHECK_EQ(memory[2 * OS_PAGE - 1], 0);
    CHECK_EQ(memory[2 * OS_PAGE], 7);
    os_release(memory, 3 * OS_PAGE);
}

/* ---- guards ------------------------------------------------------------------------------- */

/* Few are guarded one by one, many by one call: looks at the first, the last and one between. */
static void guard_and_touch(size_t count)
{
    char *memory = reserve(count * BLOCK);

    if (!memory)
        return;
    bool has_guards = kernel_has_guards();
    if (has_guards)
        PASS(os_guard_pages(memory, BLOCK, count));
    else
        FAILS(os_guard_pages(memory, BLOCK, count), -EINVAL);
    for (size_t i = 0; i < count && has_guards; i += (count + 1) / 2 - 1) {
        char *block = memory + i * BLOCK;
        CHECK(touch_faults(block));
        CHECK(touch_faults(block + OS_PAGE - 1));
        CHECK(!touch_faults(block + OS_PAGE));
        CHECK(!touch_faults(block + BLOCK - 1));
    }
    os_release(memory, count * BLOCK);
}

TEST(memory, a_few_guard_pages_fault_and_their_neighbours_do_not)
{
    guard_and_touch(5);
}

TEST(memory, many_guard_pages_fault_and_their_neighbours_do_not)
{
    guard_and_touch(513);
}

TEST(memory, every_block_of_many_has_its_guard)
{
    enum { COUNT = 1100 }; /* more than two calls' worth */
    char *memory = reserve(COUNT * BLOCK);
    int ends[2];

    if (!memory || !kernel_has_guards() || !CHECK_EQ(pipe(ends), 0))
        return;
    PASS(os_guard_pages(memory, BLOCK, COUNT));
    for (size_t i = 0; i < COUNT && !check_walking(); i++) {
        /* The kernel touches it for us: EFAULT, where we would get a signal. */
        CHECK_EQ(write(ends[1], memory + i * BLOCK, 1), -1);
        CHECK_EQ(write(ends[1], memory + i * BLOCK + OS_PAGE, 1), 1);
    }
    close(ends[0]);
    close(ends[1]);
    os_release(memory, COUNT * BLOCK);
}

TEST(memory, guards_stay_when_the_memory_around_is_discarded)
{
    char *memory = reserve(BLOCK);

    if (!memory || !kernel_has_guards())
        return;
    if (CHECK_EQ(os_guard_pages(memory, BLOCK, 1), 0)) {
        os_discard(memory, BLOCK);
        CHECK(touch_faults(memory));
        CHECK(!touch_faults(memory + OS_PAGE));
    }
    os_release(memory, BLOCK);
}

/* As mappings they would be twice as many as vm.max_map_count allows. */
TEST(memory, a_hundred_thousand_guards_need_no_mappings)
{
    enum { SLAB = 512, SLABS = 256 };
    static char *slabs[SLABS];

    if (!kernel_has_guards() || check_walking())
        return;
#if COIL_VALGRIND
    if (coil__on_valgrind)
        return; /* it takes minutes, and proves what the kernel does */
#endif
    for (size_t i = 0; i < SLABS; i++) {
        slabs[i] = reserve(SLAB * BLOCK);
        if (slabs[i])
            PASS(os_guard_pages(slabs[i], BLOCK, SLAB));
    }
    if (slabs[SLABS - 1])
        CHECK(touch_faults(slabs[SLABS - 1] + (SLAB - 1) * BLOCK));
    for (size_t i = 0; i < SLABS; i++)
        if (slabs[i])
            os_release(slabs[i], SLAB * BLOCK);
}

TEST(memory, guards_can_be_refused)
{
    char page;

    if (check_walking())
        return; /* it sets faults of its own */
    faults_fail(1, "os_guard_pages");
    FAILS(os_guard_pages(&page, OS_PAGE, 1), -EINVAL);
    faults_fail(1, "os_guard_mapped");
    FAILS(os_guard_mapped(&page), -ENOMEM);
    faults_end();
}

TEST(memory, a_mapped_guard_faults_and_its_neighbours_do_not)
{
    char *memory = reserve(3 * OS_PAGE);

    if (!memory)
        return;
    int rc = os_guard_mapped(memory + OS_PAGE);
    PASS(rc);
    if (rc == 0) {
        CHECK(!touch_faults(memory + OS_PAGE - 1));
        CHECK(touch_faults(memory + OS_PAGE));
        CHECK(touch_faults(memory + 2 * OS_PAGE - 1));
        CHECK(!touch_faults(memory + 2 * OS_PAGE));
    }
    os_release(memory, 3 * OS_PAGE);
    os_guard_mapped_gone(rc == 0 ? 1 : 0);
}

TEST(memory, mapped_guards_are_counted)
{
    char *memory = reserve(4 * OS_PAGE);
    size_t before = os_guards_left(), made = 0;

    if (!memory)
        return;
    for (int i = 0; i < 4; i += 2)
        if (CHECK_EQ(os_guard_mapped(memory + i * OS_PAGE), 0))
            made++;
    CHECK_EQ(before - os_guards_left(), made);
    os_release(memory, 4 * OS_PAGE);
    os_guard_mapped_gone(made);
    CHECK_EQ(os_guards_left(), before);
}

TEST(memory, mapped_guards_take_half_of_the_mappings_at_most)
{
    FILE *file = fopen("/proc/sys/vm/max_map_count", "re");
    unsigned long allowed = 0;

    if (!file)
        return;
    CHECK_EQ(fscanf(file, "%lu", &allowed), 1);
    fclose(file);
    CHECK_EQ(os_guards_left(), allowed / 4); /* two mappings each */
}

static void give_up_what_was_not_made(void *argument)
{
    (void)argument;
    os_guard_mapped_gone(1);
}

TEST(memory, giving_up_more_guards_than_were_made_is_a_bug)
{
    DIES(give_up_what_was_not_made, NULL);
}
