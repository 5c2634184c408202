// SPDX-License-Identifier: MIT
/*
 * Closing a descriptor (contract 5): cancel what is in flight on it, drain, close, so that nobody
 * on this loop still waits on its number when the kernel may give it to somebody else. Those who
 * waited get -COIL_ECLOSED, and so do those who begin to wait meanwhile.
 */
#ifndef LOOP_DESCRIPTOR_H
#define LOOP_DESCRIPTOR_H

#include "loop/loop.h"

/* Someone who closes a descriptor: known to the loop until it is closed. */
struct closer {
    struct list_node link;
    int fd;
    size_t left; /* operations on fd that are in flight and must end first */
    void (*drained)(struct closer *closer); /* called once none is left: queues work */
};

/* From now on nobody begins anything on the descriptor, and what is in flight on it is cancelled.
 * False: nothing is; true: `drained` will be called. */
bool closer_begin(coil_loop *loop, struct closer *closer);

/* The descriptor is closed. */
void closer_end(struct closer *closer);

/* Suspends the running task until `fd` is closed. Cancellation does not stop it; it is delivered
 * at the next wait. In the child of a fork the child's copy is closed. 0, -EBADF, or another code
 * of close(2); -ENOMEM; -COIL_ENOLOOP outside a task. */
int descriptor_close(int fd);

/* The same for one that nobody else knows: it is closed also where the engine has no memory for
 * that. In a task. */
int descriptor_discard(int fd);

/* Closes it where the engine cannot: it has no memory, or this is the child of a fork, where the
 * descriptor is a copy. The one plain close; nothing where descriptors are not the kernel's. 0, or
 * a code of close(2). */
int descriptor_close_plainly(const struct engine *engine, int fd);

bool descriptor_closing_slow(const coil_loop *loop, const struct op *op);

/* Whether an operation would be on a descriptor that is being closed. */
static inline bool descriptor_closing(const coil_loop *loop, const struct op *op)
{
    return unlikely(!list_empty(&loop->closers)) && descriptor_closing_slow(loop, op);
}

/* The turn: an operation on `fd` has had its last completion. */
void descriptor_released(coil_loop *loop, int fd);

#endif
