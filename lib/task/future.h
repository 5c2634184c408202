// SPDX-License-Identifier: MIT
/*
 * The head of a future: what lives as long as somebody holds it. A task is a future with a
 * coroutine; its running part (task/task.h) lies on its stack.
 */
#ifndef TASK_FUTURE_H
#define TASK_FUTURE_H

#include "base/machine.h"
#include "task/item.h"
#include "task/sched.h"

#include <coil/future.h>

#include <errno.h>

struct task_run;
struct future_extras;
struct locals;
struct note;

/*
 * The place in the walk of a cancellation (task/cancel.c) of a future that is cancelled by
 * cancelling others, as a gather is.
 */
struct branch {
    struct coil_future *(*child)(struct branch *branch, size_t i); /* NULL behind the last */
    size_t next;
    struct branch *up;         /* where the walk came from */
    struct coil_future *asker; /* the task that awaits it and passed the request on, or NULL */
    bool walked;               /* the walk is here, or below */
    bool taken;                /* a child took this request */
    bool cancelled;            /* a child took a request, this one or an earlier one */
};

/* What differs between kinds of futures. A future's parts may have parts, any number deep, and a
 * stack has an end: destroy and taken are called for one future after the other, never within each
 * other. */
struct future_class {
    const char *what; /* for people: "task", "gather" */
    /* Asks a pending future to end as cancelled; whether it will. NULL: a task, or a branch. */
    bool (*cancel)(struct coil_future *future);
    struct branch *(*branch)(struct coil_future *future);
    /* At the last unref, before the head goes. NULL: nothing to do. */
    void (*destroy)(struct coil_future *future);
    /* The result is memory of the future's own, or another future's: nobody can dispose of it. */
    bool owns_result;
    /* Called when the result is taken. NULL: nothing to do. */
    void (*taken)(struct coil_future *future);
};

/*
 * Someone who wants to know when a future is done: linked into its ring of watchers, told in the
 * order in which they came. `notify` unlinks nothing (it already is) and only queues.
 */
struct watcher {
    struct watcher *previous, *next;
    void (*notify)(struct watcher *watcher, struct coil_future *future);
};

enum future_flags {
    FUTURE_TASK = 1,
    FUTURE_TAKEN = 2,       /* somebody has the result */
    FUTURE_MUST_CANCEL = 4, /* task: -ECANCELED is to be delivered at its next wait */
    FUTURE_OWNS_ARG = 8,    /* task: `arg` is a copy of ours */
    FUTURE_REFUSED = 16,    /* task: its loop closes, every wait is refused */
    FUTURE_SEEN = 32,       /* inspect's own two marks */
    FUTURE_AWAITED = 64,
    FUTURE_COVERED = 128,      /* task: a cancelled scope covers it, every wait is refused */
    FUTURE_MARKED = 256,       /* met already, by who goes through an array of futures just now */
    FUTURE_OWNS = 512,         /* its end is more than that of its head */
    FUTURE_CONTEXT = 1024,     /* task: `context` is its own, and not `locals` */
    FUTURE_UNRETRIEVED = 2048, /* it failed, and nobody has looked */
    FUTURE_QUIET = 4096        /* task: that it is pending when its loop closes is no news */
};

struct coil_future {
    struct item item; /* the task's next step */
    struct sched *sched;
    const struct future_class *class;
    void *result;             /* or an error-encoded code */
    struct watcher *watchers; /* the oldest; a ring */
    uint32_t refs;
    uint32_t id;
    uint16_t flags; /* enum future_flags */
    uint8_t state;  /* coil_state */
    uint8_t stack_class;
    uint32_t cancel_requests;
    coil_dispose_fn dispose;
    union {
        coil_fn fn;    /* task */
        void *private; /* the other classes' own */
    };
    void *arg;
    struct task_run *run;         /* NULL before the first step and after the end */
    struct list_node link;        /* task: in sched->tasks, until it is freed; other classes': in
                                     sched->dying or ->taking */
    struct future_extras *extras; /* task/extras.h; NULL: none */
    union {
        struct locals *locals; /* task/local.h; NULL: none */
        struct coil_context *context;
    };
};

_Static_assert(sizeof(struct coil_future) <= 128, "a head is two cache lines");

/* Pending, with one reference. Error-encoded. */
struct coil_future *future_new(struct sched *sched, const struct future_class *class);

/* A plain one, as coil_create_future makes. */
struct coil_future *future_new_plain(struct sched *sched);

/* Ends a pending future and tells its watchers. `result` may be error-encoded. */
void future_finish(struct coil_future *future, coil_state state, void *result);

/* Asks it to be cancelled, for a reason or NULL; as coil_cancel. */
bool future_cancel(struct coil_future *future, struct note *reason);

/* 0 and the result, or the code; marks the result as taken when `result` is given. */
int future_read(struct coil_future *future, void **result);

void future_free(struct coil_future *future);

/* References for coil's own code, on the loop's thread. */
static inline struct coil_future *future_ref(struct coil_future *future)
{
    future->refs++;
    ASSERT(future->refs != 0);
    return future;
}

static inline void future_unref(struct coil_future *future)
{
    ASSERT_CONTRACT(future->refs > 0, "a reference was given back twice");
    if (--future->refs == 0)
        future_free(future);
}

void future_watch(struct coil_future *future, struct watcher *watcher);
void future_unwatch(struct coil_future *future, struct watcher *watcher);

static inline bool watcher_linked(const struct watcher *watcher)
{
    return watcher->next != NULL;
}

static inline bool future_done(const struct coil_future *future)
{
    return future->state != COIL_PENDING;
}

static inline bool future_is_task(const struct coil_future *future)
{
    return future->flags & FUTURE_TASK;
}

/* 0, or the code that a public function returns for such an argument. */
static inline int future_argument(const struct coil_future *future)
{
    if (unlikely(!future))
        return -EINVAL;
    return unlikely(err_is(future)) ? err_code(future) : 0;
}

#endif
