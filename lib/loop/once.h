// SPDX-License-Identifier: MIT
/* The loop in a foreign loop: one turn at a time, and a descriptor that says when. */
#ifndef LOOP_ONCE_H
#define LOOP_ONCE_H

#include <coil/base.h>

/* Outside a turn somebody gave an exposed loop something to do. */
void once_rouse(coil_loop *loop);

#endif
