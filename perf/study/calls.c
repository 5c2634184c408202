// SPDX-License-Identifier: MIT
/* The calls that wait: the kernel's for threads, coil's for tasks. */
#include "study.h"

#include <coil/coil.h>

#include <errno.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static ssize_t code(ssize_t result)
{
    return result < 0 ? -errno : result;
}

static int thread_sleep(int64_t nanoseconds)
{
    struct timespec time = {nanoseconds / 1000000000, nanoseconds % 1000000000};

    return -clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
}

static ssize_t thread_send(int fd, const void *buffer, size_t length, int flags)
{
    return code(send(fd, buffer, length, flags));
}

static ssize_t thread_recv(int fd, void *buffer, size_t length, int flags)
{
    return code(recv(fd, buffer, length, flags));
}

static ssize_t thread_pread(int fd, void *buffer, size_t length, int64_t offset)
{
    return code(pread(fd, buffer, length, offset));
}

const struct calls thread_calls = {thread_sleep, thread_send, thread_recv, thread_pread};
const struct calls task_calls = {coil_sleep, coil_send, coil_recv, coil_pread};
