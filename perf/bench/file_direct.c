/* SPDX-License-Identifier: MIT */
/*
 * file_direct_64: 64 at once read 4 KiB each, at random places of a file, from the disk (O_DIRECT).
 * An item is one read. The floor is a ring that is kept full by hand.
 */
#include "main_task.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 4096, BLOCKS = 16384, DEPTH = 64 };

/* What all of the readers have in common. */
struct reading {
    int fd;
    int64_t left;
    uint64_t random;
    char *blocks; /* one for each of them, aligned as the disk wants it */
    int rc;
};

static int64_t draw_place(struct reading *reading)
{
    reading->random ^= reading->random << 13;
    reading->random ^= reading->random >> 7;
    reading->random ^= reading->random << 17;
    return (int64_t)(reading->random % BLOCKS) * BLOCK;
}

static int fill_file(int fd, char *blocks)
{
    for (int64_t done = 0; done < (int64_t)BLOCKS * BLOCK; done += DEPTH * BLOCK)
        if (write(fd, blocks, DEPTH * BLOCK) != DEPTH * BLOCK)
            return -EIO;
    return fsync(fd) < 0 ? -errno : 0;
}

/* A file without a name, made once: 64 MiB that were written. */
static int new_file(char *blocks)
{
    static int file = -1;
    char path[] = "/var/tmp/bench-XXXXXX";

    if (file >= 0)
        return file;
    int fd = mkstemp(path);
    if (fd < 0)
        return -errno;
    int rc = fill_file(fd, blocks);
    close(fd);
    if (rc == 0)
        file = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
    if (rc == 0 && file < 0)
        rc = -errno;
    unlink(path);
    return rc < 0 ? rc : file;
}

/* Measures one way of reading all of it. */
static void read_all(struct bench *bench, int read_by(struct bench *, struct reading *))
{
    struct reading reading = {.left = (int64_t)bench_items(bench), .random = 1};
    void *blocks;

    if (posix_memalign(&blocks, BLOCK, DEPTH * BLOCK)) {
        (void)bench_failed(bench, -ENOMEM);
        return;
    }
    reading.blocks = memset(blocks, 1, DEPTH * BLOCK);
    reading.fd = new_file(reading.blocks);
    if (!bench_failed(bench, reading.fd))
        (void)bench_failed(bench, read_by(bench, &reading) | reading.rc);
    free(blocks);
}

/* ---- coil ----------------------------------------------------------------------------------- */

struct reader {
    struct reading *reading;
    char *block;
};

static void *reading_task(void *argument)
{
    struct reader *reader = argument;
    struct reading *reading = reader->reading;

    while (reading->left-- > 0)
        if (coil_pread(reading->fd, reader->block, BLOCK, draw_place(reading)) != BLOCK)
            return COIL_ERR(-EIO);
    return NULL;
}

static void *reading_tasks(void *argument)
{
    struct reading *reading = argument;
    struct reader readers[DEPTH];
    coil_coro coroutines[DEPTH];

    for (int i = 0; i < DEPTH; i++) {
        readers[i] = (struct reader){reading, reading->blocks + (size_t)i * BLOCK};
        coroutines[i] = (coil_coro){reading_task, &readers[i]};
    }
    coil_future *all = coil_gather(coroutines, DEPTH, 0);
    int rc = coil_await(all, NULL);
    coil_unref(all);
    return COIL_ERR(rc);
}

static int read_by_tasks(struct bench *bench, struct reading *reading)
{
    bench_begin(bench);
    int rc = coil_run(reading_tasks, reading, NULL);
    bench_end(bench);
    return rc;
}

static void direct_coil(struct bench *bench)
{
    read_all(bench, read_by_tasks);
}
BENCH("file_direct_64/coil", direct_coil, BENCH_WALL)

/* ---- thread --------------------------------------------------------------------------------- */

static pthread_mutex_t drawing = PTHREAD_MUTEX_INITIALIZER;

static void *reading_thread(void *argument)
{
    struct reader *reader = argument;
    struct reading *reading = reader->reading;

    for (;;) {
        pthread_mutex_lock(&drawing);
        const bool more = reading->left-- > 0;
        const int64_t place = draw_place(reading);
        pthread_mutex_unlock(&drawing);
        if (!more)
            return NULL;
        if (pread(reading->fd, reader->block, BLOCK, place) != BLOCK)
            reading->rc = -EIO;
    }
}

static int read_by_threads(struct bench *bench, struct reading *reading)
{
    struct reader readers[DEPTH];
    pthread_t threads[DEPTH];
    int made = 0, rc = 0;

    bench_begin(bench);
    while (made < DEPTH && rc == 0) {
        readers[made] = (struct reader){reading, reading->blocks + (size_t)made * BLOCK};
        rc = -pthread_create(&threads[made], NULL, reading_thread, &readers[made]);
        made += rc == 0;
    }
    while (made)
        pthread_join(threads[--made], NULL);
    bench_end(bench);
    return rc;
}

static void direct_thread(struct bench *bench)
{
    read_all(bench, read_by_threads);
}
BENCH("file_direct_64/thread", direct_thread, BENCH_WALL)

/* ---- floor ---------------------------------------------------------------------------------- */

static bool read_next(struct io_uring *ring, struct reading *reading, uint64_t index)
{
    if (reading->left-- <= 0)
        return false;
    struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
    io_uring_prep_read(sqe, reading->fd, reading->blocks + index * BLOCK, BLOCK,
                       (uint64_t)draw_place(reading));
    sqe->user_data = index;
    return true;
}

static int keep_full(struct io_uring *ring, struct reading *reading)
{
    unsigned flying = 0, head;
    struct io_uring_cqe *cqe;

    for (uint64_t i = 0; i < DEPTH; i++)
        flying += read_next(ring, reading, i);
    while (flying) {
        unsigned seen = 0;
        int rc = io_uring_submit_and_wait(ring, 1);
        if (rc < 0)
            return rc;
        io_uring_for_each_cqe(ring, head, cqe)
        {
            if (cqe->res != BLOCK)
                reading->rc = -EIO;
            flying -= !read_next(ring, reading, cqe->user_data);
            seen++;
        }
        io_uring_cq_advance(ring, seen);
    }
    return 0;
}

static int read_by_hand(struct bench *bench, struct reading *reading)
{
    struct io_uring_params params = {.flags =
                                         IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN};
    struct io_uring ring;
    int rc = io_uring_queue_init_params(DEPTH, &ring, &params);

    if (rc < 0)
        return rc;
    bench_begin(bench);
    rc = keep_full(&ring, reading);
    bench_end(bench);
    io_uring_queue_exit(&ring);
    return rc;
}

static void direct_floor(struct bench *bench)
{
    read_all(bench, read_by_hand);
}
BENCH("file_direct_64/floor", direct_floor, BENCH_WALL)
