// SPDX-License-Identifier: MIT
// Boost.Fiber, with the scheduler that it has unless told otherwise, and a generator of
// Boost.Context. What an item is stands in perf/bench/, in the file of the primitive.
#include "../../bench/bench.h"

#include <boost/context/fiber.hpp>
#include <boost/fiber/all.hpp>
#include <chrono>
#include <cstddef>
#include <vector>

namespace fibers = boost::fibers;

static const std::size_t STACK = 64 << 10; // as coil's

template <class Body> static fibers::fiber launch(fibers::pooled_fixedsize_stack &stacks, Body body)
{
    return fibers::fiber(fibers::launch::post, std::allocator_arg, stacks, body);
}

static void yield_boost(bench *bench)
{
    const uint64_t rounds = (bench_items(bench) + 1) / 2;
    fibers::pooled_fixedsize_stack stacks(STACK);
    const auto body = [=] {
        for (uint64_t i = 0; i < rounds; i++)
            boost::this_fiber::yield();
    };

    bench_begin(bench);
    fibers::fiber one = launch(stacks, body), other = launch(stacks, body);
    one.join();
    other.join();
    bench_end(bench);
}
BENCH("yield/boost", yield_boost, BENCH_CPU)

static void create_boost(bench *bench)
{
    const uint64_t items = bench_items(bench);
    fibers::pooled_fixedsize_stack stacks(STACK);

    bench_begin(bench);
    for (uint64_t i = 0; i < items; i++)
        launch(stacks, [] {}).join();
    bench_end(bench);
}
BENCH("create_await/boost", create_boost, BENCH_CPU)

template <class Body>
static void launch_many(fibers::pooled_fixedsize_stack &stacks, std::size_t n, Body body)
{
    std::vector<fibers::fiber> all;

    all.reserve(n);
    for (std::size_t i = 0; i < n; i++)
        all.push_back(launch(stacks, body));
    for (fibers::fiber &fiber : all)
        fiber.join();
}

static void gather_boost(bench *bench)
{
    const uint64_t items = bench_items(bench), fan = 1000;
    fibers::pooled_fixedsize_stack stacks(STACK);

    bench_begin(bench);
    for (uint64_t done = 0; done < items; done += fan)
        launch_many(stacks, items - done < fan ? items - done : fan, [] {});
    bench_end(bench);
}
BENCH("gather_1000/boost", gather_boost, BENCH_CPU)

static void sleep_boost(bench *bench)
{
    const uint64_t items = bench_items(bench);

    bench_begin(bench);
    for (uint64_t i = 0; i < items; i++)
        boost::this_fiber::sleep_for(std::chrono::milliseconds(1));
    bench_end(bench);
    bench_subtract(bench, static_cast<int64_t>(items) * 1000000);
}
BENCH("sleep/boost", sleep_boost, BENCH_SLEEP)

static void many_sleeps(fibers::pooled_fixedsize_stack &stacks, std::chrono::milliseconds duration)
{
    launch_many(stacks, 100000, [=] { boost::this_fiber::sleep_for(duration); });
}

static void cold_boost(bench *bench)
{
    fibers::pooled_fixedsize_stack stacks(STACK);

    bench_begin(bench);
    many_sleeps(stacks, std::chrono::milliseconds(200));
    bench_end(bench);
}
BENCH("sleep_100k_cold/boost", cold_boost, BENCH_ONCE)

static void warm_boost(bench *bench)
{
    fibers::pooled_fixedsize_stack stacks(STACK);

    many_sleeps(stacks, std::chrono::milliseconds(1));
    bench_begin(bench);
    many_sleeps(stacks, std::chrono::milliseconds(200));
    bench_end(bench);
}
BENCH("sleep_100k_warm/boost", warm_boost, BENCH_ONCE)

static void lock_boost(bench *bench)
{
    const uint64_t items = bench_items(bench);
    fibers::mutex lock;

    bench_begin(bench);
    for (uint64_t i = 0; i < items; i++) {
        lock.lock();
        lock.unlock();
    }
    bench_end(bench);
}
BENCH("lock/boost", lock_boost, BENCH_CPU)

// ---- two that play ping-pong: a place has leave() and fetch()

namespace
{

struct by_condition {
    fibers::mutex mutex;
    fibers::condition_variable condition;
    bool set = false;

    void leave()
    {
        {
            std::unique_lock<fibers::mutex> locked(mutex);
            set = true;
        }
        condition.notify_one();
    }
    void fetch()
    {
        std::unique_lock<fibers::mutex> locked(mutex);
        condition.wait(locked, [this] { return set; });
        set = false;
    }
};

struct by_buffered_channel {
    fibers::buffered_channel<void *> channel{16};

    void leave()
    {
        channel.push(this);
    }
    void fetch()
    {
        void *value;
        channel.pop(value);
    }
};

struct by_unbuffered_channel {
    fibers::unbuffered_channel<void *> channel;

    void leave()
    {
        channel.push(this);
    }
    void fetch()
    {
        void *value;
        channel.pop(value);
    }
};

} // namespace

template <class Place> static void pingpong(bench *bench)
{
    const uint64_t items = bench_items(bench);
    fibers::pooled_fixedsize_stack stacks(STACK);
    Place ping, pong;
    fibers::fiber partner = launch(stacks, [&, items] {
        for (uint64_t i = 0; i < items; i++) {
            ping.fetch();
            pong.leave();
        }
    });

    bench_begin(bench);
    for (uint64_t i = 0; i < items; i++) {
        ping.leave();
        pong.fetch();
    }
    bench_end(bench);
    partner.join();
}

static void event_boost(bench *bench)
{
    pingpong<by_condition>(bench);
}
BENCH("event/boost", event_boost, BENCH_CPU)

static void queue_boost(bench *bench)
{
    pingpong<by_buffered_channel>(bench);
}
BENCH("queue_pingpong/boost", queue_boost, BENCH_CPU)

static void channel_boost(bench *bench)
{
    pingpong<by_unbuffered_channel>(bench);
}
BENCH("channel/boost", channel_boost, BENCH_CPU)

static void generator_boost(bench *bench)
{
    namespace context = boost::context;
    const uint64_t items = bench_items(bench);
    uint64_t value = 0;
    context::fiber generator(std::allocator_arg, context::fixedsize_stack(STACK),
                             [&](context::fiber &&caller) {
                                 for (uint64_t i = 0;; i++) {
                                     value = i;
                                     caller = std::move(caller).resume();
                                 }
                                 return std::move(caller);
                             });

    bench_begin(bench);
    for (uint64_t i = 0; i < items; i++)
        generator = std::move(generator).resume();
    bench_end(bench);
}
BENCH("generator/boost", generator_boost, BENCH_CPU)
