// SPDX-License-Identifier: MIT
// timer_arm_cancel: arms a timer at a random deadline beside a million others and cancels one; an
// item is one of each. `same` cancels the timer that was armed last, as a wait does that ends in
// time; `other` cancels the one that was armed 64 before it; `random` any of the million.
#include "bench.h"

#include <random>
#include <vector>

enum { OTHERS = 1000000, LATER = 64 };

static int nothing(void *)
{
    return 0;
}

struct timers {
    coil_sim *sim;
    coil_loop *loop;
    std::mt19937_64 random;
    std::vector<coil_handle> handles;
    std::vector<uint64_t> numbers; // drawn beforehand: the generator is not what is measured
    size_t next;

    explicit timers(size_t count)
        : sim(coil_sim_new(nullptr)), loop(nullptr), random(1), handles(count), numbers(1 << 20),
          next(0)
    {
        coil_loop_options options = {};
        options.size = sizeof(options);
        options.sim = sim;
        loop = coil_loop_new(&options);
        for (uint64_t &number : numbers)
            number = random();
        for (coil_handle &handle : handles)
            handle = arm();
    }
    ~timers()
    {
        coil_loop_free(loop);
        coil_sim_free(sim);
    }
    uint64_t draw()
    {
        return numbers[next++ % numbers.size()];
    }
    coil_handle arm()
    {
        // Within a minute from the second minute on.
        coil_time when = COIL_SEC(60) + static_cast<coil_time>(draw() % UINT64_C(60000000000));
        return coil_call_at(loop, when, nothing, nullptr);
    }
};

static void same(benchmark::State &state)
{
    timers all(OTHERS);

    for (auto _ : state)
        if (!coil_handle_cancel(all.loop, all.arm()))
            state.SkipWithError("a timer was lost");
    state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(same)->Name("timer_arm_cancel_1M/coil/same");

static void other(benchmark::State &state)
{
    timers all(OTHERS);
    coil_handle recent[LATER];
    size_t place = 0;

    for (coil_handle &handle : recent)
        handle = all.arm();
    for (auto _ : state) {
        coil_handle &handle = recent[place++ % LATER];
        if (!coil_handle_cancel(all.loop, handle))
            state.SkipWithError("a timer was lost");
        handle = all.arm();
    }
    state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(other)->Name("timer_arm_cancel_1M/coil/other");

static void random_order(benchmark::State &state)
{
    timers all(OTHERS);

    for (auto _ : state) {
        coil_handle &handle = all.handles[all.draw() % OTHERS];
        if (!coil_handle_cancel(all.loop, handle))
            state.SkipWithError("a timer was lost");
        handle = all.arm();
    }
    state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(random_order)->Name("timer_arm_cancel_1M/coil/random");
