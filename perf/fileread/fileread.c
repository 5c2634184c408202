// SPDX-License-Identifier: MIT
/*
 * Random direct reads of 4 KiB, by as many tasks as reads are to be in flight, for some seconds:
 *
 *     fileread FILE DEPTH SECONDS
 *
 * Prints the reads, the seconds that they took, and the CPU seconds of the process.
 */
#include <coil/coil.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { BLOCK = 4096, DEPTH_MAX = 4096 };

struct run;

struct reader {
    struct run *run;
    char *buffer;
};

struct run {
    int fd;
    uint64_t blocks; /* of the file */
    uint64_t random;
    size_t depth;
    struct reader *readers;
    coil_time duration, took;
    uint64_t reads;
    bool over;
};

/* xorshift64: a few instructions, as fio's own. */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void *read_blocks(void *argument)
{
    const struct reader *reader = argument;
    struct run *run = reader->run;

    while (!run->over) {
        int64_t offset = (int64_t)(next_random(&run->random) % run->blocks) * BLOCK;
        ssize_t n = coil_pread(run->fd, reader->buffer, BLOCK, offset);
        if (n != BLOCK)
            return COIL_ERR(n < 0 ? (int)n : -EIO);
        run->reads++;
    }
    return NULL;
}

static int end(void *run)
{
    ((struct run *)run)->over = true;
    return 0;
}

static void *read_for_a_while(void *argument)
{
    struct run *run = argument;
    coil_loop *loop = coil_get_running_loop();
    coil_group readers = COIL_GROUP_INIT;
    coil_time start = coil_loop_time(loop);
    int rc = coil_group_enter(&readers);

    if (rc == 0)
        rc = coil_handle_error(coil_call_later(loop, run->duration, end, run));
    for (size_t i = 0; rc == 0 && i < run->depth; i++)
        rc = coil_err(coil_group_create_task(&readers, read_blocks, &run->readers[i]));
    rc = coil_group_exit(&readers, rc);
    coil_group_fini(&readers);
    run->took = coil_loop_time(loop) - start;
    return COIL_ERR(rc);
}

static double cpu_seconds(void)
{
    struct rusage used;

    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static int measure(struct run *run)
{
    struct stat file;
    char *buffers = aligned_alloc(BLOCK, run->depth * BLOCK);

    run->readers = calloc(run->depth, sizeof(*run->readers));
    if (!buffers || !run->readers)
        return -ENOMEM;
    for (size_t i = 0; i < run->depth; i++)
        run->readers[i] = (struct reader){run, buffers + i * BLOCK};
    if (fstat(run->fd, &file) < 0)
        return -errno;
    run->blocks = (uint64_t)file.st_size / BLOCK;
    int rc = run->blocks ? coil_run(read_for_a_while, run, NULL) : -EINVAL;
    free(run->readers);
    free(buffers);
    return rc;
}

int main(int argc, char **argv)
{
    struct run run = {.random = (uint64_t)getpid() * 0x9e3779b97f4a7c15u};
    double seconds = argc == 4 ? strtod(argv[3], NULL) : 0;

    run.depth = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;
    run.duration = COIL_SEC(seconds);
    if (run.depth < 1 || run.depth > DEPTH_MAX || !(seconds > 0 && seconds < 3600)) {
        fprintf(stderr, "usage: fileread FILE DEPTH SECONDS\n");
        return 2;
    }
    run.fd = open(argv[1], O_RDONLY | O_DIRECT | O_CLOEXEC);
    int rc = run.fd < 0 ? -errno : measure(&run);
    if (rc < 0) {
        fprintf(stderr, "fileread: %s: %s\n", argv[1], coil_strerror(rc));
        return 1;
    }
    printf("%llu reads in %.6f s, %.6f s of CPU\n", (unsigned long long)run.reads,
           (double)run.took / 1e9, cpu_seconds());
    return 0;
}
