/* SPDX-License-Identifier: MIT */
/*
 * What goes through the kernel's ring, beside floors that have nothing above it (floor.h). nop_*:
 * an operation that does nothing, alone or 64 at once; an item is one. cancel_recv: a receive that
 * is cancelled once it waits. close_*: a dup(2) that is closed, beside so many receives that wait,
 * each on a descriptor of its own.
 */
#include "floor.h"
#include "main_task.h"

#include "loop/await.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static int await_nop(void)
{
    struct op op;

    op_init(&op, OP_NOP, -1, NULL);
    return await_op(&op);
}

/* Runs a floor's part on a ring of its own. */
static void on_floor(struct bench *bench, int run(struct bench *bench, struct floor_ring *floor))
{
    struct floor_ring *floor = floor_ring_new();

    (void)bench_failed(bench, floor ? run(bench, floor) : -ENOSYS);
    floor_ring_free(floor);
}

/* ---- nop ------------------------------------------------------------------------------------ */

enum { MANY = 64 };

static void *await_nops(void *count)
{
    int rc = 0;

    for (uint64_t i = 0; i < *(uint64_t *)count; i++)
        rc |= await_nop();
    return COIL_ERR(rc);
}

static void *nop_alone(void *argument)
{
    struct bench *bench = argument;
    uint64_t items = bench_items(bench);

    bench_begin(bench);
    void *result = await_nops(&items);
    bench_end(bench);
    return result;
}

static void nop_1_coil(struct bench *bench)
{
    bench_main_task(bench, nop_alone, 0);
}
BENCH("nop_1/coil", nop_1_coil, BENCH_CPU)

static void *nops_at_once(void *argument)
{
    struct bench *bench = argument;
    uint64_t each = (bench_items(bench) + MANY - 1) / MANY;
    coil_coro coroutines[MANY];

    for (int i = 0; i < MANY; i++)
        coroutines[i] = (coil_coro){await_nops, &each};
    bench_begin(bench);
    coil_future *all = coil_gather(coroutines, MANY, 0);
    int rc = coil_await(all, NULL);
    bench_end(bench);
    coil_unref(all);
    return COIL_ERR(rc);
}

static void nop_64_coil(struct bench *bench)
{
    bench_main_task(bench, nops_at_once, 0);
}
BENCH("nop_64/coil", nop_64_coil, BENCH_CPU)

static int floor_nops_of(struct bench *bench, struct floor_ring *floor, unsigned at_once)
{
    const uint64_t items = bench_items(bench);
    int rc = 0;

    bench_begin(bench);
    for (uint64_t i = 0; i < items; i += at_once)
        rc |= floor_nops(floor, at_once);
    bench_end(bench);
    return rc;
}

static int nops_alone(struct bench *bench, struct floor_ring *floor)
{
    return floor_nops_of(bench, floor, 1);
}

static void nop_1_floor(struct bench *bench)
{
    on_floor(bench, nops_alone);
}
BENCH("nop_1/floor", nop_1_floor, BENCH_CPU)

static int nops_64(struct bench *bench, struct floor_ring *floor)
{
    return floor_nops_of(bench, floor, MANY);
}

static void nop_64_floor(struct bench *bench)
{
    on_floor(bench, nops_64);
}
BENCH("nop_64/floor", nop_64_floor, BENCH_CPU)

/* ---- cancel_recv ---------------------------------------------------------------------------- */

static void *receive(void *fd)
{
    char byte;
    ssize_t n = coil_recv(*(int *)fd, &byte, 1, 0);

    return COIL_ERR(n < 0 ? (int)n : 0);
}

static void *cancel_receives(void *argument)
{
    struct bench *bench = argument;
    const uint64_t items = bench_items(bench);
    int rc = 0, ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
        return COIL_ERR(-errno);
    bench_begin(bench);
    for (uint64_t i = 0; i < items; i++) {
        coil_task *task = coil_create_task(receive, &ends[0]);
        rc |= coil_yield_now(); /* it is submitted */
        rc |= await_nop();      /* then the kernel has it */
        coil_cancel(task);
        if (coil_await(task, NULL) != -ECANCELED)
            rc = -EPROTO;
        coil_unref(task);
    }
    bench_end(bench);
    close(ends[0]);
    close(ends[1]);
    return COIL_ERR(rc);
}

