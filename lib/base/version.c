// SPDX-License-Identifier: MIT
#include <coil/base.h>

#define TEXT_OF(x) #x
#define TEXT(x)    TEXT_OF(x)

const char *coil_version(void)
{
    return TEXT(COIL_VERSION_MAJOR) "." TEXT(COIL_VERSION_MINOR) "." TEXT(COIL_VERSION_PATCH);
}
