// SPDX-License-Identifier: MIT
/* The turn. */
#ifndef LOOP_TURN_H
#define LOOP_TURN_H

#include "loop/loop.h"

/*
 * One turn. When nothing is ready it waits, until a point of the clock at most; 0: it does not
 * wait. 0, or what the engine says when it cannot go on, or -COIL_EINTERRUPTED.
 */
int turn(coil_loop *loop, int64_t until);

/* Whether a turn would only run what is ready: nothing to submit, nothing came, nothing is due. */
bool turn_is_idle(coil_loop *loop);

#endif
