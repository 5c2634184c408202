// SPDX-License-Identifier: MIT
/*
 * What coil asks of the system beside the ring: clock, memory for stacks, threads. Nothing else in
 * lib/ calls the kernel for these. Functions return 0 or a negative errno.
 */
#ifndef OS_OS_H
#define OS_OS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- clock -------------------------------------------------------------------------------- */

int64_t os_now(void); /* CLOCK_MONOTONIC, ns */

/* Blocks the thread until that point. Signal handlers that run meanwhile do not shorten it. */
void os_block(int64_t until);

/* ---- memory ------------------------------------------------------------------------------- */

enum { OS_PAGE = 4096 }; /* kernels with larger pages are refused: -ENOSYS */

/* Address space that costs nothing until it is touched, and no swap is reserved for it. */
int os_reserve(size_t size, void **memory);
void os_release(void *memory, size_t size);

/* Gives the pages' memory back; they read as zero afterwards. Guards stay. */
void os_discard(void *memory, size_t size);

/*
 * Makes a page at the start of each of `count` blocks, `stride` bytes apart, fault on access,
 * without a mapping for each (MADV_GUARD_INSTALL). -EINVAL: this kernel cannot.
 */
int os_guard_pages(void *first, size_t stride, size_t count);

/* Makes one page fault on access by changing its protection: costs two mappings. */
int os_guard_mapped(void *page);

/* How many such pages this process may still have: half of vm.max_map_count, two a guard. */
size_t os_guards_left(void);
void os_guard_mapped_gone(size_t count); /* their memory was released */

/* ---- threads ------------------------------------------------------------------------------ */

typedef void *(*os_thread_fn)(void *argument);

/* Signals stay with the program's own threads: a new thread blocks all of them. */
int os_thread_start(pthread_t *thread, const char *name, os_thread_fn fn, void *argument);

extern _Thread_local char coil__thread_mark __attribute__((tls_model("initial-exec")));

/* Whether this is the process's first thread. */
bool os_thread_is_main(void);

/* How many processors this thread may run on; at least 1. */
unsigned os_processors(void);

/* A number that no other living thread has; cheap. */
static inline uintptr_t os_thread_self(void)
{
    return (uintptr_t)&coil__thread_mark;
}

#endif
