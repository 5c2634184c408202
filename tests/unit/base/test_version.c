// SPDX-License-Identifier: MIT
#include "check.h"

TEST(version, is_that_of_the_header)
{
    char text[32];

    snprintf(text, sizeof(text), "%d.%d.%d", COIL_VERSION_MAJOR, COIL_VERSION_MINOR,
             COIL_VERSION_PATCH);
    CHECK_STR(coil_version(), text);
}
