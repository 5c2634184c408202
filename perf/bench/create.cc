// SPDX-License-Identifier: MIT
// create_await: one task, or one thread, from its creation to its result. An item is one of them.
#include "bench.h"

#include <pthread.h>

static void *identity(void *argument)
{
    return argument;
}

static void *creating(void *argument)
{
    benchmark::State &state = *static_cast<benchmark::State *>(argument);

    for (auto _ : state) {
        coil_task *task = coil_create_task(identity, &state);
        void *result = nullptr;
        if (coil_await(task, &result) < 0 || result != &state)
            state.SkipWithError("a task failed");
        coil_unref(task);
    }
    return nullptr;
}

static void create_await(benchmark::State &state)
{
    bench_run(state, creating, &state);
    state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(create_await)->Name("create_await/coil");

static void create_join(benchmark::State &state)
{
    for (auto _ : state) {
        pthread_t thread;
        if (pthread_create(&thread, nullptr, identity, &state) != 0 ||
            pthread_join(thread, nullptr) != 0)
            state.SkipWithError("a thread failed");
    }
    state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(create_join)->Name("create_await/thread")->UseRealTime();
