// SPDX-License-Identifier: MIT
/* How the programs of this folder end when the system says no. */
#ifndef ECHO_FAIL_H
#define ECHO_FAIL_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn static inline void fail(const char *what, int code)
{
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(code));
    exit(1);
}

#endif
