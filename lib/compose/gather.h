// SPDX-License-Identifier: MIT
#ifndef COMPOSE_GATHER_H
#define COMPOSE_GATHER_H

#include "task/sched.h"

#include <coil/compose.h>

/* coil_gather and coil_gather_futures on a given loop's scheduler. */
struct coil_future *gather_coroutines(struct sched *sched, const coil_coro *coroutines, size_t n,
                                      unsigned flags);
struct coil_future *gather_futures(struct sched *sched, coil_future *const *futures, size_t n,
                                   unsigned flags);

#endif
