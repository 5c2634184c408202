// SPDX-License-Identifier: MIT
/*
 * The queue: items between tasks of one loop, first in, first out, or last, or by priority. The
 * rules are asyncio's. As all of <coil/sync.h> it is the caller's memory, usable before any loop
 * runs, belongs to the first loop that makes a task wait for it, and serves in order of arrival.
 * It has memory of its own when it has held an item: coil_queue_fini gives that back.
 */
#ifndef COIL_QUEUE_H
#define COIL_QUEUE_H

#include <coil/base.h>
#include <coil/future.h>
#include <coil/sync.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum coil_queue_order {
    COIL_QUEUE_FIFO,
    COIL_QUEUE_LIFO,
    COIL_QUEUE_PRIORITY
} coil_queue_order;

/* Which of two items leaves first: < 0 the first, > 0 the second, 0 who was put first. */
typedef int (*coil_compare)(const void *first, const void *second);

typedef struct coil_queue_options {
    size_t size;    /* sizeof(coil_queue_options) */
    size_t maxsize; /* items; 0: no limit */
    coil_queue_order order;
    coil_compare compare;    /* of a priority queue; NULL in the others */
    coil_dispose_fn dispose; /* called with items that a shutdown or the end drops; NULL: none */
} coil_queue_options;

struct coil_queue_entry;

/* The members are coil's own. */
typedef struct coil_queue {
    coil_line getters, putters, joiners;
    struct coil_queue_entry *entries;
    size_t capacity, first, count;
    uint64_t puts;
    size_t unfinished; /* items that were put and not marked as done */
    size_t maxsize;
    coil_queue_order order;
    coil_compare compare;
    coil_dispose_fn dispose;
    bool shut_down;
} coil_queue;

/* clang-format off */
#define COIL_QUEUE_INIT(maxsize)                                                                   \
    {COIL_LINE_INIT, COIL_LINE_INIT, COIL_LINE_INIT, NULL, 0, 0, 0, 0, 0, (maxsize),               \
     COIL_QUEUE_FIFO, NULL, NULL, false}
/* clang-format on */

/*
 * Makes a queue; without options one without limit, first in, first out.
 *
 * Suspends: no.
 * Thread: any, while nobody else uses it.
 * Ownership: the caller's memory, and coil_queue_fini at its end; the options are copied.
 * Cancellation: none.
 * Errors: -EINVAL for NULL, a wrong size, an unknown order, a priority queue without a comparison
 *         or another with one.
 */
COIL_API int coil_queue_init(coil_queue *queue, const coil_queue_options *options);

/*
 * Ends a queue: items that are left are dropped, its memory is given back. The struct can be used
 * again as an empty queue.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: items that are left go to dispose.
 * Cancellation: none.
 * Errors: -EBUSY while a task waits for it; -EINVAL for NULL.
 */
COIL_API int coil_queue_fini(coil_queue *queue);

/*
 * Puts an item, when there is room. Any pointer is an item, NULL too.
 *
 * Suspends: only when the queue is full.
 * Thread: the loop's, in a task.
 * Ownership: the item is the queue's until somebody gets it; after an error it is still the
 *            caller's.
 * Cancellation: ends the wait with -ECANCELED; nothing was put.
 * Errors: -ECANCELED; -ESHUTDOWN; -ENOMEM; -EINVAL for NULL; -EXDEV when it belongs to another
 *         loop; -COIL_ENOLOOP outside a task.
 */
COIL_API COIL_NODISCARD int coil_queue_put(coil_queue *queue, void *item);

/*
 * Gets the item whose turn it is, when there is one.
 *
 * Suspends: only when the queue is empty.
 * Thread: the loop's, in a task.
 * Ownership: the item is the caller's.
 * Cancellation: ends the wait with -ECANCELED; the item that the task was woken for stays in the
 *               queue.
 * Errors: -ECANCELED; -ESHUTDOWN when it is shut down and empty; -EINVAL for NULL; -EXDEV when it
 *         belongs to another loop; -COIL_ENOLOOP outside a task.
 */
COIL_API COIL_NODISCARD int coil_queue_get(coil_queue *queue, void **item);

/*
 * Puts an item if there is room.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: as coil_queue_put.
 * Cancellation: none.
 * Errors: -EAGAIN when it is full; -ESHUTDOWN; -ENOMEM; -EINVAL for NULL.
 */
COIL_API COIL_NODISCARD int coil_queue_put_nowait(coil_queue *queue, void *item);

/*
 * Gets the item whose turn it is, if there is one.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: as coil_queue_get.
 * Cancellation: none.
 * Errors: -EAGAIN when it is empty; -ESHUTDOWN when it is shut down besides; -EINVAL for NULL.
 */
COIL_API COIL_NODISCARD int coil_queue_get_nowait(coil_queue *queue, void **item);

/*
 * Says that the work on an item that was got is done. With the last unfinished one all who join are
 * woken.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EINVAL for NULL, or when it is called more often than items were put.
 */
COIL_API int coil_queue_task_done(coil_queue *queue);

/*
 * Waits until every item that was put has been marked as done.
 *
 * Suspends: only when something is unfinished.
 * Thread: the loop's, in a task.
 * Ownership: none.
 * Cancellation: ends the wait with -ECANCELED.
 * Errors: -ECANCELED; -EINVAL for NULL; -EXDEV when it belongs to another loop; -COIL_ENOLOOP
 *         outside a task.
 */
COIL_API COIL_NODISCARD int coil_queue_join(coil_queue *queue);

/*
 * Shuts the queue down: from now on nothing can be put, and who gets takes what is left and then
 * gets -ESHUTDOWN. All who wait to put or get are woken. An immediate shutdown drops the items and
 * counts them as done.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: dropped items go to dispose.
 * Cancellation: none.
 * Errors: -EINVAL for NULL.
 */
COIL_API int coil_queue_shutdown(coil_queue *queue, bool immediate);

/*
 * Returns how many items are in the queue.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none; 0 for NULL.
 */
COIL_API size_t coil_queue_size(const coil_queue *queue);

/*
 * Returns the limit; 0: none.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none; 0 for NULL.
 */
COIL_API size_t coil_queue_maxsize(const coil_queue *queue);

/*
 * Tells whether no item is in the queue.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none; true for NULL.
 */
COIL_API bool coil_queue_empty(const coil_queue *queue);

/*
 * Tells whether a put would wait.
 *
 * Suspends: no.
 * Thread: the loop's; any while no task waits for it.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none; false for NULL.
 */
COIL_API bool coil_queue_full(const coil_queue *queue);

#ifdef __cplusplus
}
#endif

#endif
