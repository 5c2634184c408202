// SPDX-License-Identifier: MIT
/*
 * Fault points: places where the world may say no (memory, the kernel, threads). A test installs a
 * hook and makes each of them fail in turn; without a hook a point costs one load.
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include "base/macros.h"

#include <stdbool.h>

typedef bool (*fault_fn)(const char *point); /* true: fail here */

extern fault_fn coil__fault_hook;

static inline bool fault_here(const char *point)
{
    return unlikely(coil__fault_hook != NULL) && coil__fault_hook(point);
}

#endif
