// SPDX-License-Identifier: MIT
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

assert_context_fn coil__assert_context;

_Noreturn void coil__assert_failed(const char *what, const char *file, int line,
                                   const char *function)
{
    char context[96] = "";
    char text[512];

    if (coil__assert_context)
        coil__assert_context(context, sizeof(context));
    /* write(2), not stdio: the stack may be small and stdio's lock held. */
    int length = snprintf(text, sizeof(text), "coil: %s:%d: %s: assertion failed: %s%s%s\n", file,
                          line, function, what, context[0] ? ", in " : "", context);
    if (length > (int)sizeof(text) - 1)
        length = (int)sizeof(text) - 1;
    if (length > 0 && write(STDERR_FILENO, text, (size_t)length) < 0)
        abort();
    abort();
}
