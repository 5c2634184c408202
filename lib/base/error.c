// SPDX-License-Identifier: MIT
#include "base/err.h"

#include <errno.h>
#include <string.h>

void *coil_err_ptr(int code)
{
    if (code > 0 || code < -COIL_ERROR_MAX)
        code = -EINVAL;
    return (void *)(intptr_t)code;
}

bool coil_is_err(const void *pointer)
{
    return err_is(pointer);
}

int coil_err(const void *pointer)
{
    return err_code(pointer);
}

#define OWN_TEXT(name, value, text)                                                                \
    case COIL_##name:                                                                              \
        return text;

const char *coil_strerror(int code)
{
    int positive = code < 0 && code >= -COIL_ERROR_MAX ? -code : code;

    switch (positive) {
        COIL_ERRORS(OWN_TEXT)
    case 0:
        return "success";
    default:
        break;
    }
    /* strerrordesc_np: static texts, no locale, no buffer, safe on every thread. */
    const char *text = strerrordesc_np(positive);
    return text ? text : "unknown error";
}
