// SPDX-License-Identifier: MIT
/* How many pages this machine lets a mode fetch at once. */
#ifndef CRAWL_LIMITS_H
#define CRAWL_LIMITS_H

#include "options.h"

/* Raises the soft limit of descriptors to the hard one: a program may. */
void limits_raise(void);

/* What bounds a mode: so many workers at most, and why. */
struct limit {
    size_t most;
    const char *why;
};

struct limit limits_of(const struct options *options, enum mode mode);

#endif
