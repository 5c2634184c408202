// SPDX-License-Identifier: MIT
/*
 * as_completed: futures in the order in which they end. As in asyncio a future's end is a call of
 * its own, and who waits for one runs a turn later. Any number of tasks may wait at a time; each
 * future is handed out once, and whoever came first gets the first.
 *
 * The state is on the heap: a future's call may still be queued when the iteration is over.
 */
#include "base/alloc.h"
#include "loop/loop.h"
#include "task/park.h"

#include <coil/compose.h>

struct entry {
    struct watcher watcher;
    struct call call;
    struct coil_as_completed_state *state;
    struct coil_future *future;
};

struct coil_as_completed_state {
    struct sched *sched;
    coil_handle timer;
    struct list waiting;        /* tasks */
    size_t refs;                /* the iteration, each queued call, each task that waits */
    size_t n;                   /* futures, each once */
    size_t came, gone;          /* how many have ended, and were handed out */
    size_t promised;            /* tasks that were woken for one and have not gone on yet */
    bool late;                  /* the time is up: no more will come */
    bool over;                  /* coil_as_completed_fini */
    struct coil_future **order; /* those that have ended, behind the entries */
    struct entry entries[];
};

struct turn { /* of a task that waits */
    struct waiter waiter;
    struct list_node link; /* in `waiting`; unlinked: it was woken */
    struct coil_as_completed_state *state;
    bool promised; /* woken for a future, which nobody else may take */
    bool cancelled;
};

static void unref(struct coil_as_completed_state *state)
{
    if (--state->refs == 0)
        coil__free(state);
}

/* ---- who waits ---------------------------------------------------------------------------- */

static void wake(struct turn *turn)
{
    list_remove(&turn->link);
    task_wake(turn->waiter.task);
}

static struct turn *first_turn(const struct coil_as_completed_state *state)
{
    struct list_node *node = list_first(&state->waiting);
    return node ? list_entry(node, struct turn, link) : NULL;
}

/* There is one more to hand out. */
static void promise(struct coil_as_completed_state *state)
{
    struct turn *turn = first_turn(state);

    if (!turn)
        return;
    turn->promised = true;
    state->promised++;
    wake(turn);
}

/* There will be none for those who wait. */
static void wake_all(struct coil_as_completed_state *state)
{
    struct turn *turn;

    while ((turn = first_turn(state)))
        wake(turn);
}

static bool leave(struct waiter *waiter)
{
    struct turn *turn = container_of(waiter, struct turn, waiter);

    if (list_linked(&turn->link))
        list_remove(&turn->link);
    return true;
}

static bool cancel(struct waiter *waiter)
{
    struct turn *turn = container_of(waiter, struct turn, waiter);

    if (!list_linked(&turn->link))
        return false;
    turn->cancelled = true;
    wake(turn);
    return true;
}

static const struct waiter_class turn_class = {
    .what = "futures",
    .cancel = cancel,
    .leave = leave,
};

/* ---- futures end -------------------------------------------------------------------------- */

static int time_is_up(void *userdata)
{
    struct coil_as_completed_state *state = userdata;

    state->late = true;
    wake_all(state);
    return 0;
}

static void entry_is_done(struct call *call, bool drop)
{
    struct entry *entry = container_of(call, struct entry, call);
    struct coil_as_completed_state *state = entry->state;

    (void)drop;
    if (!state->over && !state->late) {
        state->order[state->came++] = entry->future;
        if (state->came == state->n)
            (void)coil_handle_cancel(state->sched->loop, state->timer);
        promise(state);
    }
    unref(state);
}

static void queue_entry(struct watcher *watcher, struct coil_future *future)
{
    struct entry *entry = container_of(watcher, struct entry, watcher);

    entry->state->refs++;
    sched_queue(future->sched, &entry->call.item);
}

/* ---- beginning and ending ----------------------------------------------------------------- */

static int check(coil_future *const *futures, size_t n)
{
    if (!futures)
        return -EINVAL;
    for (size_t i = 0; i < n; i++) {
        int rc = future_argument(futures[i]);
        if (rc < 0)
            return rc;
        if (futures[i]->sched != futures[0]->sched)
            return -EXDEV;
    }
    sched_check_thread(futures[0]->sched);
    return futures[0]->sched->closing ? -COIL_ECLOSED : 0;
}

static struct coil_as_completed_state *state_new(struct sched *sched, size_t n)
{
    struct coil_as_completed_state *state;
    size_t size = 0;

