/* SPDX-License-Identifier: MIT */
#include "touch.h"

#include "ctx/stack.h"
#include "os/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BLOCKS = 512 };

static int touch_slabs(size_t stacks)
{
    for (size_t done = 0; done < stacks; done += BLOCKS) {
        void *memory;
        int rc = os_reserve((size_t)BLOCKS * STACK_SIZE_DEFAULT, &memory);
        if (rc == 0)
            rc = os_guard_pages(memory, STACK_SIZE_DEFAULT, BLOCKS);
        if (rc < 0)
            return rc;
        for (size_t i = 1; i <= BLOCKS && done + i <= stacks; i++)
            ((volatile char *)memory)[i * STACK_SIZE_DEFAULT - 1] = 1;
    }
    return 0;
}

double touch_floor(size_t stacks)
{
    double seconds = -1;
    int out[2];

    if (pipe(out) < 0)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        int64_t start = os_now();
        if (touch_slabs(stacks) < 0)
            _exit(1);
        seconds = (double)(os_now() - start) / 1e9;
        _exit(write(out[1], &seconds, sizeof(seconds)) != sizeof(seconds));
    }
    close(out[1]);
    if (child < 0 || read(out[0], &seconds, sizeof(seconds)) != sizeof(seconds))
        seconds = -1;
    close(out[0]);
    if (child > 0)
        waitpid(child, NULL, 0);
    return seconds;
}

long touch_kib(const char *file, const char *name)
{
    char line[256];
    long value = -1;
    FILE *lines = fopen(file, "re");

    if (!lines)
        return -1;
    while (value < 0 && fgets(line, sizeof(line), lines))
        if (strncmp(line, name, strlen(name)) == 0)
            value = strtol(line + strlen(name), NULL, 10);
    fclose(lines);
    return value;
}
