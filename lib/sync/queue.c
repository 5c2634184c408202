// SPDX-License-Identifier: MIT
/*
 * The queue. An item is never handed to a task that waits: it lies in the queue until a task takes
 * it, so no cancellation can lose one. A woken task may find that another one was faster; then it
 * waits on, in the place that it had.
 */
#include "sync/line.h"
#include "sync/store.h"

static const struct waiter_class get_class = {
    .what = "queue get",
    .cancel = line_cancel,
    .leave = line_let_go,
};

static const struct waiter_class put_class = {
    .what = "queue put",
    .cancel = line_cancel,
    .leave = line_let_go,
};

static const struct waiter_class join_class = {
    .what = "queue join",
    .cancel = line_cancel,
    .leave = line_let_go,
};

static bool is_empty(const coil_queue *queue)
{
    return queue->count == 0;
}

static bool is_full(const coil_queue *queue)
{
    return queue->maxsize && queue->count >= queue->maxsize;
}

/* Whether a task may begin to wait. All three lines belong to one loop. */
static int admit(coil_queue *queue, struct coil_line *line, struct coil_future *task)
{
    int rc = loop_bind(&queue->getters.loop, task);

    return rc < 0 ? rc : line_admit(line, task);
}

/* ---- putting and taking -----------------------------------------------------------------------
 */

static int put_now(coil_queue *queue, void *item)
{
    if (unlikely(queue->shut_down))
        return -ESHUTDOWN;
    if (is_full(queue))
        return -EAGAIN;
    int rc = store_put(queue, item);
    if (rc < 0)
        return rc;
    queue->unfinished++;
    (void)line_wake_next(&queue->getters);
    return 0;
}

static int take_now(coil_queue *queue, void **item)
{
    if (is_empty(queue))
        return queue->shut_down ? -ESHUTDOWN : -EAGAIN;
    *item = store_take(queue);
    (void)line_wake_next(&queue->putters);
    return 0;
}

/* Waits until the queue is not `blocked`, or is shut down. */
static ALWAYS_INLINE int wait_while(coil_queue *queue, bool (*blocked)(const coil_queue *queue),
                                    struct coil_line *line, const struct waiter_class *class,
                                    struct coil_future *task)
{
    int rc = admit(queue, line, task);

    if (rc < 0)
        return rc;
    struct place place = {.waiter.class = class};
    line_join(line, &place);
    while ((rc = line_wait(&place, task)) == 0 && blocked(queue) && !queue->shut_down)
        line_rejoin(&place);
    line_leave(&place);
    if (rc < 0 && place.state == PLACE_WOKEN && !blocked(queue))
        (void)line_wake_next(line);
    return rc;
}

int coil_queue_put(coil_queue *queue, void *item)
{
    if (unlikely(!queue))
        return -EINVAL;
    struct coil_future *task = task_current();
    if (unlikely(!task))
        return -COIL_ENOLOOP;
    if (unlikely(is_full(queue)) && !queue->shut_down) {
        int rc = wait_while(queue, is_full, &queue->putters, &put_class, task);
        if (rc < 0)
            return rc;
    }
    return put_now(queue, item);
}

int coil_queue_get(coil_queue *queue, void **item)
{
    if (unlikely(!queue || !item))
        return -EINVAL;
    struct coil_future *task = task_current();
    if (unlikely(!task))
        return -COIL_ENOLOOP;
    if (is_empty(queue) && !queue->shut_down) {
        int rc = wait_while(queue, is_empty, &queue->getters, &get_class, task);
        if (rc < 0)
            return rc;
    }
    return take_now(queue, item);
}

int coil_queue_put_nowait(coil_queue *queue, void *item)
{
    return queue ? put_now(queue, item) : -EINVAL;
}

int coil_queue_get_nowait(coil_queue *queue, void **item)
{
    return queue && item ? take_now(queue, item) : -EINVAL;
}

/* ---- what was put is done ---------------------------------------------------------------------
 */

int coil_queue_task_done(coil_queue *queue)
{
    if (!queue || queue->unfinished == 0)
        return -EINVAL;
    if (--queue->unfinished == 0)
        (void)line_wake_all(&queue->joiners);
    return 0;
}

int coil_queue_join(coil_queue *queue)
{
    if (!queue)
        return -EINVAL;
    struct coil_future *task = task_current();
    if (!task)
        return -COIL_ENOLOOP;
    if (queue->unfinished == 0)
        return 0;
    int rc = admit(queue, &queue->joiners, task);
    if (rc < 0)
        return rc;
    struct place place = {.waiter.class = &join_class};
    return line_stand(&queue->joiners, &place, task);
}

/* ---- the end ----------------------------------------------------------------------------------
 */

/* Items that nobody will take; how many. */
static size_t drop_all(coil_queue *queue)
{
    size_t dropped = 0;

    while (!is_empty(queue)) {
        void *item = store_take(queue);
        if (queue->dispose)
            queue->dispose(item);
        dropped++;
    }
    return dropped;
}

int coil_queue_shutdown(coil_queue *queue, bool immediate)
{
    if (!queue)
        return -EINVAL;
    queue->shut_down = true;
    if (immediate) {
        size_t dropped = drop_all(queue);
        queue->unfinished -= dropped < queue->unfinished ? dropped : queue->unfinished;
        if (queue->unfinished == 0)
            (void)line_wake_all(&queue->joiners);
    }
    (void)line_wake_all(&queue->getters);
    (void)line_wake_all(&queue->putters);
    return 0;
}

int coil_queue_fini(coil_queue *queue)
{
    if (!queue)
        return -EINVAL;
    if (queue->getters.first || queue->putters.first || queue->joiners.first)
        return -EBUSY;
    (void)drop_all(queue);
    store_fini(queue);
    queue->getters = queue->putters = queue->joiners = (coil_line)COIL_LINE_INIT;
    queue->unfinished = 0;
    queue->shut_down = false;
    return 0;
}

/* ---- making and asking ------------------------------------------------------------------------
 */

static bool are_valid(const coil_queue_options *options)
{
    return options->size == sizeof(*options) && options->order >= COIL_QUEUE_FIFO &&
           options->order <= COIL_QUEUE_PRIORITY &&
           (options->order == COIL_QUEUE_PRIORITY) == (options->compare != NULL);
}

int coil_queue_init(coil_queue *queue, const coil_queue_options *options)
{
    if (!queue || (options && !are_valid(options)))
        return -EINVAL;
    *queue = (coil_queue)COIL_QUEUE_INIT(0);
    if (options) {
        queue->maxsize = options->maxsize;
        queue->order = options->order;
        queue->compare = options->compare;
        queue->dispose = options->dispose;
    }
    return 0;
}

size_t coil_queue_size(const coil_queue *queue)
{
    return queue ? queue->count : 0;
}

size_t coil_queue_maxsize(const coil_queue *queue)
{
    return queue ? queue->maxsize : 0;
}

bool coil_queue_empty(const coil_queue *queue)
{
    return !queue || is_empty(queue);
}

bool coil_queue_full(const coil_queue *queue)
{
    return queue && is_full(queue);
}
