// SPDX-License-Identifier: MIT
// timeout_scope: a scope that is entered and left in time; an item is a scope. gather: many tasks
// at once, from their creation to their results; an item is a task. gather_sleeps: 100,000 sleeps
// of 0.2 s in real time, on stacks that the pool holds; the floor is the 0.2 s.
#include "bench.h"

#include <vector>

static void *scoping(void *argument)
{
    benchmark::State &state = *static_cast<benchmark::State *>(argument);

    for (auto _ : state) {
        coil_timeout timeout = COIL_TIMEOUT_INIT;
        if (coil_timeout_enter(&timeout, COIL_SEC(1)) < 0 || coil_timeout_exit(&timeout, 0) < 0)
            state.SkipWithError("a scope failed");
    }
    return nullptr;
}

static void timeout_scope(benchmark::State &state)
{
    bench_run(state, scoping, &state);
    state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(timeout_scope)->Name("timeout_scope/coil");

static void *identity(void *argument)
{
    return argument;
}

static void gather_all(benchmark::State &state, const std::vector<coil_coro> &coroutines)
{
    coil_future *gather = coil_gather(coroutines.data(), coroutines.size(), 0);

    if (coil_await(gather, nullptr) < 0)
        state.SkipWithError("a gather failed");
    coil_unref(gather);
}

static void *gathering(void *argument)
{
    benchmark::State &state = *static_cast<benchmark::State *>(argument);
    const std::vector<coil_coro> coroutines(static_cast<size_t>(state.range(0)),
                                            coil_coro{identity, nullptr});

    for (auto _ : state)
        gather_all(state, coroutines);
    return nullptr;
}

static void gather(benchmark::State &state)
{
    bench_run(state, gathering, &state);
    state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * state.range(0));
}
BENCHMARK(gather)->Name("gather/coil")->Arg(100)->Arg(1000);

static const int sleepers = 100000;

static void *sleeping(void *)
{
    return COIL_ERR(coil_sleep(COIL_SEC(0.2)));
}

static void *gathering_sleeps(void *argument)
{
    benchmark::State &state = *static_cast<benchmark::State *>(argument);
    const std::vector<coil_coro> coroutines(sleepers, coil_coro{sleeping, nullptr});

    gather_all(state, coroutines); // the stacks are touched
    for (auto _ : state)
        gather_all(state, coroutines);
    return nullptr;
}

static void gather_sleeps(benchmark::State &state)
{
    coil_loop_options options = {};

    options.size = sizeof(options);
    options.stacks_kept = sleepers;
    int rc = coil_run_with(gathering_sleeps, &state, nullptr, &options);
    if (rc < 0)
        state.SkipWithError(coil_strerror(rc));
    state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * sleepers);
}
BENCHMARK(gather_sleeps)->Name("gather_sleeps/coil")->UseRealTime()->Unit(benchmark::kMillisecond);
