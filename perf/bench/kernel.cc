// SPDX-License-Identifier: MIT
// What goes through the kernel's ring. nop: an operation that does nothing, alone or 64 at once; an
// item is one of them. cancel_recv: a receive that is cancelled once it waits. close: a dup(2) that
// is closed, beside so many receives that wait, each on a descriptor of its own. wake: from another
// thread, until the sleeper has run: seconds, mean and `median`; `call` is the median of how long
// the waker was in it.
#include "kernel.h"
#include "bench.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <sys/resource.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

static void fail(benchmark::State &state, int rc)
{
    if (rc < 0)
        state.SkipWithError(coil_strerror(rc));
}

// ---- nop

enum { ROUNDS = 1000 };

static void *nops(void *argument)
{
    for (int i = 0; i < ROUNDS; i++)
        if (kernel_nop() < 0)
            return COIL_ERR(-1);
    return argument;
}

static void *nop_tasks(void *argument)
{
    benchmark::State &state = *static_cast<benchmark::State *>(argument);
    const size_t count = static_cast<size_t>(state.range(0));
    coil_coro coroutines[64];

    for (coil_coro &coroutine : coroutines)
        coroutine = {nops, nullptr};
    while (state.KeepRunningBatch(static_cast<int64_t>(count) * ROUNDS)) {
        coil_future *all = coil_gather(coroutines, count, 0);
        fail(state, coil_await(all, nullptr));
        coil_unref(all);
    }
    return nullptr;
}

