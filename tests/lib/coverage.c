// SPDX-License-Identifier: MIT
#include "coverage.h"

#include <stdnoreturn.h>

void __gcov_dump(void); /* the compiler's */

noreturn void __real__exit(int status);
noreturn void __wrap__exit(int status);
noreturn void __real_abort(void);
noreturn void __wrap_abort(void);

void __wrap__exit(int status)
{
    __gcov_dump();
    __real__exit(status);
}

void __wrap_abort(void)
{
    __gcov_dump();
    __real_abort();
}

/* Once it has returned, the signal comes again, with its default disposition. */
static void dump(int number)
{
    __gcov_dump();
    raise(number);
}

void coverage_ends_by(int number)
{
    const struct sigaction action = {.sa_handler = dump,
                                     .sa_flags = (int)(SA_ONSTACK | SA_RESETHAND)};

    sigaction(number, &action, NULL);
}
