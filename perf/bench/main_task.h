/* SPDX-License-Identifier: MIT */
#ifndef PERF_MAIN_TASK_H
#define PERF_MAIN_TASK_H

#include "bench.h"

#include <coil/coil.h>

/* Runs a coroutine, which gets `bench`, as the main task of a loop of its own, as programs do. The
 * pool keeps so many free stacks; 0: as many as it does unasked. */
void bench_main_task(struct bench *bench, coil_fn main_task, size_t stacks_kept);

#endif
