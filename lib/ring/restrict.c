// SPDX-License-Identifier: MIT
/*
 * A ring that names no files. Filters and watchers of system calls do not see what a ring carries,
 * so a program that forbids itself open(2) and the like has to forbid it to its ring as well. The
 * kernel keeps the list, from the ring's first run on, and nobody can take it back.
 */
#include "ring/ring.h"

#include "base/fault.h"

#define BIT(opcode) (UINT64_C(1) << (opcode))

/* What has a path among its arguments. */
#define WITH_PATH                                                                                  \
    (BIT(OP_OPENAT) | BIT(OP_OPENAT2) | BIT(OP_STATX) | BIT(OP_RENAMEAT) | BIT(OP_UNLINKAT) |      \
     BIT(OP_MKDIRAT) | BIT(OP_SYMLINKAT) | BIT(OP_LINKAT))

static const uint8_t registrations[] = {
    IORING_REGISTER_ENABLE_RINGS, IORING_REGISTER_RING_FDS,  IORING_UNREGISTER_RING_FDS,
    IORING_REGISTER_EVENTFD,      IORING_UNREGISTER_EVENTFD, IORING_REGISTER_PBUF_RING,
    IORING_UNREGISTER_PBUF_RING,
};

int ring_restrict(struct engine *engine)
{
    const struct ring *ring = ring_of(engine);
    /* Of all that the kernel knows, so also what the engine itself asks for. */
    const uint64_t allowed = engine->opcodes & ~(BIT(OP_CALL) | WITH_PATH);
    struct io_uring_restriction list[OP_CODES + array_length(registrations) + 1] = {{0}};
    unsigned n = 0;

    ASSERT(!ring->enabled);
    if (fault_here("ring_restrict"))
        return -ENOMEM;
    for (unsigned opcode = 0; opcode < OP_CODES; opcode++)
        if (allowed & BIT(opcode))
            list[n++] = (struct io_uring_restriction){.opcode = IORING_RESTRICTION_SQE_OP,
                                                      .sqe_op = (uint8_t)opcode};
    for (size_t i = 0; i < array_length(registrations); i++)
        list[n++] = (struct io_uring_restriction){.opcode = IORING_RESTRICTION_REGISTER_OP,
                                                  .register_op = registrations[i]};
    list[n++] =
        (struct io_uring_restriction){.opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED,
                                      .sqe_flags = IOSQE_BUFFER_SELECT | IOSQE_CQE_SKIP_SUCCESS};
    return io_uring_register((unsigned)ring->uring.ring_fd, IORING_REGISTER_RESTRICTIONS, list, n);
}
