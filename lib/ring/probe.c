// SPDX-License-Identifier: MIT
/*
 * What this kernel's ring can do. Asked once a process: its opcodes by the list that the kernel
 * gives, the rest by trying it, because a version says little about a kernel that others have
 * ported things to. COIL_FEATURES takes away from what was found.
 */
#include "ring/ring.h"

#include "base/fault.h"
#include "os/os.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { OPCODES_MAX = 256, KNOWN = 1 << 30 };

static atomic_uint_least64_t opcodes;
static atomic_uint_least32_t capabilities; /* with KNOWN */

/* ---- opcodes ------------------------------------------------------------------------------ */

static const struct {
    enum feature feature;
    unsigned opcode;
} newer[] = {
    {FEATURE_MSG_RING, 40},  {FEATURE_SOCKET, OP_SOCKET}, {FEATURE_WAITID, OP_WAITID},
    {FEATURE_FUTEX, 51},     {FEATURE_FUTEX, 52},         {FEATURE_FUTEX, 53},
    {FEATURE_BIND, OP_BIND}, {FEATURE_LISTEN, OP_LISTEN}, {FEATURE_FTRUNCATE, OP_FTRUNCATE},
    {FEATURE_PIPE, OP_PIPE},
};

static uint64_t ask_opcodes(struct io_uring *uring)
{
    /* io_uring_register_probe wants room for every opcode that a kernel may have. */
    union {
        struct io_uring_probe probe;
        char room[sizeof(struct io_uring_probe) + OPCODES_MAX * sizeof(struct io_uring_probe_op)];
    } answer = {.room = {0}};
    uint64_t found = 0;

    if (fault_here("ring_opcodes") ||
        io_uring_register_probe(uring, &answer.probe, OPCODES_MAX) < 0)
        return 0;
    for (unsigned i = 0; i < answer.probe.ops_len && i < OP_CODES; i++)
        if (answer.probe.ops[i].flags & IO_URING_OP_SUPPORTED)
            found |= UINT64_C(1) << answer.probe.ops[i].op;
    return found;
}

static uint64_t allowed_opcodes(uint64_t found)
{
    found |= UINT64_C(1) << OP_CALL; /* the engine's own, whatever io_uring has there */
    for (size_t i = 0; i < array_length(newer); i++)
        if (!feature_allowed(newer[i].feature))
            found &= ~(UINT64_C(1) << newer[i].opcode);
    return found;
}

/* ---- behaviour ---------------------------------------------------------------------------- */

struct trial {
    struct io_uring uring;
    struct io_uring_buf_ring *queue; /* of one entry, on a page of its own */
    char *buffer;                    /* of one byte, on the next */
    int fd;                          /* of a socket that has a byte to read, and then its end */
};

/* Runs one operation to its last completion; gives the result and the flags of its first. */
static int run(struct io_uring *uring, unsigned *flags)
{
    struct io_uring_cqe *cqe;
    int first = 0;
    bool any = false, more = true;

    while (more) {
        int rc = io_uring_submit_and_wait(uring, 1);
        if (rc >= 0)
            rc = io_uring_peek_cqe(uring, &cqe);
        if (rc < 0 && rc != -EINTR && rc != -EAGAIN)
            return rc;
        if (rc < 0)
            continue;
        more = cqe->flags & IORING_CQE_F_MORE;
        if (!any) {
            first = cqe->res;
            *flags = cqe->flags;
        }
        any = true;
        io_uring_cqe_seen(uring, cqe);
    }
    return first;
}

/* A descriptor that is no socket: whoever knows the flag says so, others refuse the flag first. */
static uint32_t try_accept(struct trial *trial, int no_socket)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&trial->uring);
    unsigned flags;

    io_uring_prep_multishot_accept(sqe, no_socket, NULL, NULL, 0);
    return run(&trial->uring, &flags) == -ENOTSOCK ? ENGINE_MANY_ACCEPT : 0;
}

