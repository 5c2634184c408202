// SPDX-License-Identifier: MIT
/*
 * What the kernel wrote for an operation. Valgrind sees only what the program does, so it holds
 * that memory to be undefined until it is told. Nothing in other builds.
 */
#include "ring/ring.h"

#include "base/poison.h"

#if COIL_VALGRIND && !WITH_ASAN
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

static void vector(const struct iovec *parts, size_t count, size_t length)
{
    for (size_t i = 0; i < count && length; i++) {
        size_t part = parts[i].iov_len < length ? parts[i].iov_len : length;
        poison_defined(parts[i].iov_base, part);
        length -= part;
    }
}

static void message(struct msghdr *message, size_t length)
{
    poison_defined(message, sizeof(*message)); /* the kernel sets its lengths and flags */
    vector(message->msg_iov, message->msg_iovlen, length);
    if (message->msg_name)
        poison_defined(message->msg_name, message->msg_namelen);
    if (message->msg_control)
        poison_defined(message->msg_control, message->msg_controllen);
}

static void address(void *address, socklen_t *length)
{
    if (!address || !length)
        return;
    poison_defined(length, sizeof(*length));
    poison_defined(address, *length < sizeof(struct sockaddr_storage)
                                ? *length
                                : sizeof(struct sockaddr_storage));
}

static void written(const struct op *op, size_t result)
{
    void *memory = (void *)(uintptr_t)op->address;
    void *second = (void *)(uintptr_t)op->address2;

    switch (op->opcode) {
    case OP_READ:
    case OP_RECV:
        poison_defined(memory, result);
        break;
    case OP_READV:
        vector(memory, op->length, result);
        break;
    case OP_RECVMSG:
        message(memory, result);
        break;
    case OP_ACCEPT:
        address(memory, second);
        break;
    case OP_STATX:
        poison_defined(second, sizeof(struct statx));
        break;
    case OP_WAITID:
        poison_defined(second, sizeof(siginfo_t));
        break;
    default:
        break;
    }
}

void ring_written(const struct completion *completion)
{
    const struct op *op = completion->op;

    if (coil__on_valgrind && completion->result >= 0 && !(op->flags & OP_LEND))
        written(op, (size_t)completion->result);
}
#else
void ring_written(const struct completion *completion)
{
    (void)completion;
}
#endif
