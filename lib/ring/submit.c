// SPDX-License-Identifier: MIT
#include "ring/ring.h"

#include "base/fault.h"

#include <string.h>

#define SAME(name)                                                                                 \
    _Static_assert((int)OP_##name == (int)IORING_OP_##name, "an opcode is io_uring's")
SAME(READV);
SAME(WRITEV);
SAME(FSYNC);
SAME(SENDMSG);
SAME(RECVMSG);
SAME(ACCEPT);
SAME(CONNECT);
SAME(OPENAT);
SAME(CLOSE);
SAME(STATX);
SAME(READ);
SAME(WRITE);
SAME(FADVISE);
SAME(MADVISE);
SAME(FALLOCATE);
SAME(SEND);
SAME(RECV);
SAME(OPENAT2);
SAME(SPLICE);
SAME(TEE);
SAME(SHUTDOWN);
SAME(RENAMEAT);
SAME(UNLINKAT);
SAME(MKDIRAT);
SAME(SYMLINKAT);
SAME(LINKAT);
SAME(FSETXATTR);
SAME(FGETXATTR);
SAME(SOCKET);
_Static_assert((int)OP_DATA_ONLY == (int)IORING_FSYNC_DATASYNC, "an option is io_uring's");
_Static_assert((int)OP_POLL == (int)IORING_OP_POLL_ADD, "an opcode is io_uring's");
_Static_assert(_Alignof(struct op) >= 8, "the low bits of an op's address are the tag");

/* liburing's own looks at what this ring never is. */
static inline struct io_uring_sqe *free_entry(struct io_uring_sq *queue)
{
    if (unlikely(queue->sqe_tail - IO_URING_READ_ONCE(*queue->khead) >= queue->ring_entries))
        return NULL;
    return &queue->sqes[queue->sqe_tail++ & queue->ring_mask];
}

/* The queue is full: one enter more. A kernel that is short of memory may have some when what has
 * come is taken from it. */
static NOINLINE int make_room(struct ring *ring, struct io_uring_sqe **sqe)
{
    do {
        int rc = ring_call(ring, 0);
        if (rc == -EBUSY || rc == -EAGAIN) {
            if (ring_stash(ring) <= 0)
                return -ENOMEM;
        } else if (rc < 0 && rc != -EINTR) {
            return rc;
        }
    } while (!(*sqe = free_entry(&ring->uring.sq)));
    return 0;
}

int ring_sqe(struct ring *ring, struct io_uring_sqe **sqe)
{
    if (unlikely(ring_forked(ring)))
        return -COIL_ECLOSED;
    if (fault_here("ring_sqe"))
        return -ENOMEM;
    *sqe = free_entry(&ring->uring.sq);
    return likely(*sqe) ? 0 : make_room(ring, sqe);
}

/* Whether the engine said that it can do this. */
static bool offered(const struct ring *ring, const struct op *op)
{
    uint32_t needed = 0;

    if (op->flags & OP_SLOT)
        needed |= ENGINE_SLOTS;
    if (op->flags & OP_LEND)
        needed |= ENGINE_LEND;
    if (op->flags & OP_MANY && op->opcode == OP_ACCEPT)
        needed |= ENGINE_MANY_ACCEPT;
    if (op->flags & OP_MANY && op->opcode == OP_RECV)
        needed |= ENGINE_MANY_RECV;
    return (ring->engine.capabilities & needed) == needed;
}

static void many(struct io_uring_sqe *sqe, const struct op *op)
{
    if (op->opcode == OP_ACCEPT)
        sqe->ioprio |= IORING_ACCEPT_MULTISHOT;
    else if (op->opcode == OP_RECV)
        sqe->ioprio |= IORING_RECV_MULTISHOT;
    else if (op->opcode == OP_POLL)
        sqe->len |= IORING_POLL_ADD_MULTI;
}

#define BIT(opcode) (UINT64_C(1) << (opcode))

/* Opcodes that have words of an entry for themselves. */
#define PECULIAR                                                                                   \
    (BIT(OP_SPLICE) | BIT(OP_TEE) | BIT(OP_WAITID) | BIT(OP_FUTEX_WAIT) | BIT(OP_FUTEX_WAKE) |     \
     BIT(OP_PIPE))

static NOINLINE void fill_peculiar(struct io_uring_sqe *sqe, const struct op *op)
{
    switch (op->opcode) {
    case OP_SPLICE:
    case OP_TEE:
        sqe->splice_fd_in = op->fd2;
        break;
    case OP_WAITID:
        sqe->fd = (int)op->size;
        sqe->addr = 0;
        sqe->file_index = (uint32_t)op->fd2;
        break;
    case OP_PIPE:
        sqe->fd = 0; /* it has none yet, and the kernel wants this */
        break;
    default:
        sqe->fd = (int)op->futex;
        sqe->addr3 = UINT32_MAX; /* FUTEX_BITSET_MATCH_ANY */
        break;
    }
}

/* Opcodes that move bytes of a file, where they have an offset. */
#define OF_FILES (BIT(OP_READ) | BIT(OP_READV) | BIT(OP_WRITE) | BIT(OP_WRITEV))

/*
 * The kernel holds back what it has for a device until all that it was given is made, and a device
 * that works at many things at once idles meanwhile. So a few are given to it at once, and again
 * each time that there are as many. When all of them were done at once, the page cache had them and
 * there is no device: the rest is for the turn's enter.
 */
static NOINLINE void start_device(struct ring *ring)
{
    enum { FEW = 4 }; /* docs/RATIONALE.md, "The ring" */
    unsigned ready = io_uring_cq_ready(&ring->uring);

    if (++ring->file_ops != FEW)
        return;
    (void)ring_submit_early(ring); /* an error stays for the turn's enter to say */
    if (io_uring_cq_ready(&ring->uring) - ready < FEW)
        ring->file_ops = 0;
}

int ring_submit(struct engine *engine, struct op *op)
{
    struct ring *ring = ring_of(engine);
    struct io_uring_sqe *sqe;

    if (unlikely(op->opcode == OP_CALL))
        return ring_blocking_submit(ring, op);
    if (unlikely(op->flags) && !offered(ring, op))
        return -EOPNOTSUPP;
    int rc = ring_sqe(ring, &sqe);
    if (rc < 0)
        return rc;
    memset(sqe, 0, sizeof(*sqe));
    sqe->opcode = op->opcode;
    sqe->fd = op->fd;
    sqe->off = op->offset;
    sqe->len = op->length;
    if (op->opcode == OP_POLL) {
        sqe->poll32_events = (uint32_t)op->mask;
        sqe->len = 0;
    } else if (op->opcode == OP_SOCKET) {
        sqe->fd = (int)op->options;
    } else {
        sqe->addr = (uint64_t)(uintptr_t)op->address;
        sqe->rw_flags = (int)op->options;
    }
    if (unlikely(PECULIAR >> op->opcode & 1))
        fill_peculiar(sqe, op);
    if (op->flags & OP_MAY_SIGNAL)
        ring_sigpipe_begin(ring, sqe);
    if (op->flags & OP_SLOT)
        sqe->flags |= IOSQE_FIXED_FILE;
    if (op->flags & OP_LEND) {
        sqe->flags |= IOSQE_BUFFER_SELECT;
        sqe->buf_group = op->group;
        sqe->addr = 0;
        sqe->len = 0; /* as much as a buffer holds */
    }
    if (op->flags & OP_MANY)
        many(sqe, op);
    sqe->user_data = (uint64_t)(uintptr_t)op | RING_OP;
    if (OF_FILES >> op->opcode & 1 && op->offset != OP_HERE)
        start_device(ring);
    return 0;
}

static int ask(struct ring *ring, const struct op *op)
{
    struct io_uring_sqe *sqe;
    int rc = ring_sqe(ring, &sqe);

    if (rc < 0)
        return rc;
    memset(sqe, 0, sizeof(*sqe));
    sqe->opcode = IORING_OP_ASYNC_CANCEL;
    sqe->fd = -1;
    sqe->addr = (uint64_t)(uintptr_t)op | RING_OP;
    sqe->flags = IOSQE_CQE_SKIP_SUCCESS;
    sqe->user_data = RING_IGNORED;
    return 0;
}

void ring_cancel(struct engine *engine, struct op *op)
{
    struct ring *ring = ring_of(engine);

    if (ring_forked(ring))
        return; /* ring_reap_in_child ends it */
    if (op->opcode == OP_CALL) {
        ring_blocking_cancel(op);
        return;
    }
    bool owed = ask(ring, op) < 0;
    op->private = owed ? ring : NULL;
    ring->cancels_owed += owed;
    ring->behind |= owed;
}

int ring_ask_again(struct ring *ring)
{
    if (likely(!ring->cancels_owed))
        return 0;
    list_for_each (node, &ring->engine.in_flight) {
        struct op *op = list_entry(node, struct op, in_flight);
        if (op->state != OP_CANCELLING || !op->private || op->opcode == OP_CALL)
            continue;
        int rc = ask(ring, op);
        if (rc < 0)
            return rc;
        op->private = NULL;
    }
    ring->cancels_owed = 0; /* those that are not in flight any more included */
    return 0;
}
