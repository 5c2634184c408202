// SPDX-License-Identifier: MIT
#include "bench.h"

void bench_run(benchmark::State &state, coil_fn fn, void *argument)
{
    coil_sim *sim = coil_sim_new(nullptr);
    coil_loop_options options = {};

    options.size = sizeof(options);
    options.sim = sim;
    int rc = coil_run_with(fn, argument, nullptr, &options);
    if (rc < 0)
        state.SkipWithError(coil_strerror(rc));
    coil_sim_free(sim);
}

void bench_run_on_kernel(benchmark::State &state, coil_fn fn, void *argument)
{
    int rc = coil_run(fn, argument, nullptr);

    if (rc < 0)
        state.SkipWithError(coil_strerror(rc));
}
