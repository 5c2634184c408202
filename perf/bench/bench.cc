// SPDX-License-Identifier: MIT
// Google Benchmark below bench.h. Its own clocks know threads and walls, but neither a whole
// process nor what is set up inside, so time is taken here and handed over as manual time, a
// setting that the names do not show.
#include "bench.h"

#include <benchmark/benchmark.h>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

struct bench {
    const bench_row *row;
    benchmark::State *state;
    uint64_t items;
    int64_t cpu, wall;
};

static int64_t now(clockid_t clock)
{
    timespec time;

    clock_gettime(clock, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

uint64_t bench_items(const bench *bench)
{
    return bench->items;
}

void bench_begin(bench *bench)
{
    bench->cpu -= now(CLOCK_PROCESS_CPUTIME_ID);
    bench->wall -= now(CLOCK_MONOTONIC);
}

void bench_end(bench *bench)
{
    bench->wall += now(CLOCK_MONOTONIC);
    bench->cpu += now(CLOCK_PROCESS_CPUTIME_ID);
}

void bench_subtract(bench *bench, int64_t ns)
{
    bench->wall -= ns;
}

void bench_counter(bench *bench, const char *name, double value)
{
    bench->state->counters[name] = value;
}

bool bench_failed(bench *bench, int code)
{
    if (code < 0)
        bench->state->SkipWithError((std::string("code ") + std::to_string(code)).c_str());
    return code < 0;
}

static void measure(benchmark::State &state, const bench_row *row)
{
    const auto items = static_cast<int64_t>(state.max_iterations);
    bench bench = {row, &state, static_cast<uint64_t>(items), 0, 0};

    while (state.KeepRunningBatch(items)) {
        row->run(&bench);
        const int64_t taken = row->clock == BENCH_CPU ? bench.cpu : bench.wall;
        state.SetIterationTime(static_cast<double>(taken < 1 ? 1 : taken) / 1e9);
    }
    const int64_t other = row->clock == BENCH_CPU ? bench.wall : bench.cpu;
    state.counters[row->clock == BENCH_CPU ? "wall_ns" : "cpu_ns"] =
        static_cast<double>(other) / static_cast<double>(items);
}

void bench_add(const bench_row *row)
{
    benchmark::internal::Benchmark *added =
        benchmark::RegisterBenchmark(row->name, measure, row)->UseManualTime();

    if (row->clock == BENCH_SLEEP)
        added->Iterations(100);
    else if (row->clock == BENCH_ONCE)
        added->Iterations(1)->Unit(benchmark::kMillisecond);
}

namespace
{

// Reports rows by the names that they were added with.
class plain_names : public benchmark::BenchmarkReporter
{
  public:
    explicit plain_names(benchmark::BenchmarkReporter *below) : below_(below)
    {
    }
    bool ReportContext(const Context &context) override
    {
        return below_->ReportContext(context);
    }
    void ReportRuns(const std::vector<Run> &report) override
    {
        std::vector<Run> runs = report;
        for (Run &run : runs) {
            run.run_name.time_type.clear();
            run.run_name.iterations.clear();
        }
        below_->ReportRuns(runs);
    }
    void Finalize() override
    {
        below_->Finalize();
    }

  private:
    std::unique_ptr<benchmark::BenchmarkReporter> below_;
};

} // namespace

int main(int argc, char **argv)
{
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
        return 1;
    plain_names reporter(benchmark::CreateDefaultDisplayReporter());
    benchmark::RunSpecifiedBenchmarks(&reporter);
    benchmark::Shutdown();
    return 0;
}