static void nop_coil(benchmark::State &state)
{
    bench_run_on_kernel(state, nop_tasks, &state);
    state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(nop_coil)->Name("nop/coil")->Arg(1)->Arg(64);

static void nop_floor(benchmark::State &state)
{
    const unsigned count = static_cast<unsigned>(state.range(0));
    floor_ring *floor = floor_ring_new();

    while (floor && state.KeepRunningBatch(count))
        fail(state, floor_nops(floor, count));
    if (!floor)
        state.SkipWithError("no ring");
    floor_ring_free(floor);
    state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(nop_floor)->Name("nop/floor")->Arg(1)->Arg(64);

// ---- cancel_recv

struct cancelling {
    benchmark::State *state;
    int fd;
};

static void *receives(void *argument)
{
    char byte;
    ssize_t n = coil_recv(static_cast<cancelling *>(argument)->fd, &byte, 1, 0);

    return n < 0 ? COIL_ERR(static_cast<int>(n)) : nullptr;
}

static void *cancels(void *argument)
{
    cancelling &cancelling = *static_cast<struct cancelling *>(argument);

    for (auto _ : *cancelling.state) {
        coil_task *task = coil_create_task(receives, argument);
        // It is submitted, then the kernel has it.
        if (coil_yield_now() < 0 || kernel_nop() < 0)
            return COIL_ERR(-1);
        coil_cancel(task);
        if (coil_await(task, nullptr) != -ECANCELED)
            cancelling.state->SkipWithError("it was not cancelled");
        coil_unref(task);
    }
    return nullptr;
}

static void cancel_recv(benchmark::State &state, bool coil)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) {
        state.SkipWithError("no sockets");
        return;
    }
    cancelling cancelling = {&state, ends[0]};
    floor_ring *floor = coil ? nullptr : floor_ring_new();
    if (coil)
        bench_run_on_kernel(state, cancels, &cancelling);
    else if (floor)
        for (auto _ : state)
            fail(state, floor_cancel_recv(floor, ends[0]));
    else
        state.SkipWithError("no ring");
    floor_ring_free(floor);
    close(ends[0]);
    close(ends[1]);
    state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK_CAPTURE(cancel_recv, coil, true);
BENCHMARK_CAPTURE(cancel_recv, floor, false);

// ---- close

static int open_many()
{
    rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return -errno;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? -errno : 0;
}

static void close_dups(benchmark::State &state, int fd, floor_ring *floor)
{
    for (auto _ : state) {
        int copy = dup(fd);
        fail(state, copy < 0 ? -errno : floor ? floor_close(floor, copy) : coil_close_fd(copy));
    }
}

static void *closes(void *argument)
{
    const cancelling &closing = *static_cast<cancelling *>(argument);
    std::vector<cancelling> idle(static_cast<size_t>(closing.state->range(0)), closing);
    std::vector<coil_task *> tasks;

    for (cancelling &receiver : idle) {
        receiver.fd = dup(closing.fd);
        fail(*closing.state, receiver.fd < 0 ? -errno : 0);
        tasks.push_back(coil_create_task(receives, &receiver));
    }
    // They are submitted, then the kernel has them.
    if (coil_yield_now() < 0 || kernel_nop() < 0)
        return COIL_ERR(-1);
    close_dups(*closing.state, closing.fd, nullptr);
    for (cancelling &receiver : idle)
        fail(*closing.state, coil_close_fd(receiver.fd));
    for (coil_task *task : tasks) {
        if (coil_await(task, nullptr) != -COIL_ECLOSED)
            closing.state->SkipWithError("it was not closed");
        coil_unref(task);
    }
    return nullptr;
}

static void close_beside(benchmark::State &state, bool coil)
{
    int ends[2];
    fail(state, open_many());
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) {
        state.SkipWithError("no sockets");
        return;
    }
    cancelling closing = {&state, ends[0]};
    floor_ring *floor = coil ? nullptr : floor_ring_new();
    if (coil)
        bench_run_on_kernel(state, closes, &closing);
    else if (floor)
        close_dups(state, ends[0], floor);
    else
        state.SkipWithError("no ring");
    floor_ring_free(floor);
    close(ends[0]);
    close(ends[1]);
    state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK_CAPTURE(close_beside, coil, true)->Name("close/coil")->Arg(0)->Arg(1000)->Arg(10000);
BENCHMARK_CAPTURE(close_beside, floor, false)->Name("close/floor");

// ---- wake

enum { WAKES = 2000 };

static int64_t now()
{
    return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

static void awake(void *count)
{
    static_cast<std::atomic<int> *>(count)->fetch_add(1);
}

static int awake_callback(void *count)
{
    awake(count);
    return 0;
}

static double median(std::vector<int64_t> &values)
{
    std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
    return static_cast<double>(values[values.size() / 2]) / 1e9;
}

// Wakes the sleeper again and again, each time when it has had time to fall asleep.
template <class Wake>
static void wake_often(benchmark::State &state, std::atomic<int> &count, Wake wake)
{
    std::vector<int64_t> calls, wakes;
    const int before = count.load();

    for (auto _ : state) {
        int64_t start = now();
        while (now() - start < 50000) {
        }
        start = now();
        fail(state, wake());
        calls.push_back(now() - start);
        while (count.load() - before <= static_cast<int>(wakes.size())) {
        }
        wakes.push_back(now() - start);
        state.SetIterationTime(static_cast<double>(wakes.back()) / 1e9);
    }
    state.counters["median"] = median(wakes);
    state.counters["call"] = median(calls);
}

static int stop(void *loop)
{
    coil_stop(static_cast<coil_loop *>(loop));
    return 0;
}

// A loop belongs to the thread that runs it.
static void sleep_in_loop(benchmark::State &state, std::atomic<coil_loop *> &place)
{
    coil_loop *loop = coil_loop_new(nullptr);

    place = loop;
    if (coil_err(loop) < 0)
        return;
    fail(state, coil_run_forever(loop));
    fail(state, coil_loop_free(loop));
}

static void wake_coil(benchmark::State &state)
{
    std::atomic<int> count{0};
    std::atomic<coil_loop *> loop{nullptr};
    std::thread sleeper([&] { sleep_in_loop(state, loop); });

    while (!loop.load()) {
    }
    if (coil_err(loop) < 0) {
        fail(state, coil_err(loop));
    } else {
        wake_often(state, count, [&] {
            return coil_handle_error(coil_call_soon_threadsafe(loop, awake_callback, &count));
        });
        fail(state, coil_handle_error(coil_call_soon_threadsafe(loop, stop, loop)));
    }
    sleeper.join();
}
BENCHMARK(wake_coil)->Name("wake/coil")->UseManualTime()->Iterations(WAKES);

static void wake_floor(benchmark::State &state, enum floor_wake how)
{
    std::atomic<int> count{0};
    floor_ring *floor = floor_ring_new(), *own = floor_ring_new();

    if (floor && own) {
        std::thread sleeper([=, &count] { floor_sleep(floor, how, awake, &count, WAKES); });
        while (!count.load()) {
        }
        wake_often(state, count, [=] { return floor_wake(floor, how, own); });
        sleeper.join();
    } else {
        state.SkipWithError("no ring");
    }
    floor_ring_free(floor);
    floor_ring_free(own);
}
BENCHMARK_CAPTURE(wake_floor, eventfd, WAKE_EVENTFD)->UseManualTime()->Iterations(WAKES);
BENCHMARK_CAPTURE(wake_floor, msg_ring, WAKE_MSG_RING)->UseManualTime()->Iterations(WAKES);
BENCHMARK_CAPTURE(wake_floor, msg_ring_sync, WAKE_MSG_RING_SYNC)
    ->UseManualTime()
    ->Iterations(WAKES);
