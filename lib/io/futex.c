// SPDX-License-Identifier: MIT
#include "io/retry.h"

#include <coil/futex.h>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

/* futex2's kinds, as Debian 12's headers do not name them (linux/futex.h of Linux 6.7). */
enum { KIND_U32 = 0x02, KIND_PRIVATE = 128 };

static int argument_of(const uint32_t *word, unsigned flags)
{
    bool aligned = (uintptr_t)word % sizeof(*word) == 0;

    return !word || !aligned || flags & ~(unsigned)COIL_FUTEX_SHARED ? -EINVAL : 0;
}

static struct op futex_op(enum op_code opcode, const uint32_t *word, uint32_t value, unsigned flags)
{
    struct op op;

    op_init(&op, opcode, -1, NULL);
    op.futex = KIND_U32 | (flags & COIL_FUTEX_SHARED ? 0 : KIND_PRIVATE);
    op.address = word;
    op.offset = value;
    return op;
}

int coil_futex_wait(const uint32_t *word, uint32_t expected, unsigned flags)
{
    struct op op = futex_op(OP_FUTEX_WAIT, word, expected, flags);
    int rc = argument_of(word, flags);

    return rc < 0 ? rc : io_await(&op, 0);
}

/* It does not block: where the engine does not carry it, it is a plain call. */
static int plain_wake(const uint32_t *word, uint32_t n, unsigned flags)
{
    int rc = io_await_nothing(-1);
    const int before = errno;

    if (rc < 0)
        return rc;
    const int how = FUTEX_WAKE | (flags & COIL_FUTEX_SHARED ? 0 : FUTEX_PRIVATE_FLAG);
    long woken = syscall(SYS_futex, word, how, n < INT32_MAX ? n : INT32_MAX, NULL, NULL, 0);
    rc = woken < 0 ? -errno : (int)woken;
    errno = before;
    return rc;
}

int coil_futex_wake(const uint32_t *word, uint32_t n, unsigned flags)
{
    struct op op = futex_op(OP_FUTEX_WAKE, word, n < INT32_MAX ? n : INT32_MAX, flags);
    int rc = argument_of(word, flags);

    if (rc < 0)
        return rc;
    return io_carries(OP_FUTEX_WAKE) ? io_await(&op, 0) : plain_wake(word, n, flags);
}
