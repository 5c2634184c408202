/* SPDX-License-Identifier: MIT */
/*
 * wake_latency: from a thread's call that wakes a sleeping ring until the other thread runs, on two
 * cores: the waker looks on without sleeping. The floors are the three ways that there are.
 * `call_ns` is how long the waker was in the call.
 */
#include "floor.h"
#include "main_task.h"

#include "os/os.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

enum { FALL_ASLEEP = 50000 }; /* ns */

struct sleeper {
    coil_loop *loop; /* coil's, or */
    struct floor_ring *floor, *own;
    enum floor_wake how;
    uint64_t times;
    atomic_uint_fast64_t awake; /* how often it began to run */
};

static void note_awake(void *argument)
{
    struct sleeper *sleeper = argument;

    atomic_fetch_add(&sleeper->awake, 1);
}

/* Wakes the sleeper `times` times, each time when it has had time to fall asleep. */
static void wake_often(struct bench *bench, struct sleeper *sleeper,
                       int wake(struct sleeper *sleeper))
{
    int64_t in_call = 0;
    int rc = 0;

    for (uint64_t i = 0; i < sleeper->times; i++) {
        const int64_t asleep = os_now() + FALL_ASLEEP;
        while (os_now() < asleep) {
        }
        bench_begin(bench);
        const int64_t start = os_now();
        rc |= wake(sleeper);
        in_call += os_now() - start;
        while (atomic_load(&sleeper->awake) < i + 2) {
        }
        bench_end(bench);
    }
    (void)bench_failed(bench, rc);
    bench_counter(bench, "call_ns", (double)in_call / (double)sleeper->times);
}

/* ---- coil ----------------------------------------------------------------------------------- */

static int awake_in_loop(void *sleeper)
{
    note_awake(sleeper);
    return 0;
}

static int stop(void *loop)
{
    coil_stop(loop);
    return 0;
}

static void *sleep_in_loop(void *argument)
{
    struct sleeper *sleeper = argument;
    int rc = coil_err(sleeper->loop = coil_loop_new(NULL));

    note_awake(sleeper);
    if (rc == 0)
        rc = coil_run_forever(sleeper->loop) | coil_loop_free(sleeper->loop);
    return COIL_ERR(rc);
}

static int wake_loop(struct sleeper *sleeper)
{
    return coil_handle_error(coil_call_soon_threadsafe(sleeper->loop, awake_in_loop, sleeper));
}

static void latency_coil(struct bench *bench)
{
    struct sleeper sleeper = {.times = bench_items(bench)};
    pthread_t thread;
    void *result;

    if (bench_failed(bench, -pthread_create(&thread, NULL, sleep_in_loop, &sleeper)))
        return;
    while (atomic_load(&sleeper.awake) == 0) {
    }
    if (coil_err(sleeper.loop) == 0) {
        wake_often(bench, &sleeper, wake_loop);
        coil_call_soon_threadsafe(sleeper.loop, stop, sleeper.loop);
    }
    pthread_join(thread, &result);
    (void)bench_failed(bench, coil_err(result));
}
BENCH("wake_latency/coil", latency_coil, BENCH_WALL)

/* ---- floors --------------------------------------------------------------------------------- */

static void *sleep_on_floor(void *argument)
{
    struct sleeper *sleeper = argument;

    return COIL_ERR(floor_sleep(sleeper->floor, sleeper->how, note_awake, sleeper, sleeper->times));
}

static int wake_floor(struct sleeper *sleeper)
{
    return floor_wake(sleeper->floor, sleeper->how, sleeper->own);
}

static void latency_floor(struct bench *bench, enum floor_wake how)
{
    struct sleeper sleeper = {.floor = floor_ring_new(),
                              .own = floor_ring_new(),
                              .how = how,
                              .times = bench_items(bench)};
    pthread_t thread;

    if (!sleeper.floor || !sleeper.own) {
        (void)bench_failed(bench, -ENOSYS);
    } else if (!bench_failed(bench, -pthread_create(&thread, NULL, sleep_on_floor, &sleeper))) {
        while (atomic_load(&sleeper.awake) == 0) {
        }
        wake_often(bench, &sleeper, wake_floor);
        pthread_join(thread, NULL);
    }
    floor_ring_free(sleeper.floor);
    floor_ring_free(sleeper.own);
}

static void latency_eventfd(struct bench *bench)
{
    latency_floor(bench, WAKE_EVENTFD);
}
BENCH("wake_latency/eventfd", latency_eventfd, BENCH_WALL)

static void latency_msg_ring(struct bench *bench)
{
    latency_floor(bench, WAKE_MSG_RING);
}
BENCH("wake_latency/msg_ring", latency_msg_ring, BENCH_WALL)

static void latency_msg_ring_sync(struct bench *bench)
{
    latency_floor(bench, WAKE_MSG_RING_SYNC);
}
BENCH("wake_latency/msg_ring_sync", latency_msg_ring_sync, BENCH_WALL)
