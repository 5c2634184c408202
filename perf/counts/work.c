// SPDX-License-Identifier: MIT
#include "work.h"

#include "ctx/switch.h"
#include "loop/await.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { STACK_BYTES = 64 << 10, TOGETHER = 100, NOPS_TOGETHER = 64, OTHER_TIMERS = 10000 };

/* ---- switch: of bare contexts, from one to another and back --------------------------------- */

static struct ctx here, there;

static void switch_back(void *unused)
{
    ctx_begun(&there);
    for (;;)
        unused = ctx_switch(&there, &here, unused);
}

static int switches(size_t times)
{
    static _Alignas(64) char stack[STACK_BYTES];

    ctx_init(&there, stack, sizeof(stack), switch_back);
    ctx_init_thread(&here);
    for (; times > 1; times -= 2)
        (void)ctx_switch(&here, &there, NULL);
    ctx_fini(&there);
    return 0;
}

/* ---- yield: from one of two tasks to the other ---------------------------------------------- */

static void *yield_task(void *times)
{
    int rc = 0;

    for (size_t i = *(size_t *)times; rc == 0 && i > 0; i--)
        rc = coil_yield_now();
    return COIL_ERR(rc);
}

static int yields(size_t times)
{
    size_t each = times / 2;
    coil_task *one = coil_create_task(yield_task, &each),
              *two = coil_create_task(yield_task, &each);
    int rc = coil_await(one, NULL), second = coil_await(two, NULL);

    coil_unref(one);
    coil_unref(two);
    return rc < 0 ? rc : second;
}

/* ---- create_await, gather: from a task's creation to its result ----------------------------- */

static void *identity(void *argument)
{
    return argument;
}

static int creates(size_t times)
{
    int rc = 0;

    while (rc == 0 && times-- > 0) {
        coil_task *task = coil_create_task(identity, NULL);
        rc = coil_await(task, NULL);
        coil_unref(task);
    }
    return rc;
}

static int gathers(coil_fn fn, size_t times)
{
    coil_coro coroutines[TOGETHER];
    int rc = 0;

    for (size_t i = 0; i < TOGETHER; i++)
        coroutines[i] = (coil_coro){fn, NULL};
    for (size_t done = 0; rc == 0 && done < times; done += TOGETHER) {
        coil_future *gather = coil_gather(coroutines, TOGETHER, 0);
        rc = coil_await(gather, NULL);
        coil_unref(gather);
    }
    return rc;
}

static int gathers_identities(size_t times)
{
    return gathers(identity, times);
}

/* ---- sleep: alone, and by tasks that a gather makes ----------------------------------------- */

static int sleeps(size_t times)
{
    int rc = 0;

    while (rc == 0 && times-- > 0)
        rc = coil_sleep(COIL_MS(1));
    return rc;
}

static void *sleep_once(void *unused)
{
    (void)unused;
    return COIL_ERR(coil_sleep(COIL_MS(1)));
}

static int gathers_sleeps(size_t times)
{
    return gathers(sleep_once, times);
}

/* ---- timer: one armed and one cancelled ----------------------------------------------------- */

static int nothing(void *unused)
{
    (void)unused;
    return 0;
}

/* xorshift */
static uint64_t draw(void)
{
    static uint64_t x = 1;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return x;
}

static coil_handle arm(coil_loop *loop)
{
    return coil_call_at(loop, COIL_SEC(60) + (coil_time)(draw() % UINT64_C(60000000000)), nothing,
                        NULL);
}

/* The one that was armed last, as by a wait that ends in time. */
static int timers_same(size_t times)
{
    coil_loop *loop = coil_get_running_loop();

    while (times-- > 0)
        if (!coil_handle_cancel(loop, arm(loop)))
            return -EIO;
    return 0;
}

/* Any of the others, which are armed in the first call. */
static int timers_any(size_t times)
{
    static coil_handle others[OTHER_TIMERS];
    static bool armed;
    coil_loop *loop = coil_get_running_loop();

    for (size_t i = 0; !armed && i < OTHER_TIMERS; i++)
        others[i] = arm(loop);
    armed = true;
    while (times-- > 0) {
        coil_handle *handle = &others[draw() % OTHER_TIMERS];
        if (!coil_handle_cancel(loop, *handle))
            return -EIO;
        *handle = arm(loop);
    }
    return 0;
}

/* ---- scope ---------------------------------------------------------------------------------- */

static int timeouts(size_t times)
{
    int rc = 0;

    while (rc == 0 && times-- > 0) {
        coil_timeout timeout = COIL_TIMEOUT_INIT;
        rc = coil_timeout_enter(&timeout, COIL_SEC(1));
        if (rc == 0)
            rc = coil_timeout_exit(&timeout, 0);
    }
    return rc;
}

/* ---- callback ------------------------------------------------------------------------------- */

static int callbacks(size_t times)
{
    coil_loop *loop = coil_get_running_loop();
    int rc = 0;

    for (size_t done = 0; rc == 0 && done < times; done += TOGETHER) {
        for (size_t i = 0; i < TOGETHER; i++)
            coil_call_soon(loop, nothing, NULL);
        rc = coil_yield_now();
    }
    return rc;
}

