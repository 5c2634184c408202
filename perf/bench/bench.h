// SPDX-License-Identifier: MIT
// What every benchmark is written with.
#ifndef PERF_BENCH_H
#define PERF_BENCH_H

#include <benchmark/benchmark.h>
#include <coil/coil.h>

// Runs a coroutine on a loop of its own; a failure becomes the benchmark's. The simulated engine
// keeps the kernel out of what is measured.
void bench_run(benchmark::State &state, coil_fn fn, void *argument);
void bench_run_on_kernel(benchmark::State &state, coil_fn fn, void *argument);

#endif
