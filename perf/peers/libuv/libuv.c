/* SPDX-License-Identifier: MIT */
/*
 * libuv, which has callbacks and no tasks: only what it has a counterpart for. Its timers have a
 * resolution of 1 ms. What an item is stands in perf/bench/, in the file of the primitive.
 */
#include "../../bench/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

/* ---- timers --------------------------------------------------------------------------------- */

enum { OTHERS = 1000000, LATER = 64, NUMBERS = 1 << 20 };

struct timers {
    uv_loop_t loop;
    uint64_t numbers[NUMBERS]; /* drawn beforehand: the generator is not what is measured */
    size_t drawn;
    uv_timer_t timers[OTHERS + LATER], same;
};

static void nothing(uv_timer_t *timer)
{
    (void)timer;
}

static uint64_t draw(struct timers *timers)
{
    return timers->numbers[timers->drawn++ % NUMBERS];
}

static int arm(struct timers *timers, uv_timer_t *timer)
{
    return uv_timer_start(timer, nothing, 3600000 + draw(timers) % 60000, 0);
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

/* All that are armed, once for the whole process; as coil's. */
static struct timers *million(void)
{
    static struct timers *kept;
    struct timers *timers = kept ? kept : malloc(sizeof(*timers));
    uint64_t random = 1;

    if (kept || !timers)
        return timers;
    if (uv_loop_init(&timers->loop) < 0) {
        free(timers);
        return NULL;
    }
    timers->drawn = 0;
    for (size_t i = 0; i < NUMBERS; i++)
        timers->numbers[i] = next_random(&random);
    for (size_t i = 0; i < OTHERS + LATER; i++) {
        uv_timer_init(&timers->loop, &timers->timers[i]);
        (void)arm(timers, &timers->timers[i]);
    }
    uv_timer_init(&timers->loop, &timers->same);
    return kept = timers;
}

static void arm_and_cancel(struct bench *bench, size_t distance)
{
    const uint64_t items = bench_items(bench);
    struct timers *timers = million();
    int rc = 0;

    if (!timers) {
        (void)bench_failed(bench, -ENOMEM);
        return;
    }
    bench_begin(bench);
    for (uint64_t i = 0; i < items; i++) {
        if (distance == 0) {
            rc |= arm(timers, &timers->same);
            rc |= uv_timer_stop(&timers->same);
        } else {
            uv_timer_t *timer =
                &timers->timers[distance == OTHERS ? draw(timers) % OTHERS : OTHERS + i % LATER];
            rc |= uv_timer_stop(timer);
            rc |= arm(timers, timer);
        }
    }
    bench_end(bench);
    (void)bench_failed(bench, rc);
}

static void timer_libuv(struct bench *bench)
{
    arm_and_cancel(bench, 0);
}
BENCH("timer_arm_cancel_1M/libuv", timer_libuv, BENCH_CPU)

static void timer_later_libuv(struct bench *bench)
{
    arm_and_cancel(bench, LATER);
}
BENCH("timer_arm_cancel_1M_later/libuv", timer_later_libuv, BENCH_CPU)

static void timer_any_libuv(struct bench *bench)
{
    arm_and_cancel(bench, OTHERS);
}
BENCH("timer_arm_cancel_1M_any/libuv", timer_any_libuv, BENCH_CPU)

static void scope_libuv(struct bench *bench)
{
    const uint64_t items = bench_items(bench);
    uv_timer_t timer;
    int rc = uv_timer_init(uv_default_loop(), &timer);

    bench_begin(bench);
    for (uint64_t i = 0; i < items; i++) {
        rc |= uv_timer_start(&timer, nothing, 1000, 0);
        rc |= uv_timer_stop(&timer);
    }
    bench_end(bench);
    (void)bench_failed(bench, rc);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
BENCH("timeout_scope/libuv", scope_libuv, BENCH_CPU)

/* ---- sleeps --------------------------------------------------------------------------------- */

static void sleep_again(uv_timer_t *timer)
{
    uint64_t *left = timer->data;

    uv_update_time(timer->loop);
    if (--*left)
        uv_timer_start(timer, sleep_again, 1, 0);
}

static void sleep_libuv(struct bench *bench)
{
    uint64_t left = bench_items(bench);
    uv_timer_t timer;

    uv_timer_init(uv_default_loop(), &timer);
    timer.data = &left;
    bench_begin(bench);
    uv_update_time(uv_default_loop());
    uv_timer_start(&timer, sleep_again, 1, 0);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    bench_end(bench);
    bench_subtract(bench, (int64_t)bench_items(bench) * 1000000);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
BENCH("sleep/libuv", sleep_libuv, BENCH_SLEEP)

static void sleeps(struct bench *bench, size_t n, uint64_t ms)
{
    uv_loop_t *loop = uv_default_loop();
    uv_timer_t *timers = NULL;
    size_t resident;

    bench_begin(bench);
    timers = malloc(n * sizeof(*timers));
    if (!timers) {
        (void)bench_failed(bench, -ENOMEM);
        return;
    }
    uv_update_time(loop);
    for (size_t i = 0; i < n; i++) {
        uv_timer_init(loop, &timers[i]);
        uv_timer_start(&timers[i], nothing, ms, 0);
    }
    if (uv_resident_set_memory(&resident) == 0)
        bench_counter(bench, "resident_bytes", (double)resident);
    uv_run(loop, UV_RUN_DEFAULT);
    bench_end(bench);
    for (size_t i = 0; i < n; i++)
        uv_close((uv_handle_t *)&timers[i], NULL);
    uv_run(loop, UV_RUN_DEFAULT);
    free(timers);
}

static void cold_libuv(struct bench *bench)
{
    sleeps(bench, 100000, 200);
}
BENCH("sleep_100k_cold/libuv", cold_libuv, BENCH_ONCE)

static void million_libuv(struct bench *bench)
{
    sleeps(bench, 1000000, 3000);
}
BENCH("million_asleep/libuv", million_libuv, BENCH_ONCE)

/* ---- file ----------------------------------------------------------------------------------- */

enum { BLOCK = 4096, BLOCKS = 256 };

struct reader {
    uint64_t left;
    int fd, rc;
    char block[BLOCK];
};

static int read_next(uv_loop_t *loop, uv_fs_t *request, struct reader *reader);

static void was_read(uv_fs_t *request)
{
    struct reader *reader = request->data;

    if (request->result != BLOCK)
        reader->rc = -EIO;
    uv_fs_req_cleanup(request);
    if (--reader->left)
        reader->rc |= read_next(request->loop, request, reader);
}

static int read_next(uv_loop_t *loop, uv_fs_t *request, struct reader *reader)
{
    uv_buf_t buffer = uv_buf_init(reader->block, BLOCK);

    request->data = reader;
    return uv_fs_read(loop, request, reader->fd, &buffer, 1,
                      (int64_t)(reader->left % BLOCKS) * BLOCK, was_read);
}

static void file_libuv(struct bench *bench)
{
    struct reader reader = {.left = bench_items(bench)};
    char path[] = "/tmp/bench-XXXXXX";
    uv_fs_t request;

    reader.fd = mkstemp(path);
    unlink(path);
    for (int i = 0; i < BLOCKS; i++)
        if (write(reader.fd, reader.block, BLOCK) != BLOCK)
            reader.rc = -EIO;
    if (!bench_failed(bench, reader.rc)) {
        bench_begin(bench);
        reader.rc = read_next(uv_default_loop(), &request, &reader);
        uv_run(uv_default_loop(), UV_RUN_DEFAULT);
        bench_end(bench);
        (void)bench_failed(bench, reader.rc);
    }
    close(reader.fd);
}
BENCH("file/libuv", file_libuv, BENCH_CPU)

/* ---- socket --------------------------------------------------------------------------------- */

enum { MESSAGE = 64 };

struct end {
    uv_pipe_t pipe;
    uv_write_t request;
    uint64_t left; /* messages that are still to come */
    bool asks;
    char message[MESSAGE];
};

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct end *end = handle->data;

    (void)suggested;
    *buffer = uv_buf_init(end->message, MESSAGE);
}

static void send_message(struct end *end)
{
    uv_buf_t buffer = uv_buf_init(end->message, MESSAGE);

    uv_write(&end->request, (uv_stream_t *)&end->pipe, &buffer, 1, NULL);
}

static void received(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
    struct end *end = stream->data;

    (void)buffer;
    if (n == 0)
        return;
    end->left--;
    if (!end->asks || end->left)
        send_message(end);
    if (n != MESSAGE || !end->left)
        uv_read_stop(stream);
}

static void socket_libuv(struct bench *bench)
{
    uv_loop_t *loop = uv_default_loop();
    struct end ends[2];
    int fds[2], rc = socketpair(AF_UNIX, SOCK_STREAM, 0, fds);

    for (int i = 0; i < 2; i++) {
        memset(&ends[i], 0, sizeof(ends[i]));
        ends[i].left = bench_items(bench);
        ends[i].asks = i == 0;
        ends[i].pipe.data = &ends[i];
        rc |= uv_pipe_init(loop, &ends[i].pipe, 0);
        ends[i].pipe.data = &ends[i];
        rc |= uv_pipe_open(&ends[i].pipe, fds[i]);
    }
    bench_begin(bench);
    for (int i = 0; i < 2; i++)
        rc |= uv_read_start((uv_stream_t *)&ends[i].pipe, give_room, received);
    send_message(&ends[0]);
    uv_run(loop, UV_RUN_DEFAULT);
    bench_end(bench);
    (void)bench_failed(bench, ends[0].left || ends[1].left ? -EPROTO : rc);
    for (int i = 0; i < 2; i++)
        uv_close((uv_handle_t *)&ends[i].pipe, NULL);
    uv_run(loop, UV_RUN_DEFAULT);
}
BENCH("socket/libuv", socket_libuv, BENCH_CPU)

/* ---- wake ----------------------------------------------------------------------------------- */

struct sleeper {
    uv_loop_t loop;
    uv_async_t async;
    sem_t answered;
    bool ended;
};

static void answer(uv_async_t *async)
{
    struct sleeper *sleeper = async->data;

    if (sleeper->ended)
        uv_close((uv_handle_t *)async, NULL);
    else
        sem_post(&sleeper->answered);
}

static void *sleep_in_loop(void *argument)
{
    struct sleeper *sleeper = argument;

    uv_run(&sleeper->loop, UV_RUN_DEFAULT);
    return NULL;
}

static void wake_libuv(struct bench *bench)
{
    const uint64_t items = bench_items(bench);
    struct sleeper sleeper = {.ended = false};
    pthread_t thread;

    sem_init(&sleeper.answered, 0, 0);
    int rc = uv_loop_init(&sleeper.loop);
    rc |= uv_async_init(&sleeper.loop, &sleeper.async, answer);
    sleeper.async.data = &sleeper;
    if (bench_failed(bench, rc | -pthread_create(&thread, NULL, sleep_in_loop, &sleeper)))
        return;
    bench_begin(bench);
    for (uint64_t i = 0; i < items; i++) {
        uv_async_send(&sleeper.async);
        sem_wait(&sleeper.answered);
    }
    bench_end(bench);
    sleeper.ended = true;
    uv_async_send(&sleeper.async);
    pthread_join(thread, NULL);
    uv_loop_close(&sleeper.loop);
    sem_destroy(&sleeper.answered);
}
BENCH("wake/libuv", wake_libuv, BENCH_WALL)