    if (__builtin_mul_overflow(n, sizeof(struct entry) + sizeof(void *), &size) ||
        __builtin_add_overflow(size, sizeof(*state), &size))
        return NULL;
    state = coil__alloc_zeroed(size);
    if (!state)
        return NULL;
    list_init(&state->waiting);
    state->sched = sched;
    state->refs = 1;
    state->order = (struct coil_future **)(void *)&state->entries[n];
    return state;
}

/* Each future once, however often it stands in the array. */
static void watch_all(struct coil_as_completed_state *state, coil_future *const *futures, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (futures[i]->flags & FUTURE_MARKED)
            continue;
        futures[i]->flags |= FUTURE_MARKED;
        struct entry *entry = &state->entries[state->n++];
        *entry = (struct entry){
            .watcher.notify = queue_entry, .state = state, .future = future_ref(futures[i])};
        call_init(&entry->call, entry_is_done);
        if (future_done(futures[i]))
            queue_entry(&entry->watcher, futures[i]);
        else
            future_watch(futures[i], &entry->watcher);
    }
    for (size_t i = 0; i < n; i++)
        futures[i]->flags &= (uint16_t)~FUTURE_MARKED;
}

int coil_as_completed_init(coil_as_completed *iteration, coil_future *const *futures, size_t n,
                           coil_time timeout)
{
    if (!iteration)
        return -EINVAL;
    iteration->state = NULL;
    if (!n)
        return 0;
    int rc = check(futures, n);
    if (rc < 0)
        return rc;
    coil_loop *loop = futures[0]->sched->loop;
    struct coil_as_completed_state *state = state_new(futures[0]->sched, n);
    if (!state)
        return -ENOMEM;
    if (timeout != COIL_NEVER) {
        state->timer = handle_arm(loop, loop_deadline(loop, timeout), time_is_up, state);
        rc = coil_handle_error(state->timer);
        if (rc < 0) {
            unref(state);
            return rc;
        }
    }
    watch_all(state, futures, n);
    iteration->state = state;
    return 0;
}

void coil_as_completed_fini(coil_as_completed *iteration)
{
    if (!iteration || !iteration->state)
        return;
    struct coil_as_completed_state *state = iteration->state;
    sched_check_thread(state->sched);
    (void)coil_handle_cancel(state->sched->loop, state->timer);
    state->over = true;
    wake_all(state);
    for (size_t i = 0; i < state->n; i++) {
        struct entry *entry = &state->entries[i];
        if (watcher_linked(&entry->watcher))
            future_unwatch(entry->future, &entry->watcher);
    }
    for (size_t i = 0; i < state->n; i++)
        future_unref(state->entries[i].future);
    iteration->state = NULL;
    unref(state);
}

/* ---- the next one ------------------------------------------------------------------------- */

/* Those that have ended and are promised to nobody. */
static bool available(const struct coil_as_completed_state *state)
{
    return state->came - state->gone > state->promised;
}

/* Waits until there is one for this task, or none will come. */
static int wait_for_one(struct coil_as_completed_state *state, struct coil_future *task)
{
    struct turn turn = {.waiter = {.class = &turn_class, .task = task}, .state = state};

    if (task_wait_refused(task))
        return -ECANCELED;
    list_append(&state->waiting, &turn.link);
    int rc = task_wait(task, &turn.waiter);
    if (turn.promised)
        state->promised--;
    if (rc == 0 && !turn.cancelled)
        return state->over ? -COIL_ECLOSED : 0;
    if (turn.promised && !state->over) /* and not taken: it is the next one's */
        promise(state);
    return -ECANCELED;
}

static int next(struct coil_as_completed_state *state, struct coil_future *task, coil_future **done)
{
    while (!available(state)) {
        if (state->gone == state->n)
            return 0;
        if (state->late)
            return -ETIMEDOUT;
        int rc = wait_for_one(state, task);
        if (rc < 0)
            return rc;
    }
    *done = state->order[state->gone++];
    if (state->gone == state->n)
        wake_all(state);
    return 1;
}

int coil_as_completed_next(coil_as_completed *iteration, coil_future **done)
{
    if (!iteration || !done)
        return -EINVAL;
    struct coil_as_completed_state *state = iteration->state;
    if (!state)
        return 0;
    struct coil_future *task = task_current();
    if (!task)
        return -COIL_ENOLOOP;
    if (task->sched != state->sched)
        return -EXDEV;
    state->refs++;
    int rc = next(state, task, done);
    unref(state);
    return rc;
}
