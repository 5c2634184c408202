// SPDX-License-Identifier: MIT
// What tasks, and threads, wait for each other with. lock: an item is one acquire and release that
// nobody contests. event, queue_pingpong, channel: two of them play ping-pong, an item is a round
// trip; for threads with a mutex and a condition variable.
#include "bench.h"

#include <cerrno>
#include <pthread.h>

enum { ROUNDS = 10000 }; // enough to make the creation of a partner vanish

static void failed(benchmark::State &state)
{
    state.SkipWithError("a call failed");
}

/* ---- lock ----------------------------------------------------------------------------------- */

static void *locking(void *argument)
{
    benchmark::State &state = *static_cast<benchmark::State *>(argument);
    coil_lock lock = COIL_LOCK_INIT;

    for (auto _ : state) {
        if (coil_lock_acquire(&lock) < 0)
            failed(state);
        benchmark::DoNotOptimize(lock);
        coil_lock_release(&lock);
    }
    return nullptr;
}

static void lock(benchmark::State &state)
{
    bench_run(state, locking, &state);
    state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(lock)->Name("lock/coil");

static void mutex(benchmark::State &state)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

    for (auto _ : state) {
        pthread_mutex_lock(&mutex);
        benchmark::DoNotOptimize(mutex);
        pthread_mutex_unlock(&mutex);
    }
    state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(mutex)->Name("lock/thread");

/* ---- ping-pong between tasks ---------------------------------------------------------------- */

// A place where something is left for the other: leave() and fetch() give a code.
struct by_event {
    coil_event event = COIL_EVENT_INIT;

    int leave()
    {
        return coil_event_set(&event);
    }
    int fetch()
    {
        int rc = coil_event_wait(&event);
        coil_event_clear(&event);
        return rc;
    }
};

struct by_queue {
    coil_queue queue = COIL_QUEUE_INIT(0);

    ~by_queue()
    {
        coil_queue_fini(&queue);
    }
    int leave()
    {
        return coil_queue_put(&queue, this);
    }
    int fetch()
    {
        void *item;
        return coil_queue_get(&queue, &item);
    }
};

struct by_channel {
    coil_channel channel = COIL_CHANNEL_INIT;

    int leave()
    {
        return coil_channel_send(&channel, this);
    }
    int fetch()
    {
        void *value;
        return coil_channel_recv(&channel, &value);
    }
};

template <typename Place> struct table {
    Place ping, pong;
};

template <typename Place> static void *answering(void *argument)
{
    table<Place> &places = *static_cast<table<Place> *>(argument);

    for (int i = 0; i < ROUNDS; i++)
        if (places.ping.fetch() < 0 || places.pong.leave() < 0)
            return COIL_ERR(-EIO);
    return nullptr;
}

template <typename Place> static void *asking(void *argument)
{
    benchmark::State &state = *static_cast<benchmark::State *>(argument);
    table<Place> places;

    while (state.KeepRunningBatch(ROUNDS)) {
        coil_task *partner = coil_create_task(answering<Place>, &places);
        for (int i = 0; i < ROUNDS; i++)
            if (places.ping.leave() < 0 || places.pong.fetch() < 0)
                failed(state);
        if (coil_await(partner, nullptr) < 0)
            failed(state);
        coil_unref(partner);
    }
    return nullptr;
}

template <typename Place> static void pingpong(benchmark::State &state)
{
    bench_run(state, asking<Place>, &state);
    state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(pingpong<by_event>)->Name("event/coil");
BENCHMARK(pingpong<by_queue>)->Name("queue_pingpong/coil");
BENCHMARK(pingpong<by_channel>)->Name("channel/coil");

/* ---- ping-pong between threads -------------------------------------------------------------- */

struct by_condition {
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    bool there = false;

    void leave()
    {
        pthread_mutex_lock(&mutex);
        there = true;
        pthread_cond_signal(&condition);
        pthread_mutex_unlock(&mutex);
    }
    void fetch()
    {
        pthread_mutex_lock(&mutex);
        while (!there)
            pthread_cond_wait(&condition, &mutex);
        there = false;
        pthread_mutex_unlock(&mutex);
    }
};

static void *answering_thread(void *argument)
{
    table<by_condition> &places = *static_cast<table<by_condition> *>(argument);

    for (int i = 0; i < ROUNDS; i++) {
        places.ping.fetch();
        places.pong.leave();
    }
    return nullptr;
}

static void pingpong_threads(benchmark::State &state)
{
    table<by_condition> places;

    while (state.KeepRunningBatch(ROUNDS)) {
        pthread_t partner;
        if (pthread_create(&partner, nullptr, answering_thread, &places) != 0) {
            failed(state);
            break;
        }
        for (int i = 0; i < ROUNDS; i++) {
            places.ping.leave();
            places.pong.fetch();
        }
        pthread_join(partner, nullptr);
    }
    state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(pingpong_threads)->Name("event/thread")->UseRealTime();
