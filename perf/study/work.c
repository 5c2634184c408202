// SPDX-License-Identifier: MIT
/*
 * What a worker does, whether it is a thread or a task. A step is what a caller would wait for: how
 * long each took is written down. Steps are shared out where more workers would be more work, so
 * that a run costs about the same at every N.
 */
#include "study.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 4096, MESSAGES = 50000, READS = 10000, MIXED_STEPS = 5 };

int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* A result as a coroutine gives it; a thread's is looked at in the same way. */
static void *ended(struct worker *worker, ssize_t rc)
{
    worker->rc = rc < 0 ? (int)rc : 0;
    return NULL;
}

static int64_t *took_of(const struct worker *worker)
{
    return worker->study->took + worker->index * worker->study->steps;
}

/* xorshift: each round needs the one before. */
static uint64_t random_after(uint64_t x)
{
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return x;
}

static void compute(uint64_t rounds)
{
    uint64_t x = 1;

    for (uint64_t i = 0; i < rounds; i++)
        x = random_after(x);
    __asm__ volatile("" : : "r"(x));
}

/* ---- sleep: one wait, as for a page that a server takes so long for. A step's time is how late it
 * woke. */

static void *work_sleep(void *argument)
{
    struct worker *worker = argument;
    const struct study *study = worker->study;
    int64_t begun = now();
    int rc = study->calls->sleep(study->asleep);

    *took_of(worker) = now() - begun - study->asleep;
    return ended(worker, rc);
}

/* ---- sockets: workers in pairs throw a byte to and fro; who is alone throws it to itself. A step
 * is one round trip. */

static int prepare_sockets(struct study *study)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    study->sockets = calloc(study->n + 1, sizeof(*study->sockets));
    if (!study->sockets)
        return -ENOMEM;
    for (size_t i = 0; i < study->n; i += 2)
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, &study->sockets[i]) < 0) {
            study->stopped = "socketpair";
            return -errno;
        }
    return 0;
}

static void *work_sockets(void *argument)
{
    struct worker *worker = argument;
    const struct study *study = worker->study;
    const struct calls *calls = study->calls;
    bool begins = worker->index % 2 == 0, alone = begins && worker->index == study->n - 1;
    int out = study->sockets[worker->index], in = study->sockets[worker->index + alone];
    int64_t *took = took_of(worker);
    ssize_t rc = 0;
    char byte = 0;

    for (size_t i = 0; rc >= 0 && i < study->steps; i++) {
        int64_t begun = now();
        if (begins)
            rc = calls->send(out, &byte, 1, MSG_NOSIGNAL);
        if (rc >= 0)
            rc = calls->recv(in, &byte, 1, 0);
        if (rc >= 0 && !begins)
            rc = calls->send(out, &byte, 1, MSG_NOSIGNAL);
        took[i] = now() - begun;
    }
    return ended(worker, rc);
}

/* ---- files: blocks at random places of a file, past the page cache where the file system has a
 * way past it. A step is a read. */

static int prepare_files(struct study *study)
{
    study->fd = open(study->file, O_RDONLY | O_DIRECT | O_CLOEXEC);
    if (study->fd < 0 && errno == EINVAL)
        study->fd = open(study->file, O_RDONLY | O_CLOEXEC);
    if (study->fd < 0) {
        study->stopped = "open";
        return -errno;
    }
    study->file_size = lseek(study->fd, 0, SEEK_END) / BLOCK * BLOCK;
    return study->file_size > 0 ? 0 : -ENODATA;
}

static void *work_files(void *argument)
{
    _Alignas(BLOCK) char block[BLOCK];
    struct worker *worker = argument;
    const struct study *study = worker->study;
    int64_t *took = took_of(worker);
    uint64_t place = random_after(worker->index + 1);
    ssize_t rc = 0;

    for (size_t i = 0; rc >= 0 && i < study->steps; i++) {
        int64_t begun = now();
        place = random_after(place);
        rc = study->calls->pread(study->fd, block, sizeof(block),
                                 (int64_t)(place % (uint64_t)(study->file_size / BLOCK)) * BLOCK);
        took[i] = now() - begun;
    }
    return ended(worker, rc);
}

/* ---- cpu: arithmetic and no wait at all. The step is all of a worker's share. */

static void *work_cpu(void *argument)
{
    struct worker *worker = argument;
    const struct study *study = worker->study;
    int64_t begun = now();

    compute(study->rounds / study->n);
    *took_of(worker) = now() - begun;
    return ended(worker, 0);
}

/* ---- mixed: waits, and some arithmetic after each. A step's time is how late it woke. */

static void *work_mixed(void *argument)
{
    struct worker *worker = argument;
    const struct study *study = worker->study;
    int64_t *took = took_of(worker), asleep = study->asleep / (int64_t)study->steps;
    int rc = 0;

    for (size_t i = 0; rc >= 0 && i < study->steps; i++) {
        int64_t begun = now();
        rc = study->calls->sleep(asleep);
        took[i] = now() - begun - asleep;
        compute(study->rounds / study->n / study->steps);
    }
    return ended(worker, rc);
}

const struct kind kinds[] = {
    {"sleep", NULL, work_sleep, 1, 0},
    {"sockets", prepare_sockets, work_sockets, 0, MESSAGES},
    {"files", prepare_files, work_files, 0, READS},
    {"cpu", NULL, work_cpu, 1, 0},
    {"mixed", NULL, work_mixed, MIXED_STEPS, 0},
};
const size_t kinds_count = sizeof(kinds) / sizeof(kinds[0]);
