// SPDX-License-Identifier: MIT
#include "tls/error.h"

#include <coil/base.h>

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>

static int code_of(unsigned long error)
{
    if (ERR_SYSTEM_ERROR(error))
        return -ERR_GET_REASON(error);
    return ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE ? -ENOMEM : -COIL_ETLS;
}

int tls_queued_error(char *words, size_t size)
{
    unsigned long error = ERR_get_error(), next;

    /* The last says most, but for those that only name the library below. */
    while ((next = ERR_get_error()))
        if (!ERR_SYSTEM_ERROR(error) && !ERR_COMMON_ERROR(next))
            error = next;
    const int code = code_of(error);
    const char *reason = ERR_reason_error_string(error);

    if (size)
        snprintf(words, size, "%s", reason ? reason : coil_strerror(code));
    return code;
}
