// SPDX-License-Identifier: MIT
/*
 * A loop on the kernel's ring whose tasks have children. It ends with its scope, and then no child
 * is left, dead or alive, and no descriptor; under the failure walk, too, which it ends otherwise.
 *
 *     FAMILY(family);
 *     PASS(family_run(&family, some_coroutine, argument));
 *
 * Where there can be no children the run is left out: no ring, or a Valgrind that knows no
 * descriptors of processes without the ring to make up for it.
 */
#ifndef TESTS_FAMILY_H
#define TESTS_FAMILY_H

#include "base/poison.h"
#include "kernel.h"

#include <coil/features.h>
#include <coil/process.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

struct family {
    coil_loop *loop; /* NULL: there can be no children */
    int descriptors;
};

static inline int family_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;

    while (folder && readdir(folder))
        count++;
    if (folder)
        closedir(folder);
    return count;
}

static inline bool family_is_gone(const struct family *family)
{
    bool alone = waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD;

    return CHECK(alone) && CHECK_EQ(family_descriptors(), family->descriptors);
}

static inline void family_free(struct family *family)
{
    if (!family->loop)
        return;
    PASS(coil_loop_free(family->loop));
    if (!family_is_gone(family) && check_walking()) {
        fprintf(stderr, "a child or a descriptor is left\n");
        abort();
    }
}

static inline struct family family_new(void)
{
    struct family family = {.descriptors = family_descriptors()};

    if (kernel_has_rings() && !(ON_VALGRIND && !feature_allowed(FEATURE_WAITID)))
        family.loop = kernel_new();
    return family;
}

#define FAMILY(name) __attribute__((cleanup(family_free))) struct family name = family_new()

/* Runs a coroutine until it ends; its code, or 0. */
static inline int family_run(const struct family *family, coil_fn fn, void *argument)
{
    return family->loop ? kernel_run(family->loop, fn, argument) : 0;
}

/* In a task: a shell with a command and these streams. */
static inline coil_process *family_shell(const char *command, int in, int out, int err)
{
    const coil_process_options options = {
        .size = sizeof(options), .in = in, .out = out, .err = err};

    return coil_process_shell(command, &options);
}

/* In a task: waits for a child; its status, or 1000 when there is none. */
static inline int family_wait(coil_process *process)
{
    int status = 1000;
    int rc = coil_process_wait(process, &status);

    CHECK(rc == 0 || check_walking());
    return rc < 0 ? 1000 : status;
}

/* In a task: runs a command in a shell; its status. */
static inline int family_try(const char *command)
{
    coil_process *process = coil_process_shell(command, NULL);
    int status = family_wait(process);

    coil_process_unref(process);
    return status;
}

/* Blocks until a child has ended, and leaves its end to be taken. */
static inline void family_watch_it_end(const coil_process *process)
{
    siginfo_t info;

    if (coil_process_pid(process) > 0)
        CHECK_EQ(waitid(P_PID, (id_t)coil_process_pid(process), &info, WEXITED | WNOWAIT), 0);
}

#endif
