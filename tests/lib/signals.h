// SPDX-License-Identifier: MIT
/* Dispositions of signals, back as they were at the end of the scope. */
#ifndef TESTS_SIGNALS_H
#define TESTS_SIGNALS_H

#include "check.h"

#include <signal.h>

struct disposition {
    int number;
    struct sigaction saved;
};

static inline struct disposition disposition_set(int number, void (*handler)(int))
{
    struct disposition disposition = {.number = number};
    const struct sigaction action = {.sa_handler = handler};

    CHECK_EQ(sigaction(number, &action, &disposition.saved), 0);
    return disposition;
}

static inline void disposition_restore(const struct disposition *disposition)
{
    CHECK_EQ(sigaction(disposition->number, &disposition->saved, NULL), 0);
}

/* Until the end of the scope the signal has this handler, SIG_DFL or SIG_IGN. */
#define DISPOSITION(name, number, handler)                                                         \
    __attribute__((cleanup(disposition_restore), unused)) struct disposition name =                \
        disposition_set(number, handler)

static inline bool disposition_is(int number, void (*handler)(int))
{
    struct sigaction now;

    return sigaction(number, NULL, &now) == 0 && now.sa_handler == handler;
}

#endif
