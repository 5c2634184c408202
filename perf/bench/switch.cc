// SPDX-License-Identifier: MIT
// switch: from one context to another, in the settings of switch.h. An item is one switch.
#include "switch.h"

#include <benchmark/benchmark.h>
#include <string>

static const uint64_t BATCH = 100000;

static void measure(benchmark::State &state, switch_run_fn run, switch_setting setting)
{
    while (state.KeepRunningBatch(static_cast<int64_t>(BATCH)))
        if (run(setting, BATCH) == 0)
            state.SkipWithError("no memory");
    state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}

static bool add(const char *form, switch_run_fn run)
{
    static const char *const settings[] = {"same_site", "four_deep", "six_bodies"};

    for (int setting = 0; setting < SWITCH_SETTINGS; setting++) {
        std::string name = std::string("switch/") + form + "/" + settings[setting];
        benchmark::RegisterBenchmark(name.c_str(), measure, run,
                                     static_cast<switch_setting>(setting));
    }
    return true;
}

static const bool added = add("coil", switch_run_coil) && add("ucontext", switch_run_ucontext)
#if defined(__x86_64__)
                          && add("ret", switch_run_ret) && add("jmp", switch_run_jmp)
#endif
    ;
