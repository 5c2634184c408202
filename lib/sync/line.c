// SPDX-License-Identifier: MIT
#include "sync/line.h"

static struct place *after(const struct coil_line *line, const struct place *place)
{
    return place_of(circle_next(line->first, &place->link));
}

/* Sets `pending` to the first who waits from `place` on. */
static void look_from(struct coil_line *line, struct place *place)
{
    while (place && place->state != PLACE_WAITING)
        place = after(line, place);
    line->pending = place ? &place->link : NULL;
}

static void settle(struct place *place, enum place_state state)
{
    struct coil_line *line = place->line;

    ASSERT(place->state == PLACE_WAITING && line->pending);
    place->state = (uint8_t)state;
    if (line->pending == &place->link)
        look_from(line, place);
}

static void wake(struct place *place)
{
    sched_check_thread(place->waiter.task->sched);
    settle(place, PLACE_WOKEN);
    task_wake(place->waiter.task);
}

bool line_is_live(const struct coil_line *line)
{
    for (const struct place *place = place_of(line->first); place; place = after(line, place))
        if (place->state != PLACE_CANCELLED)
            return true;
    return false;
}

void line_join(struct coil_line *line, struct place *place)
{
    ASSERT(place->state == PLACE_WAITING);
    place->line = line;
    circle_append(&line->first, &place->link);
    if (!line->pending)
        line->pending = &place->link;
}

void line_leave(struct place *place)
{
    ASSERT(place->state != PLACE_WAITING);
    circle_remove(&place->line->first, &place->link);
}

void line_rejoin(struct place *place)
{
    struct coil_line *line = place->line;

    ASSERT(place->state == PLACE_WOKEN);
    place->state = PLACE_WAITING;
    look_from(line, place_of(line->first)); /* one before it may have come back already */
}

struct place *line_wake_next(struct coil_line *line)
{
    struct place *place = place_of(line->pending);

    if (place)
        wake(place);
    return place;
}

int line_wake_all(struct coil_line *line)
{
    int count = 0;

    while (line_wake_next(line))
        count++;
    return count;
}

/* ---- what a waiter does --------------------------------------------------------------------- */

bool line_let_go(struct waiter *waiter)
{
    settle(container_of(waiter, struct place, waiter), PLACE_CANCELLED);
    return true;
}

bool line_cancel(struct waiter *waiter)
{
    if (container_of(waiter, struct place, waiter)->state != PLACE_WAITING)
        return false;
    (void)line_let_go(waiter);
    task_wake(waiter->task);
    return true;
}
