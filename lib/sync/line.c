// SPDX-License-Identifier: MIT
#include "sync/line.h"

static struct place *after(const struct coil_line *line, const struct place *place)
{
    return place_of(circle_next(line->first, &place->link));
}

bool line_is_live(const struct coil_line *line)
{
    for (const struct place *place = place_of(line->first); place; place = after(line, place))
        if (place->state != PLACE_CANCELLED)
            return true;
    return false;
}

void line_rejoin(struct place *place)
{
    struct coil_line *line = place->line;

    ASSERT(place->state == PLACE_WOKEN);
    place->state = PLACE_WAITING;
    line_look_from(line, line->first); /* one before it may have come back already */
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
    line_settle(container_of(waiter, struct place, waiter), PLACE_CANCELLED);
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
