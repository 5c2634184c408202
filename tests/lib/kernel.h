// SPDX-License-Identifier: MIT
/* A loop on the kernel's ring, which ends with its scope, and a look at the ring. */
#ifndef TESTS_KERNEL_H
#define TESTS_KERNEL_H

#include "loop/loop.h"
#include "ring/ring.h"
#include "world.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Not so under qemu-user: for the few tests on the ring in suites that run there, too. */
static inline bool kernel_has_rings(void)
{
    return syscall(SYS_io_uring_setup, 0, NULL) >= 0 || errno != ENOSYS;
}

static inline void kernel_free(coil_loop **loop)
{
    PASS(coil_loop_free(*loop));
}

#define KERNEL(name) __attribute__((cleanup(kernel_free))) coil_loop *name = kernel_new()

static inline coil_loop *kernel_new(void)
{
    coil_loop *loop = coil_loop_new(NULL);
    PASS(err_code(loop));
    return loop;
}

/* Runs a coroutine on the loop until it ends; its code, or 0. */
static inline int kernel_run(coil_loop *loop, coil_fn fn, void *argument)
{
    coil_task *task = coil_create_task_with(loop, fn, argument, NULL);
    int rc = err_is(loop) ? err_code(loop) : coil_run_until_complete(loop, task, NULL);

    if (!err_is(task) && !coil_done(task)) { /* the walk: it must not outlive its argument */
        (void)coil_cancel(task);
        (void)!coil_run_until_complete(loop, task, NULL);
    }
    coil_unref(task);
    return rc;
}

/* In a task: waits until a task has ended, however it ends. */
static inline void kernel_await(coil_task *task)
{
    int rc = coil_await(task, NULL);
    CHECK(rc < 0 || coil_done(task));
}

static inline struct ring *kernel_ring(coil_loop *loop)
{
    return ring_of(loop->engine);
}

#endif
