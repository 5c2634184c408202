// SPDX-License-Identifier: MIT
/* The event: a flag that tasks wait for. */
#include "sync/line.h"

static const struct waiter_class event_class = {
    .what = "event",
    .cancel = line_cancel,
    .leave = line_let_go,
};

int coil_event_init(coil_event *event)
{
    if (!event)
        return -EINVAL;
    *event = (coil_event)COIL_EVENT_INIT;
    return 0;
}

int coil_event_set(coil_event *event)
{
    if (unlikely(!event))
        return -EINVAL;
    event->set = true;
    return line_wake_all(&event->line);
}

int coil_event_clear(coil_event *event)
{
    if (!event)
        return -EINVAL;
    event->set = false;
    return 0;
}

bool coil_event_is_set(const coil_event *event)
{
    return event && event->set;
}

int coil_event_wait(coil_event *event)
{
    if (unlikely(!event))
        return -EINVAL;
    struct coil_future *task = task_current();
    if (unlikely(!task))
        return -COIL_ENOLOOP;
    if (event->set)
        return 0;
    int rc = line_admit(&event->line, task);
    if (rc < 0)
        return rc;
    struct place place = {.waiter.class = &event_class};
    return line_stand(&event->line, &place, task);
}
