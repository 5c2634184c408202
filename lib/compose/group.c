// SPDX-License-Identifier: MIT
/*
 * The task group. As in asyncio a task's end is a call of its own, and the parent that waits in
 * the exit runs a turn after the last one.
 *
 * Nothing can fail once a task has begun: the place for its error is made before it is. The exit
 * cannot be left while tasks of the group run, not even when the loop closes: they may use what
 * lies on the parent's stack.
 */
#include "base/alloc.h"
#include "compose/request.h"
#include "task/error.h"
#include "task/park.h"

#include <coil/group.h>

enum { CREATED, ENTERED, LEFT };

/* Errors that the group's own block has place for. */
enum { FEW = 2 };

struct member {
    struct watcher watcher;
    struct call call;
    struct list_node link;
    struct coil_group_state *state;
    coil_task *task;
};

struct coil_group_state {
    struct waiter waiter; /* the parent in its exit */
    coil_task *parent;    /* held */
    struct list members;
    size_t live;              /* members, and those that are being made */
    coil_group_error *errors; /* `few`, or an array of their own */
    size_t error_count, capacity;
    int cancelling;   /* the parent's requests that were over at the entry */
    bool requested;   /* the parent was cancelled by the group */
    bool aborting;    /* the members were cancelled, no more are taken */
    bool exiting;     /* the body is over */
    bool waiting;     /* the parent waits for the last member */
    bool cancelled;   /* and was cancelled there */
    bool interrupted; /* -COIL_EINTERRUPTED is among the errors */
    bool orphaned;    /* the parent was abandoned: goes with the last member */
    coil_group_error few[FEW];
};

/* ---- failing ------------------------------------------------------------------------------ */

static void abort_members(struct coil_group_state *state)
{
    state->aborting = true;
    list_for_each (node, &state->members) {
        (void)coil_cancel(list_entry(node, struct member, link)->task);
    }
}

/* Ends what is under way; the parent hears of it once, and not in its exit. */
static void abort_group(struct coil_group_state *state)
{
    if (state->aborting)
        return;
    abort_members(state);
    if (state->exiting)
        return;
    state->requested = true;
    (void)coil_cancel(state->parent);
}

static void add_error(struct coil_group_state *state, coil_task *task, int code)
{
    ASSERT(state->error_count < state->capacity);
    state->errors[state->error_count++] = (coil_group_error){task, code};
    state->interrupted |= code == -COIL_EINTERRUPTED;
}

/* Makes room for the errors of every member, of one more, and of the body. There is none yet: the
 * first one ends the adding. */
static int reserve(struct coil_group_state *state)
{
    size_t needed = state->live + 2, size;

    ASSERT(!state->error_count);
    if (needed <= state->capacity)
        return 0;
    if (__builtin_mul_overflow(needed, 2 * sizeof(coil_group_error), &size))
        return -ENOMEM;
    bool few = state->errors == state->few;
    coil_group_error *errors = coil__realloc(few ? NULL : state->errors, size);
    if (!errors)
        return -ENOMEM;
    state->errors = errors;
    state->capacity = needed * 2;
    return 0;
}

static void forget(struct coil_group_state *state)
{
    ASSERT(state->parent != NULL);
    for (size_t i = 0; i < state->error_count; i++)
        if (state->errors[i].task)
            future_unref(state->errors[i].task);
    if (state->errors != state->few)
        coil__free(state->errors);
    future_unref(state->parent);
    coil__free(state);
}

/* ---- members ------------------------------------------------------------------------------ */

static void member_is_done(struct call *call, bool drop)
{
    struct member *member = container_of(call, struct member, call);
    struct coil_group_state *state = member->state;
    coil_task *task = member->task;

    (void)drop;
    list_remove(&member->link);
    coil__free(member);
    state->live--;
    if (task->state == COIL_FINISHED && err_is(task->result)) {
        error_retrieved(task);
        add_error(state, task, err_code(task->result));
        abort_group(state);
    } else {
        future_unref(task);
    }
    if (state->live)
        return;
    if (state->orphaned) {
        forget(state);
    } else if (state->waiting) {
        state->waiting = false;
        task_wake(state->parent);
    }
}

static void queue_member(struct watcher *watcher, struct coil_future *task)
{
    struct member *member = container_of(watcher, struct member, watcher);
    sched_queue(task->sched, &member->call.item);
}

static coil_task *create(struct coil_group_state *state, coil_fn fn, void *arg,
                         const coil_task_options *options)
{
    struct member *member = reserve(state) == 0 ? coil__alloc(sizeof(*member)) : NULL;

    if (!member)
        return COIL_ERR(-ENOMEM);
    state->live++; /* what is made may make more */
    coil_task *task = task_new(state->parent->sched, fn, arg, options);
    if (err_is(task)) {
        state->live--;
        coil__free(member);
        return task;
    }
    *member = (struct member){.watcher.notify = queue_member, .state = state, .task = task};
    call_init(&member->call, member_is_done);
    list_append(&state->members, &member->link);
    if (future_done(task))
        queue_member(&member->watcher, task);
    else
        future_watch(task, &member->watcher);
    if (unlikely(state->aborting)) /* since its first step, which was taken here */
        (void)coil_cancel(task);
    return task;
}

static coil_task *add(coil_group *group, coil_fn fn, void *arg, const coil_task_options *options,
                      const void *origin)
{
    if (!group)
        return COIL_ERR(-EINVAL);
    struct coil_group_state *state = group->state;
    if (group->phase != ENTERED || state->aborting || (state->exiting && !state->live))
        return COIL_ERR(-COIL_EINVALSTATE);
    sched_check_thread(state->parent->sched);
    sched_note_origin(state->parent->sched, origin);
    return create(state, fn, arg, options);
}

