/* SPDX-License-Identifier: MIT */
/*
 * file: reads 4 KiB of a file that the kernel has in memory, one after the other; what is measured
 * is the way there and back. An item is one read. floor: through a ring with nothing above it.
 */
#include "floor.h"
#include "main_task.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { BLOCK = 4096, BLOCKS = 256 };

/* An open file without a name; < 0: there is none. */
static int new_file(void)
{
    static const char block[BLOCK];
    char path[] = "/tmp/bench-XXXXXX";
    int fd = mkstemp(path);

    if (fd < 0)
        return -errno;
    unlink(path);
    for (int i = 0; i < BLOCKS; i++)
        if (write(fd, block, BLOCK) != BLOCK) {
            close(fd);
            return -EIO;
        }
    return fd;
}

/* ---- coil ----------------------------------------------------------------------------------- */

static void *read_task(void *argument)
{
    struct bench *bench = argument;
    const uint64_t items = bench_items(bench);
    char block[BLOCK];
    int rc = 0, fd = new_file();

    if (fd < 0)
        return COIL_ERR(fd);
    bench_begin(bench);
    for (uint64_t i = 0; i < items; i++)
        if (coil_pread(fd, block, BLOCK, (int64_t)(i % BLOCKS) * BLOCK) != BLOCK)
            rc = -EIO;
    bench_end(bench);
    close(fd);
    return COIL_ERR(rc);
}

static void file_coil(struct bench *bench)
{
    bench_main_task(bench, read_task, 0);
}
BENCH("file/coil", file_coil, BENCH_CPU)

/* ---- thread --------------------------------------------------------------------------------- */

static void file_thread(struct bench *bench)
{
    const uint64_t items = bench_items(bench);
    char block[BLOCK];
    int rc = 0, fd = new_file();

    if (bench_failed(bench, fd))
        return;
    bench_begin(bench);
    for (uint64_t i = 0; i < items; i++)
        if (pread(fd, block, BLOCK, (off_t)(i % BLOCKS) * BLOCK) != BLOCK)
            rc = -EIO;
    bench_end(bench);
    close(fd);
    (void)bench_failed(bench, rc);
}
BENCH("file/thread", file_thread, BENCH_CPU)

/* ---- floor ---------------------------------------------------------------------------------- */

static void file_floor(struct bench *bench)
{
    const uint64_t items = bench_items(bench);
    struct floor_ring *floor = floor_ring_new();
    char block[BLOCK];
    int rc = 0, fd = new_file();

    if (bench_failed(bench, floor ? fd : -ENOSYS))
        return;
    bench_begin(bench);
    for (uint64_t i = 0; i < items; i++)
        if (floor_pread(floor, fd, block, BLOCK, i % BLOCKS * BLOCK) != BLOCK)
            rc = -EIO;
    bench_end(bench);
    close(fd);
    floor_ring_free(floor);
    (void)bench_failed(bench, rc);
}
BENCH("file/floor", file_floor, BENCH_CPU)
