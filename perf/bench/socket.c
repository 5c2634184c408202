/* SPDX-License-Identifier: MIT */
/*
 * socket: two send 64 bytes to each other over a pair of connected sockets, in turn. An item is a
 * round trip.
 */
#include "partner.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MESSAGE = 64 };

struct table {
    struct partner_table partner;
    int ends[2];
};

static int whole(ssize_t n)
{
    return n == MESSAGE ? 0 : n < 0 ? (int)n : -EPROTO;
}

static void play(struct bench *bench, struct table *table,
                 void run(struct bench *, struct partner_table *))
{
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, table->ends) < 0) {
        (void)bench_failed(bench, -errno);
        return;
    }
    run(bench, &table->partner);
    close(table->ends[0]);
    close(table->ends[1]);
}

/* ---- coil ----------------------------------------------------------------------------------- */

static void *answer_tasks(void *argument)
{
    struct table *table = argument;
    char message[MESSAGE];
    int rc = 0;

    for (uint64_t i = 0; i < table->partner.items; i++) {
        rc |= whole(coil_recv(table->ends[1], message, MESSAGE, MSG_WAITALL));
        rc |= whole(coil_send(table->ends[1], message, MESSAGE, 0));
    }
    return COIL_ERR(rc);
}

static void *ask_tasks(void *argument)
{
    struct table *table = argument;
    char message[MESSAGE] = {0};
    int rc = 0;

    for (uint64_t i = 0; i < table->partner.items; i++) {
        rc |= whole(coil_send(table->ends[0], message, MESSAGE, 0));
        rc |= whole(coil_recv(table->ends[0], message, MESSAGE, MSG_WAITALL));
    }
    return COIL_ERR(rc);
}

static void socket_coil(struct bench *bench)
{
    play(bench, &(struct table){.partner = {answer_tasks, ask_tasks, 0}}, partner_tasks);
}
BENCH("socket/coil", socket_coil, BENCH_CPU)

/* ---- thread --------------------------------------------------------------------------------- */

static void *answer_threads(void *argument)
{
    struct table *table = argument;
    char message[MESSAGE];
    int rc = 0;

    for (uint64_t i = 0; i < table->partner.items; i++) {
        rc |= whole(recv(table->ends[1], message, MESSAGE, MSG_WAITALL));
        rc |= whole(send(table->ends[1], message, MESSAGE, 0));
    }
    return COIL_ERR(rc);
}

static void *ask_threads(void *argument)
{
    struct table *table = argument;
    char message[MESSAGE] = {0};
    int rc = 0;

    for (uint64_t i = 0; i < table->partner.items; i++) {
        rc |= whole(send(table->ends[0], message, MESSAGE, 0));
        rc |= whole(recv(table->ends[0], message, MESSAGE, MSG_WAITALL));
    }
    return COIL_ERR(rc);
}

static void socket_thread(struct bench *bench)
{
    play(bench, &(struct table){.partner = {answer_threads, ask_threads, 0}}, partner_threads);
}
BENCH("socket/thread", socket_thread, BENCH_CPU)
