// SPDX-License-Identifier: MIT
#include "check.h"

#include "base/fault.h"

static const char *asked;

static bool refuse_doors(const char *point)
{
    asked = point;
    return strcmp(point, "door") == 0;
}

TEST(fault, without_a_hook_nothing_fails)
{
    fault_fn before = coil__fault_hook;

    coil__fault_hook = NULL;
    CHECK(!fault_here("door"));
    coil__fault_hook = before;
}

TEST(fault, the_hook_is_asked_by_name_and_decides)
{
    fault_fn before = coil__fault_hook;

    coil__fault_hook = refuse_doors;
    CHECK(fault_here("door"));
    CHECK_STR(asked, "door");
    CHECK(!fault_here("window"));
    CHECK_STR(asked, "window");
    coil__fault_hook = before;
}
