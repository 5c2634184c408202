// SPDX-License-Identifier: MIT
// yield: two tasks that run the same body take turns. An item is one switch from one to the other.
#include "bench.h"

enum { ROUNDS = 10000 }; // enough to make the creation of two tasks vanish

static void *yielding(void *argument)
{
    for (int i = 0; i < ROUNDS; i++)
        if (coil_yield_now() < 0)
            return COIL_ERR(-1);
    return argument;
}

static void *main_task(void *argument)
{
    benchmark::State &state = *static_cast<benchmark::State *>(argument);

    while (state.KeepRunningBatch(2 * ROUNDS)) {
        coil_task *tasks[] = {coil_create_task(yielding, nullptr),
                              coil_create_task(yielding, nullptr)};
        for (coil_task *task : tasks) {
            if (coil_await(task, nullptr) < 0)
                state.SkipWithError("a task failed");
            coil_unref(task);
        }
    }
    return nullptr;
}

static void yield(benchmark::State &state)
{
    bench_run(state, main_task, &state);
    state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(yield)->Name("yield/coil");