static int try_recv(struct trial *trial, bool many, unsigned *flags)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&trial->uring);

    if (many)
        io_uring_prep_recv_multishot(sqe, trial->fd, NULL, 0, 0);
    else
        io_uring_prep_recv(sqe, trial->fd, NULL, 1, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    return run(&trial->uring, flags);
}

/* One buffer, one byte, then the end. */
static uint32_t try_lend(struct trial *trial)
{
    struct io_uring_buf_reg registration = {
        .ring_addr = (uint64_t)(uintptr_t)trial->queue,
        .ring_entries = 1,
    };
    unsigned flags = 0;

    if (io_uring_register_buf_ring(&trial->uring, &registration, 0) < 0)
        return 0;
    io_uring_buf_ring_add(trial->queue, trial->buffer, 1, 0, 0, 0);
    io_uring_buf_ring_advance(trial->queue, 1);
    bool many = true;
    int rc = try_recv(trial, many, &flags);
    if (rc == -EINVAL) {
        many = false;
        rc = try_recv(trial, many, &flags);
    }
    if (rc != 1 || !(flags & IORING_CQE_F_BUFFER) || *trial->buffer != 'x')
        return 0;
    return ENGINE_LEND | (many && flags & IORING_CQE_F_MORE ? ENGINE_MANY_RECV : 0);
}

static int make_trial(struct trial *trial)
{
    void *memory;
    int ends[2] = {-1, -1};

    if (fault_here("ring_try"))
        return -ENOMEM;
    int rc = io_uring_queue_init(4, &trial->uring, 0);
    if (rc < 0)
        return rc;
    ring_mapped();
    rc = os_reserve((size_t)2 * OS_PAGE, &memory);
    if (rc == 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        rc = -errno;
        os_release(memory, (size_t)2 * OS_PAGE);
    }
    if (rc < 0) {
        ring_unmap(&trial->uring);
        return rc;
    }
    trial->queue = memory;
    trial->buffer = (char *)memory + OS_PAGE;
    trial->fd = ends[0];
    ssize_t n = send(ends[1], "x", 1, MSG_NOSIGNAL);
    ASSERT(n == 1);
    close(ends[1]);
    return 0;
}

/* 0: it could not be tried, for want of memory or descriptors: nothing is known. */
static uint32_t ask_capabilities(int no_socket)
{
    struct trial trial;
    const int before = errno;
    uint32_t found = 0;

    if (make_trial(&trial) == 0) {
        found = KNOWN | try_accept(&trial, no_socket) | try_lend(&trial);
        ring_unmap(&trial.uring);
        close(trial.fd);
        os_release(trial.queue, (size_t)2 * OS_PAGE);
    }
    errno = before;
    return found;
}

static uint32_t allowed_capabilities(uint32_t found)
{
    if (!feature_allowed(FEATURE_MANY_ACCEPT))
        found &= ~(uint32_t)ENGINE_MANY_ACCEPT;
    if (!feature_allowed(FEATURE_BUFFER_RINGS))
        found &= ~(uint32_t)(ENGINE_LEND | ENGINE_MANY_RECV);
    if (!feature_allowed(FEATURE_MANY_RECV))
        found &= ~(uint32_t)ENGINE_MANY_RECV;
    return found & ~(uint32_t)KNOWN;
}

int ring_probe(struct ring *ring)
{
    /* Two threads may both ask: they get the same answers. */
    if (!atomic_load(&opcodes))
        atomic_store(&opcodes, ask_opcodes(&ring->uring));
    if (!atomic_load(&capabilities))
        atomic_store(&capabilities, ask_capabilities(ring->wake_fd));
    if (!atomic_load(&opcodes))
        return -ENOMEM;
    ring->engine.opcodes = allowed_opcodes(atomic_load(&opcodes));
    ring->engine.capabilities = allowed_capabilities(atomic_load(&capabilities));
    return 0;
}
