// SPDX-License-Identifier: MIT
/*
 * State machines by table: row = the state left, bits = the states that may follow. Every change
 * of state goes through machine_move, so an impossible one ends the program where it happens.
 */
#ifndef BASE_MACHINE_H
#define BASE_MACHINE_H

#include "base/assert.h"

#include <stdint.h>

#define MACHINE_TO(state) ((uint8_t)(1u << (state)))

/* `table` has a row for each of at most 8 states. */
static inline void machine_move(uint8_t *state, unsigned to, const uint8_t *table)
{
    ASSERT(to < 8 && (table[*state] & MACHINE_TO(to)));
    *state = (uint8_t)to;
}

#endif
