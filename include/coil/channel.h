// SPDX-License-Identifier: MIT
/*
 * The channel: values from sender to receiver, straight or by a buffer, with an end; and select,
 * which waits for the first of several sends, receives and futures. As all of <coil/sync.h> a
 * channel is the caller's memory, belongs to the first loop that makes a task wait for it, and
 * serves in order of arrival.
 *
 * A value that has changed hands has done so for good: a send or a receive, or the case of a
 * select, that was served before a cancellation came succeeds, and the cancellation is delivered at
 * the task's next wait.
 */
#ifndef COIL_CHANNEL_H
#define COIL_CHANNEL_H

#include <coil/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct coil_link;

/* The members are coil's own. */
typedef struct coil_channel {
    struct coil_link *senders, *receivers;
    uint64_t loop;
    void **buffer;
    size_t capacity, first, count;
    bool closed;
} coil_channel;

/* Without a buffer: a send waits for its receiver. */
/* clang-format off */
#define COIL_CHANNEL_INIT {NULL, NULL, 0, NULL, 0, 0, 0, false}
/* clang-format on */

/*
 * Makes a channel that holds so many values that nobody has received; 0: as COIL_CHANNEL_INIT.
 *
 * Suspends: no.
 * Thread: any, while nobody else uses it.
 * Ownership: the caller's memory; with a buffer coil_channel_fini at its end.
 * Cancellation: none.
 * Errors: -ENOMEM; -EINVAL for NULL.
 */
COIL_API int coil_channel_init(coil_channel *channel, size_t capacity);

/*
 * Ends a channel and gives its buffer back. The struct is then one without a buffer. Receive first
 * what may be in it.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EBUSY while a task waits at it; -EINVAL for NULL.
 */
COIL_API int coil_channel_fini(coil_channel *channel);

/*
 * Sends a value to the receiver that has waited longest, or into the buffer, or waits for a
 * receiver. Any pointer is a value, NULL too.
 *
 * Suspends: only when no receiver waits and the buffer is full.
 * Thread: the loop's, in a task.
 * Ownership: the value is the receiver's; after an error it is still the caller's.
 * Cancellation: ends the wait with -ECANCELED and nothing sent; a send that was received succeeds.
 * Errors: -ECANCELED; -ESHUTDOWN when the channel is closed, also while it waits; -EINVAL for NULL;
 *         -EXDEV when it belongs to another loop; -COIL_ENOLOOP outside a task.
 */
COIL_API COIL_NODISCARD int coil_channel_send(coil_channel *channel, void *value);

/*
 * Receives the oldest value.
 *
 * Suspends: only when the buffer is empty and no sender waits.
 * Thread: the loop's, in a task.
 * Ownership: the value is the caller's.
 * Cancellation: ends the wait with -ECANCELED; a value that was sent to the task is received.
 * Errors: -ECANCELED; -ESHUTDOWN when the channel is closed and empty; -EINVAL for NULL; -EXDEV
 *         when it belongs to another loop; -COIL_ENOLOOP outside a task.
 */
COIL_API COIL_NODISCARD int coil_channel_recv(coil_channel *channel, void **value);

/*
 * Sends a value if that needs no wait.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: as coil_channel_send.
 * Cancellation: none.
 * Errors: -EAGAIN; -ESHUTDOWN when the channel is closed; -EINVAL for NULL.
 */
COIL_API COIL_NODISCARD int coil_channel_try_send(coil_channel *channel, void *value);

/*
 * Receives the oldest value if there is one.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: as coil_channel_recv.
 * Cancellation: none.
 * Errors: -EAGAIN; -ESHUTDOWN when the channel is closed and empty; -EINVAL for NULL.
 */
COIL_API COIL_NODISCARD int coil_channel_try_recv(coil_channel *channel, void **value);

/*
 * Closes the channel, once and for all: who sends gets -ESHUTDOWN, who waits to send too; receivers
 * get what is in the buffer, then -ESHUTDOWN.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: values of senders that waited are still theirs.
 * Cancellation: none.
 * Errors: -EINVAL for NULL.
 */
COIL_API int coil_channel_close(coil_channel *channel);

/*
 * Tells whether the channel is closed.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none; false for NULL.
 */
COIL_API bool coil_channel_closed(const coil_channel *channel);

/*
 * Returns how many values are in the buffer.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none; 0 for NULL.
 */
COIL_API size_t coil_channel_size(const coil_channel *channel);

/* ---- select -----------------------------------------------------------------------------------
 */

typedef enum coil_select_kind {
    COIL_SELECT_SEND,
    COIL_SELECT_RECV,
    COIL_SELECT_FUTURE
} coil_select_kind;

typedef struct coil_select_case {
    coil_select_kind kind;
    coil_channel *channel; /* to send to, to receive from */
    coil_future *future;   /* to be done */
    void *value;           /* what is sent; of the case that went: what came */
    int code;              /* of the case that went: 0, -ESHUTDOWN, or the future's own */
} coil_select_case;

/*
 * Does the first thing that can be done: of several that can go at once the first listed, else the
 * one that can go first. Returns its index. A closed channel can go, with the code -ESHUTDOWN. A
 * future that is done can go: its result is taken as by coil_await. A timeout of 0 is one look,
 * COIL_NEVER no limit.
 *
 * Suspends: only when no case can go at once and the timeout is not 0.
 * Thread: the loop's, in a task.
 * Ownership: as coil_channel_send, coil_channel_recv and coil_await for the case that went; the
 *            others did nothing, and futures are not cancelled. The cases are read while it waits:
 *            nobody else may change them.
 * Cancellation: ends the wait with -ECANCELED and no case gone.
 * Errors: -ETIMEDOUT; -ECANCELED; -EINVAL without cases, for an unknown kind or a missing channel
 *         or future; the code of an error-encoded future; -EDEADLK for the task itself; -EXDEV for
 *         what belongs to another loop; -ENOMEM; -COIL_ENOLOOP outside a task.
 */
COIL_API COIL_NODISCARD int coil_select(coil_select_case *cases, size_t n, coil_time timeout);

#ifdef __cplusplus
}
#endif

#endif
