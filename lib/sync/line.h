// SPDX-License-Identifier: MIT
/*
 * Those who wait for a primitive, first come, first served. A place lies on the stack of the task
 * that waits, and stays in the line until that task has gone on: as in asyncio a woken task is seen
 * by those who come after it, and by who cancels it.
 *
 * Invariant: `pending` is the first place that is neither woken nor cancelled, so waking is O(1)
 * however many are woken already.
 */
#ifndef SYNC_LINE_H
#define SYNC_LINE_H

#include "base/circle.h"
#include "task/park.h"

#include <coil/sync.h>

enum place_state {
    PLACE_WAITING,
    PLACE_WOKEN,    /* the task's step is queued */
    PLACE_CANCELLED /* the same, and the wait was for nothing */
};

struct place {
    struct waiter waiter;
    struct coil_link link;
    struct coil_line *line;
    uint8_t state; /* enum place_state */
};

static inline struct place *place_of(struct coil_link *link)
{
    return link ? container_of(link, struct place, link) : NULL;
}

/* A primitive belongs to the first loop that makes a task wait for it, also after that has gone.
 * -EXDEV: to another one. */
static inline int loop_bind(uint64_t *loop, const struct coil_future *task)
{
    if (unlikely(*loop == 0))
        *loop = task->sched->number;
    return likely(*loop == task->sched->number) ? 0 : -EXDEV;
}

/* Whether a task may begin to wait: 0, -EXDEV, or -ECANCELED when its loop refuses it. */
static inline int line_admit(struct coil_line *line, struct coil_future *task)
{
    int rc = loop_bind(&line->loop, task);

    if (unlikely(rc < 0))
        return rc;
    return unlikely(task_wait_refused(task)) ? -ECANCELED : 0;
}

/* Whether somebody is in line who was not cancelled: a newcomer stands behind it. */
bool line_is_live(const struct coil_line *line);

/* Sets `pending` to the first who waits from `link` on; NULL: nobody. */
static inline void line_look_from(struct coil_line *line, struct coil_link *link)
{
    while (link && place_of(link)->state != PLACE_WAITING)
        link = circle_next(line->first, link);
    line->pending = link;
}

static inline void line_join(struct coil_line *line, struct place *place)
{
    ASSERT(place->state == PLACE_WAITING);
    place->line = line;
    circle_append(&line->first, &place->link);
    if (!line->pending)
        line->pending = &place->link;
}

static inline void line_leave(struct place *place)
{
    ASSERT(place->state != PLACE_WAITING);
    circle_remove(&place->line->first, &place->link);
}

/* A place waits no longer: it was woken, or cancelled. */
static inline void line_settle(struct place *place, enum place_state state)
{
    struct coil_line *line = place->line;

    ASSERT(place->state == PLACE_WAITING);
    place->state = (uint8_t)state;
    if (likely(line->pending == &place->link))
        line_look_from(line, circle_next(line->first, &place->link));
}

/* A woken place waits once more, where it stands. */
void line_rejoin(struct place *place);

/* Wakes who has waited longest. NULL: nobody waits. */
static inline struct place *line_wake_next(struct coil_line *line)
{
    struct place *place = place_of(line->pending);

    if (place) {
        sched_check_thread(place->waiter.task->sched);
        line_settle(place, PLACE_WOKEN);
        task_wake(place->waiter.task);
    }
    return place;
}

/* Wakes all who wait now; how many. */
int line_wake_all(struct coil_line *line);

/* What the waiter classes of all primitives have in common. */
bool line_cancel(struct waiter *waiter);
bool line_let_go(struct waiter *waiter);

/* Waits in a line that was joined. 0: woken. -ECANCELED. */
static ALWAYS_INLINE int line_wait(struct place *place, struct coil_future *task)
{
    int rc = task_wait(task, &place->waiter);

    return likely(place->state == PLACE_WOKEN) ? rc : task_interrupted(task);
}

/* Joins, waits and leaves. */
static ALWAYS_INLINE int line_stand(struct coil_line *line, struct place *place,
                                    struct coil_future *task)
{
    line_join(line, place);
    int rc = line_wait(place, task);
    line_leave(place);
    return rc;
}

#endif