static void cancel_recv_coil(struct bench *bench)
{
    bench_main_task(bench, cancel_receives, 0);
}
BENCH("cancel_recv/coil", cancel_recv_coil, BENCH_CPU)

static int floor_cancels(struct bench *bench, struct floor_ring *floor)
{
    const uint64_t items = bench_items(bench);
    int rc = 0, ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
        return -errno;
    bench_begin(bench);
    for (uint64_t i = 0; i < items; i++)
        rc |= floor_cancel_recv(floor, ends[0]);
    bench_end(bench);
    close(ends[0]);
    close(ends[1]);
    return rc;
}

static void cancel_recv_floor(struct bench *bench)
{
    on_floor(bench, floor_cancels);
}
BENCH("cancel_recv/floor", cancel_recv_floor, BENCH_CPU)

/* ---- close ---------------------------------------------------------------------------------- */

struct idle {
    int fd;
    coil_task *task;
};

static int open_many(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return -errno;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? -errno : 0;
}

static int close_dups(struct bench *bench, int fd, struct floor_ring *floor)
{
    const uint64_t items = bench_items(bench);
    int rc = 0;

    bench_begin(bench);
    for (uint64_t i = 0; i < items; i++) {
        int copy = dup(fd);
        rc |= copy < 0 ? -errno : floor ? floor_close(floor, copy) : coil_close_fd(copy);
    }
    bench_end(bench);
    return rc;
}

static int begin_idle(struct idle *idle, size_t n, int fd)
{
    int rc = 0;

    for (size_t i = 0; i < n; i++) {
        idle[i].fd = dup(fd);
        rc |= idle[i].fd < 0 ? -errno : 0;
        idle[i].task = coil_create_task(receive, &idle[i].fd);
    }
    rc |= coil_yield_now(); /* they are submitted */
    return rc | await_nop();
}

static int end_idle(struct idle *idle, size_t n)
{
    int rc = 0;

    for (size_t i = 0; i < n; i++)
        rc |= coil_close_fd(idle[i].fd);
    for (size_t i = 0; i < n; i++) {
        if (coil_await(idle[i].task, NULL) != -COIL_ECLOSED)
            rc = -EPROTO;
        coil_unref(idle[i].task);
    }
    return rc;
}

static void *close_beside(struct bench *bench, size_t n)
{
    struct idle *idle = calloc(n + 1, sizeof(*idle));
    int rc = open_many(), ends[2];

    if (!idle || rc < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) {
        free(idle);
        return COIL_ERR(rc < 0 ? rc : -ENOMEM);
    }
    rc = begin_idle(idle, n, ends[0]);
    rc |= close_dups(bench, ends[0], NULL);
    rc |= end_idle(idle, n);
    close(ends[0]);
    close(ends[1]);
    free(idle);
    return COIL_ERR(rc);
}

static void *close_beside_0(void *bench)
{
    return close_beside(bench, 0);
}

static void close_0_coil(struct bench *bench)
{
    bench_main_task(bench, close_beside_0, 0);
}
BENCH("close_0/coil", close_0_coil, BENCH_CPU)

static void *close_beside_10000(void *bench)
{
    return close_beside(bench, 10000);
}

static void close_10000_coil(struct bench *bench)
{
    bench_main_task(bench, close_beside_10000, 0);
}
BENCH("close_10000/coil", close_10000_coil, BENCH_CPU)

static int floor_closes(struct bench *bench, struct floor_ring *floor)
{
    return close_dups(bench, STDERR_FILENO, floor);
}

static void close_0_floor(struct bench *bench)
{
    on_floor(bench, floor_closes);
}
BENCH("close_0/floor", close_0_floor, BENCH_CPU)
