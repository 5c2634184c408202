// SPDX-License-Identifier: MIT
#include "check.h"

#include "base/poison.h"

#include <stdlib.h>

/* Whether a tool would report who touches this byte. */
static bool forbidden(char *byte)
{
#if WITH_ASAN
    return __asan_address_is_poisoned(byte);
#elif COIL_VALGRIND
    if (!coil__on_valgrind)
        return false;
    VALGRIND_DISABLE_ERROR_REPORTING; /* we ask, nobody touches it */
    bool addressable = VALGRIND_CHECK_MEM_IS_ADDRESSABLE(byte, 1) == 0;
    VALGRIND_ENABLE_ERROR_REPORTING;
    return !addressable;
#else
    (void)byte;
    return false;
#endif
}

static bool reported(void)
{
#if WITH_ASAN
    return true;
#elif COIL_VALGRIND
    return coil__on_valgrind;
#else
    return false;
#endif
}

TEST(poison, memory_that_is_set_is_forbidden_and_no_more)
{
    char *memory = malloc(64);

    if (!CHECK(memory))
        return;
    poison_set(memory + 16, 32);
    CHECK(!forbidden(memory + 15));
    CHECK_EQ(forbidden(memory + 16), reported());
    CHECK_EQ(forbidden(memory + 47), reported());
    CHECK(!forbidden(memory + 48));
    poison_clear(memory + 16, 32);
    CHECK(!forbidden(memory + 16));
    CHECK(!forbidden(memory + 47));
    free(memory);
}

TEST(poison, defined_memory_may_be_read_as_it_was)
{
    char *memory = malloc(64);

    if (!CHECK(memory))
        return;
    memset(memory, 7, 64);
    poison_set(memory, 64);
    poison_defined(memory, 64);
    for (int i = 0; i < 64; i++)
        CHECK_EQ(memory[i], 7);
    free(memory);
}
