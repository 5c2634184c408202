// SPDX-License-Identifier: MIT
/* Numbers that look random and are the same in every run: xorshift64*. The seed is not 0. */
#ifndef TESTS_RANDOM_H
#define TESTS_RANDOM_H

#include <stdint.h>

struct random {
    uint64_t state;
};

/* From 0 to below - 1. */
static inline uint64_t random_below(struct random *random, uint64_t below)
{
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return (random->state * 2685821657736338717u >> 33) % below;
}

#endif
