// SPDX-License-Identifier: MIT
#include "limits.h"

#include <stdio.h>
#include <sys/resource.h>

enum {
    SPARE_DESCRIPTORS = 24, /* standard streams, rings, what was inherited */
    /*
     * A thread's own multi handle has a pair to wake it with beside the connection. Where a name is
     * looked up there are as many again: a pair to the thread that looks, and one more connection
     * when the name has several addresses.
     */
    THREAD_DESCRIPTORS = 3,
    LOOKUP_DESCRIPTORS = 3
};

void limits_raise(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* The numbers in a file of /proc; what is not there stays as it was. */
static void read_numbers(const char *path, size_t *first, size_t *second)
{
    FILE *file = fopen(path, "re");

    if (!file)
        return;
    if (fscanf(file, "%zu %zu", first, second) < 1)
        *first = SIZE_MAX;
    fclose(file);
}

static void bound(struct limit *limit, size_t most, const char *why)
{
    if (most < limit->most)
        *limit = (struct limit){most > 0 ? most : 1, why};
}

static void bound_descriptors(struct limit *limit, const struct options *options, enum mode mode)
{
    struct rlimit files;
    size_t each = mode == MODE_THREADS ? THREAD_DESCRIPTORS : 1;

    if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur == RLIM_INFINITY)
        return;
    if (options->urls)
        each += LOOKUP_DESCRIPTORS;
    bound(limit,
          files.rlim_cur > SPARE_DESCRIPTORS ? (files.rlim_cur - SPARE_DESCRIPTORS) / each : 1,
          "open descriptors");
}

struct limit limits_of(const struct options *options, enum mode mode)
{
    struct limit limit = {SIZE_MAX, ""};
    size_t low = 0, high = SIZE_MAX, processes = SIZE_MAX, threads = SIZE_MAX, unused;

    if (mode == MODE_SEQUENTIAL)
        return (struct limit){1, ""};
    if (options->client == CLIENT_HTTP)
        bound_descriptors(&limit, options, mode);
    if (options->client == CLIENT_HTTP && !options->urls) {
        read_numbers("/proc/sys/net/ipv4/ip_local_port_range", &low, &high);
        if (high > low) /* a quarter is left to others */
            bound(&limit, (high - low) / 4 * 3, "local ports");
    }
    if (mode == MODE_THREADS) {
        read_numbers("/proc/sys/kernel/pid_max", &processes, &unused);
        read_numbers("/proc/sys/kernel/threads-max", &threads, &unused);
        bound(&limit, processes / 2, "half of this system's process numbers");
        bound(&limit, threads / 2, "half of this system's threads");
    }
    return limit;
}
