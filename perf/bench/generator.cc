// SPDX-License-Identifier: MIT
// generator_*: a generator is resumed and yields. An item is one resume with its yield: two
// switches.
#include "generator.h"

#include <benchmark/benchmark.h>

static void resume(benchmark::State &state)
{
    coil_gen *gen = coil_gen_primed(generator_bodies[0], nullptr);
    int rc = 0;

    for (auto _ : state)
        rc |= coil_gen_next(gen, nullptr);
    if (rc != 0)
        state.SkipWithError("the generator ended");
    coil_gen_free(gen);
    state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(resume)->Name("generator_resume/coil");

static void mixed(benchmark::State &state, const coil_fn *bodies)
{
    coil_gen *gens[GENERATOR_BODIES];
    int rc = 0;

    for (int i = 0; i < GENERATOR_BODIES; i++)
        gens[i] = coil_gen_primed(bodies[i], nullptr);
    while (state.KeepRunningBatch(GENERATOR_BODIES))
        for (coil_gen *gen : gens)
            rc |= coil_gen_next(gen, nullptr);
    if (rc != 0)
        state.SkipWithError("a generator ended");
    for (coil_gen *gen : gens)
        coil_gen_free(gen);
    state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK_CAPTURE(mixed, flat, generator_flat_bodies)
    ->Name("generator_resume/coil/six_flat_bodies");
BENCHMARK_CAPTURE(mixed, deep, generator_bodies)->Name("generator_resume/coil/six_bodies");

static void ucontext(benchmark::State &state)
{
    generator_ucontext *generator = generator_ucontext_new();

    if (!generator) {
        state.SkipWithError("no memory");
        return;
    }
    for (auto _ : state)
        benchmark::DoNotOptimize(generator_ucontext_next(generator));
    generator_ucontext_free(generator);
    state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(ucontext)->Name("generator_resume/ucontext");

static void machine(benchmark::State &state)
{
    generator_machine machine = {};

    for (auto _ : state)
        benchmark::DoNotOptimize(generator_machine_next(&machine));
    state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(machine)->Name("generator_resume/by_hand");

static void yield_from(benchmark::State &state, int levels)
{
    generator_level top = {levels - 1};
    coil_gen *gen = coil_gen_primed(generator_delegate, &top);
    int rc = 0;

    for (auto _ : state)
        rc |= coil_gen_send(gen, &top, nullptr);
    if (rc != 0)
        state.SkipWithError("the generator ended");
    coil_gen_free(gen);
    state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK_CAPTURE(yield_from, 1, 1)->Name("generator_yield_from_1/coil");
BENCHMARK_CAPTURE(yield_from, 1000, 1000)->Name("generator_yield_from_1000/coil");

static void *two(void *argument)
{
    int rc = coil_yield(argument, nullptr);
    return COIL_ERR(rc < 0 ? rc : 0);
}

static void create(benchmark::State &state)
{
    for (auto _ : state) {
        coil_gen *gen = coil_gen_new(two, &state);
        while (coil_gen_next(gen, nullptr) == 0) {
        }
        coil_gen_free(gen);
    }
    state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(create)->Name("generator_create_run_free/coil");