coil_task *coil_group_create_task_with(coil_group *group, coil_fn fn, void *arg,
                                       const coil_task_options *options)
{
    return add(group, fn, arg, options, __builtin_return_address(0));
}

coil_task *coil_group_create_task(coil_group *group, coil_fn fn, void *arg)
{
    return add(group, fn, arg, NULL, __builtin_return_address(0));
}

/* ---- entering and leaving ----------------------------------------------------------------- */

/* The parent is woken, and aborts the group itself: this is the middle of somebody's walk. */
static bool cancel(struct waiter *waiter)
{
    struct coil_group_state *state = container_of(waiter, struct coil_group_state, waiter);

    if (!state->waiting)
        return false;
    state->waiting = false;
    state->cancelled = true;
    task_wake(state->parent);
    return true;
}

static bool cannot(struct waiter *waiter)
{
    (void)waiter;
    return false;
}

static const struct waiter_class exit_class = {
    .what = "group",
    .cancel = cancel,
    .leave = cannot,
    .outcome_wins = true,
};

static void wait_for_members(struct coil_group_state *state)
{
    coil_task *parent = state->parent;

    ASSERT(parent != NULL);
    while (state->live) {
        if (parent->flags & (FUTURE_COVERED | FUTURE_REFUSED)) /* as it refuses every wait */
            state->cancelled = true;
        if (state->cancelled && !state->aborting)
            abort_members(state);
        state->waiting = true;
        (void)task_wait(parent, &state->waiter);
        if (parent->flags & FUTURE_MUST_CANCEL) { /* it came after the last member's end */
            parent->flags &= (uint16_t)~FUTURE_MUST_CANCEL;
            state->cancelled = true;
        }
    }
}

/* The parent ends inside: by coil_exit, which waits for the members as an exit does, or abandoned
 * by its loop, with nobody left who could wait. */
static void leave(void *arg)
{
    coil_group *group = arg;
    struct coil_group_state *state = group->state;

    if (state->parent == task_current()) {
        (void)!coil_group_exit(group, -ECANCELED);
        coil_group_fini(group);
        return;
    }
    group->phase = LEFT;
    group->state = NULL;
    state->waiting = false;
    state->exiting = true;
    state->orphaned = true;
    if (!state->aborting)
        abort_members(state);
    if (!state->live)
        forget(state);
}

int coil_group_enter(coil_group *group)
{
    if (!group || group->phase > LEFT)
        return -EINVAL;
    coil_task *task = task_current();
    if (!task)
        return -COIL_ENOLOOP;
    if (group->phase != CREATED)
        return group->phase == ENTERED ? -EBUSY : -COIL_EINVALSTATE;
    struct coil_group_state *state = coil__alloc(sizeof(*state));
    if (!state)
        return -ENOMEM;
    *state = (struct coil_group_state){.waiter = {.class = &exit_class},
                                       .parent = future_ref(task),
                                       .errors = state->few,
                                       .capacity = FEW,
                                       .cancelling = request_count_over(task)};
    list_init(&state->members);
    group->state = state;
    group->phase = ENTERED;
    coil_cleanup_push(&group->cleanup, leave, group);
    if (group->cancelled)
        abort_group(state);
    return 0;
}

/* What all of it comes to. `cancelled`: somebody wants the parent, not the group, to end. */
static int outcome(struct coil_group_state *state, int rc, bool cancelled)
{
    coil_task *parent = state->parent;

    ASSERT(parent != NULL);
    if (rc < 0 && rc != -ECANCELED)
        add_error(state, NULL, rc);
    if (!state->error_count) {
        if (cancelled)
            return -ECANCELED;
        return rc == -ECANCELED ? 0 : rc;
    }
    /* An error outranks a cancellation, which is not lost for that. */
    if ((int)parent->cancel_requests > state->cancelling)
        parent->flags |= FUTURE_MUST_CANCEL;
    return state->interrupted ? -COIL_EINTERRUPTED : state->errors[0].code;
}

int coil_group_exit(coil_group *group, int rc)
{
    if (!group)
        return -EINVAL;
    if (group->phase != ENTERED)
        return -COIL_EINVALSTATE;
    struct coil_group_state *state = group->state;
    if (state->parent != task_current())
        return -EPERM;
    bool cancelled = rc == -ECANCELED;
    state->exiting = true;
    if (state->requested && request_take_back(state->parent, state->cancelling))
        cancelled = false;
    if (rc < 0 && !state->aborting)
        abort_members(state);
    wait_for_members(state);
    coil_cleanup_pop(&group->cleanup, false);
    rc = outcome(state, rc, cancelled || state->cancelled);
    group->phase = LEFT;
    if (!state->error_count) {
        forget(state);
        group->state = NULL;
    }
    return rc;
}

/* ---- asking, cancelling, forgetting ------------------------------------------------------- */

size_t coil_group_size(const coil_group *group)
{
    return group && group->state ? group->state->live : 0;
}

void coil_group_cancel(coil_group *group)
{
    if (!group || group->phase == LEFT)
        return;
    if (group->phase == CREATED)
        group->cancelled = true;
    else
        abort_group(group->state);
}

const coil_group_error *coil_group_errors(const coil_group *group, size_t *n)
{
    const struct coil_group_state *state = group ? group->state : NULL;
    size_t count = state ? state->error_count : 0;

    if (n)
        *n = count;
    return count ? state->errors : NULL;
}

void coil_group_fini(coil_group *group)
{
    if (!group)
        return;
    ASSERT_CONTRACT(group->phase != ENTERED, "a group is forgotten that was not left");
    if (group->state)
        forget(group->state);
    *group = (coil_group)COIL_GROUP_INIT;
}
