// SPDX-License-Identifier: MIT
/*
 * What every io function does beside its one operation: refuse bad arguments before anything is
 * submitted, keep lengths within what an operation carries, and wait on where the kernel would have
 * the caller try again.
 */
#ifndef IO_RETRY_H
#define IO_RETRY_H

#include "engine/engine.h"

/* The kernel moves no more at once: INT_MAX, down to a page of 4096 bytes. */
#define IO_LENGTH_MAX ((size_t)0x7ffff000)

static inline uint32_t io_length(size_t length)
{
    return (uint32_t)(length < IO_LENGTH_MAX ? length : IO_LENGTH_MAX);
}

/* What is wrong with the arguments of a call that moves bytes; or 0. */
static inline int io_arguments(int fd, const void *buffer, size_t length)
{
    if (unlikely(fd < 0))
        return -EBADF;
    return unlikely(!buffer && length) ? -EINVAL : 0;
}

/*
 * Awaits an operation (loop/await.h), again when it was interrupted. -EAGAIN means that the
 * descriptor is O_NONBLOCK: waits until it is ready for one of `events` (POLLIN, POLLOUT) and tries
 * again. With events of 0, -EAGAIN is the result.
 */
int io_await(struct op *op, unsigned events);

/* Awaits one of `events`; those that came. */
int io_await_ready(int fd, unsigned events);

/* Awaits room to write, or that there will be none: what follows then finds out. A positive number;
 * -EPIPE; as io_await_ready. io/room.c says what it does more. */
int io_await_room(int fd);

/* Tests: a simulated engine's descriptors are the kernel's, which may be asked what they are. */
extern bool coil__descriptors_are_real;

/* Makes a call that may block, which no operation stands for, on a thread of its own: waits as for
 * an operation on `fd`, or -1. What the call returns; -EAGAIN when no thread can be started. */
int io_call(int fd, int (*call)(void *argument), void *argument);

/* Whether this loop's engine carries an operation; outside a loop there is nothing to choose. */
bool io_carries(enum op_code opcode);

/* Waits as an operation on `fd` would that does nothing: for a call that the engine does not carry
 * and that never blocks. 0: make it. */
int io_await_nothing(int fd);

#endif
