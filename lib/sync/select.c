// SPDX-License-Identifier: MIT
#include "sync/select.h"

#include "base/alloc.h"
#include "loop/loop.h"
#include "sync/channel.h"

enum { CHOICES_INLINE = 8 }; /* in the frame; more are on the heap */

/* ---- in line ----------------------------------------------------------------------------------
 */

static struct coil_link **line_of(const coil_select_case *request)
{
    return request->kind == COIL_SELECT_SEND ? &request->channel->senders
                                             : &request->channel->receivers;
}

static void end(struct select *select, int outcome)
{
    ASSERT(select->outcome == SELECT_WAITS);
    select->outcome = outcome;
    for (int i = 0; i < select->n; i++) {
        struct choice *choice = &select->choices[i];
        if (circle_linked(&choice->link))
            circle_remove(line_of(choice->request), &choice->link);
        if (watcher_linked(&choice->watcher))
            future_unwatch(choice->request->future, &choice->watcher);
    }
}

static void end_and_wake(struct select *select, int outcome)
{
    sched_check_thread(select->waiter.task->sched);
    end(select, outcome);
    task_wake(select->waiter.task);
}

void select_settle(struct choice *choice, int code)
{
    struct select *select = choice->select;

    choice->request->code = code;
    end_and_wake(select, (int)(choice - select->choices));
}

static void future_is_done(struct watcher *watcher, struct coil_future *future)
{
    (void)future;
    /* Its result is read when the task runs: until then nobody has taken it. */
    select_settle(container_of(watcher, struct choice, watcher), 0);
}

void select_enrol(struct select *select, struct coil_future *task, coil_select_case *cases)
{
    select->waiter.task = task;
    select->outcome = SELECT_WAITS;
    for (int i = 0; i < select->n; i++) {
        struct choice *choice = &select->choices[i];
        *choice = (struct choice){.select = select, .request = &cases[i]};
        choice->watcher.notify = future_is_done;
        if (cases[i].kind == COIL_SELECT_FUTURE)
            future_watch(cases[i].future, &choice->watcher);
        else
            circle_append(line_of(&cases[i]), &choice->link);
    }
}

/* ---- what its waiter does -----------------------------------------------------------------------
 */

static bool leave(struct waiter *waiter)
{
    end(container_of(waiter, struct select, waiter), SELECT_CANCELLED);
    return true;
}

static bool cancel(struct waiter *waiter)
{
    struct select *select = container_of(waiter, struct select, waiter);

    if (select->outcome != SELECT_WAITS)
        return false;
    end_and_wake(select, SELECT_CANCELLED);
    return true;
}

#define SELECT_CLASS(name)                                                                         \
    {                                                                                              \
        .what = (name), .cancel = cancel, .leave = leave, .outcome_wins = true                     \
    }

const struct waiter_class coil__send_class = SELECT_CLASS("channel send");
const struct waiter_class coil__recv_class = SELECT_CLASS("channel recv");
static const struct waiter_class select_class = SELECT_CLASS("select");

static int time_is_up(void *userdata)
{
    struct select *select = userdata;

    if (select->outcome == SELECT_WAITS)
        end_and_wake(select, SELECT_TIMED_OUT);
    return 0;
}

/* ---- coil_select ------------------------------------------------------------------------------
 */

static int check_channel(const coil_channel *channel, const struct coil_future *task)
{
    if (!channel)
        return -EINVAL;
    return !channel->loop || channel->loop == task->sched->number ? 0 : -EXDEV;
}

static int check_case(coil_select_case *request, const struct coil_future *task)
{
    int rc;

    switch (request->kind) {
    case COIL_SELECT_SEND:
    case COIL_SELECT_RECV:
        return check_channel(request->channel, task);
    case COIL_SELECT_FUTURE:
        rc = future_argument(request->future);
        if (rc < 0)
            return rc;
        if (request->future == task)
            return -EDEADLK;
        return request->future->sched == task->sched ? 0 : -EXDEV;
    }
    return -EINVAL;
}

static int check(coil_select_case *cases, size_t n, const struct coil_future *task)
{
    if (!cases || !n || n > INT_MAX)
        return -EINVAL;
    if (!task)
        return -COIL_ENOLOOP;
    for (size_t i = 0; i < n; i++) {
        int rc = check_case(&cases[i], task);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Whether a case went; its code is in it. */
static bool goes_now(coil_select_case *request)
{
    if (request->kind == COIL_SELECT_FUTURE) {
        if (!future_done(request->future))
            return false;
        request->code = future_read(request->future, &request->value);
        return true;
    }
    request->code = request->kind == COIL_SELECT_SEND
                        ? channel_send_now(request->channel, request->value)
                        : channel_recv_now(request->channel, &request->value);
    return request->code != -EAGAIN;
}

/* The task is about to wait at them; that they are of its loop, or of none, was checked. */
static void bind_channels(coil_select_case *cases, size_t n, const struct coil_future *task)
{
    for (size_t i = 0; i < n; i++)
        if (cases[i].kind != COIL_SELECT_FUTURE)
            (void)loop_bind(&cases[i].channel->loop, task);
}

/* Keeps what lies behind the futures while the task waits for them. */
static void hold_futures(coil_select_case *cases, size_t n, bool hold)
{
    for (size_t i = 0; i < n; i++) {
        if (cases[i].kind != COIL_SELECT_FUTURE)
            continue;
        if (hold)
            (void)future_ref(cases[i].future);
        else
            future_unref(cases[i].future);
    }
}

static int wait_for_one(struct select *select, struct coil_future *task, coil_select_case *cases,
                        coil_time timeout)
{
    coil_loop *loop = task->sched->loop;
    coil_handle timer = {0};

    if (timeout != COIL_NEVER) {
        timer = handle_arm(loop, loop_deadline(loop, timeout), time_is_up, select);
        if (coil_handle_error(timer) < 0)
            return coil_handle_error(timer);
    }
    bind_channels(cases, (size_t)select->n, task);
    hold_futures(cases, (size_t)select->n, true);
    select_enrol(select, task, cases);
    int rc = select_wait(select, task);
    (void)coil_handle_cancel(loop, timer);
    if (rc >= 0 && cases[rc].kind == COIL_SELECT_FUTURE)
        (void)goes_now(&cases[rc]);
    hold_futures(cases, (size_t)select->n, false);
    return rc;
}

int coil_select(coil_select_case *cases, size_t n, coil_time timeout)
{
    struct coil_future *task = task_current();
    struct choice few[CHOICES_INLINE];
    int rc = check(cases, n, task);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n; i++)
        if (goes_now(&cases[i]))
            return (int)i;
    if (timeout <= 0)
        return -ETIMEDOUT;
    if (task_wait_refused(task))
        return -ECANCELED;
    struct choice *choices = few;
    if (n > CHOICES_INLINE) {
        if (n > SIZE_MAX / sizeof(*choices))
            return -ENOMEM;
        choices = coil__alloc(n * sizeof(*choices));
        if (!choices)
            return -ENOMEM;
    }
    struct select select = {.waiter.class = &select_class, .choices = choices, .n = (int)n};
    rc = wait_for_one(&select, task, cases, timeout);
    if (choices != few)
        coil__free(choices);
    return rc;
}