/* ---- lock, queue, channel ------------------------------------------------------------------- */

static int locks(size_t times)
{
    coil_lock lock = COIL_LOCK_INIT;
    int rc = 0;

    while (rc == 0 && times-- > 0) {
        rc = coil_lock_acquire(&lock);
        coil_lock_release(&lock);
    }
    return rc;
}

struct table {
    size_t times;
    coil_queue ping, pong;
    coil_channel there, back;
};

static void *answers_by_queue(void *argument)
{
    struct table *table = argument;
    void *item;
    int rc = 0;

    for (size_t i = table->times; rc == 0 && i > 0; i--) {
        rc = coil_queue_get(&table->ping, &item);
        if (rc == 0)
            rc = coil_queue_put(&table->pong, item);
    }
    return COIL_ERR(rc);
}

static void *answers_by_channel(void *argument)
{
    struct table *table = argument;
    void *item;
    int rc = 0;

    for (size_t i = table->times; rc == 0 && i > 0; i--) {
        rc = coil_channel_recv(&table->there, &item);
        if (rc == 0)
            rc = coil_channel_send(&table->back, item);
    }
    return COIL_ERR(rc);
}

/* An item is a round trip. */
static int pingpong(size_t times, bool by_queue)
{
    struct table table = {times, COIL_QUEUE_INIT(0), COIL_QUEUE_INIT(0), COIL_CHANNEL_INIT,
                          COIL_CHANNEL_INIT};
    coil_task *partner = coil_create_task(by_queue ? answers_by_queue : answers_by_channel, &table);
    void *item;
    int rc = 0;

    for (size_t i = times; rc == 0 && i > 0; i--) {
        rc = by_queue ? coil_queue_put(&table.ping, &table)
                      : coil_channel_send(&table.there, &table);
        if (rc == 0)
            rc = by_queue ? coil_queue_get(&table.pong, &item)
                          : coil_channel_recv(&table.back, &item);
    }
    int ended = coil_await(partner, NULL);
    coil_unref(partner);
    coil_queue_fini(&table.ping);
    coil_queue_fini(&table.pong);
    return rc < 0 ? rc : ended;
}

static int by_queues(size_t times)
{
    return pingpong(times, true);
}

static int by_channels(size_t times)
{
    return pingpong(times, false);
}

/* ---- generator ------------------------------------------------------------------------------ */

static void *generate(void *unused)
{
    int rc = 0;

    while (rc == 0)
        rc = coil_yield(unused, NULL);
    return COIL_ERR(rc);
}

static int generators(size_t times)
{
    coil_gen *gen = coil_gen_new(generate, NULL);
    void *value;
    int rc = coil_err(gen);

    while (rc == 0 && times-- > 0)
        rc = coil_gen_next(gen, &value);
    coil_gen_free(gen);
    return rc;
}

/* ---- operations of the kernel: without a descriptor, and with one --------------------------- */

static int nops(size_t times)
{
    int rc = 0;

    while (rc == 0 && times-- > 0) {
        struct op op;
        op_init(&op, OP_NOP, -1, NULL);
        rc = await_op(&op);
    }
    return rc;
}

static void *nops_of_one(void *times)
{
    return COIL_ERR(nops(*(size_t *)times));
}

/* By 64 tasks, whose operations go to the kernel together. */
static int nops_together(size_t times)
{
    size_t each = times / NOPS_TOGETHER;
    coil_coro coroutines[NOPS_TOGETHER];

    for (size_t i = 0; i < NOPS_TOGETHER; i++)
        coroutines[i] = (coil_coro){nops_of_one, &each};
    coil_future *gather = coil_gather(coroutines, NOPS_TOGETHER, 0);
    int rc = coil_await(gather, NULL);
    coil_unref(gather);
    return rc;
}

static int reads(size_t times)
{
    int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    ssize_t rc = fd < 0 ? -errno : 0;
    char byte;

    while (rc >= 0 && times-- > 0)
        rc = coil_read(fd, &byte, 1);
    if (fd >= 0)
        close(fd);
    return rc < 0 ? (int)rc : 0;
}

const struct work works[] = {
    {"switch", switches, false},
    {"yield", yields, false},
    {"create_await", creates, false},
    {"gather", gathers_identities, false},
    {"gather_sleeps", gathers_sleeps, false},
    {"sleep", sleeps, false},
    {"timer_arm_cancel/same", timers_same, false},
    {"timer_arm_cancel/any", timers_any, false},
    {"timeout_scope", timeouts, false},
    {"callback", callbacks, false},
    {"lock", locks, false},
    {"queue_pingpong", by_queues, false},
    {"channel_pingpong", by_channels, false},
    {"generator", generators, false},
    {"nop", nops, true},
    {"nop_64", nops_together, true},
    {"read", reads, true},
};
const size_t works_count = sizeof(works) / sizeof(works[0]);
