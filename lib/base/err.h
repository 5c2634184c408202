// SPDX-License-Identifier: MIT
/* Error-encoded pointers, inline: coil_is_err and coil_err for the library's own hot paths. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/macros.h"

#include <coil/base.h>

static inline bool err_is(const void *pointer)
{
    return unlikely((uintptr_t)pointer >= (uintptr_t)-COIL_ERROR_MAX);
}

/* 0 when it is none. */
static inline int err_code(const void *pointer)
{
    return err_is(pointer) ? (int)(intptr_t)pointer : 0;
}

#endif
