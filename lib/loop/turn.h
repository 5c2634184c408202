// SPDX-License-Identifier: MIT
/* The turn. */
#ifndef LOOP_TURN_H
#define LOOP_TURN_H

#include "loop/loop.h"

/*
 * One turn. `may_block`: wait when nothing is ready. 0, or what the engine says when it cannot go
 * on.
 */
int turn(coil_loop *loop, bool may_block);

#endif
