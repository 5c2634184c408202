// SPDX-License-Identifier: MIT
#include "os/os.h"

#include "base/assert.h"
#include "base/fault.h"
#include "base/poison.h"
#include "os/features.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* linux/mman.h since 6.13; glibc 2.36 does not have it. */
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

enum {
    NO_SUCH_ADVICE = -1,
    DEFAULT_MAX_MAP_COUNT = 65530, /* the kernel's default, when /proc is not there */
    GUARDS_A_CALL = 512,           /* measured: 0.7 us a guard, against 1.1 one by one */
    GUARDS_WORTH_A_CALL = 16       /* below, opening the descriptor costs more than it saves */
};

static atomic_size_t mapped_guards;

int os_reserve(size_t size, void **memory)
{
    if (sysconf(_SC_PAGESIZE) != OS_PAGE)
        return -ENOSYS;
    if (fault_here("os_reserve"))
        return -ENOMEM;
    void *start = mmap(NULL, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (start == MAP_FAILED)
        return -errno;
    /* One huge page would make 32 stacks resident at the first touch. It may be refused where
     * the kernel has no huge pages: then there is nothing to forbid. */
    (void)madvise(start, size, MADV_NOHUGEPAGE);
    *memory = start;
    return 0;
}

void os_release(void *memory, size_t size)
{
    /* Frames that never returned left their marks; the next mapping here knows nothing of them. */
    poison_clear(memory, size);
    int rc = munmap(memory, size);
    ASSERT(rc == 0);
}

void os_discard(void *memory, size_t size)
{
    int rc = madvise(memory, size, MADV_DONTNEED);
    ASSERT(rc == 0);
}

/*
 * One call for many blocks. The kernel may refuse this advice to process_madvise (before 6.13, or
 * a filter forbids it): then the caller takes them one by one. The descriptor is opened for each
 * call, because one that was kept would mean the parent after a fork.
 */
static bool guard_many(char *first, size_t stride, size_t count)
{
    struct iovec pages[GUARDS_A_CALL];

#if COIL_VALGRIND
    if (coil__on_valgrind) /* it does not know these calls, and complains */
        return false;
#endif
    if (!feature_allowed(FEATURE_GUARD_MANY))
        return false;
    int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
    if (self < 0)
        return false;
    for (size_t i = 0; i < count; i++)
        pages[i] = (struct iovec){.iov_base = first + i * stride, .iov_len = OS_PAGE};
    long done = syscall(SYS_process_madvise, self, pages, count, MADV_GUARD_INSTALL, 0);
    close(self);
    return done == (long)(count * OS_PAGE);
}

int os_guard_pages(void *first, size_t stride, size_t count)
{
    char *block = first;

    if (!feature_allowed(FEATURE_GUARD_INSTALL) || fault_here("os_guard_pages"))
        return -EINVAL;
    /* qemu-user answers yes to any advice, and drops it: no guard would be there. */
    if (madvise(first, OS_PAGE, NO_SUCH_ADVICE) == 0)
        return -EINVAL;
    while (count) {
        size_t now = count < GUARDS_A_CALL ? count : GUARDS_A_CALL;
        if (now < GUARDS_WORTH_A_CALL || !guard_many(block, stride, now)) {
            for (size_t i = 0; i < now; i++)
                if (madvise(block + i * stride, OS_PAGE, MADV_GUARD_INSTALL) < 0)
                    return -errno;
        }
        block += now * stride;
        count -= now;
    }
    return 0;
}

int os_guard_mapped(void *page)
{
    if (fault_here("os_guard_mapped"))
        return -ENOMEM;
    if (mprotect(page, OS_PAGE, PROT_NONE) < 0)
        return -errno;
    atomic_fetch_add(&mapped_guards, 1);
    return 0;
}

void os_guard_mapped_gone(size_t count)
{
    size_t before = atomic_fetch_sub(&mapped_guards, count);
    ASSERT(before >= count);
}

static size_t max_map_count(void)
{
    char text[32] = "";
    int fd = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return DEFAULT_MAX_MAP_COUNT;
    ssize_t length = read(fd, text, sizeof(text) - 1);
    close(fd);
    long value = length > 0 ? strtol(text, NULL, 10) : 0;
    return value > 0 ? (size_t)value : DEFAULT_MAX_MAP_COUNT;
}

size_t os_guards_left(void)
{
    size_t allowed = max_map_count() / 4; /* half of the mappings, two a guard */
    size_t used = atomic_load(&mapped_guards);
    return used < allowed ? allowed - used : 0;
}
