// SPDX-License-Identifier: MIT
#include "task/local.h"

#include "base/alloc.h"
#include "task/task.h"

#include <string.h>

/* ---- sets of values ------------------------------------------------------------------------- */

static struct locals *locals_ref(struct locals *locals)
{
    if (locals)
        locals->refs++;
    return locals;
}

void locals_unref(struct locals *locals)
{
    if (locals && --locals->refs == 0)
        coil__free(locals);
}

static struct local_value *find(struct locals *locals, const coil_local *local)
{
    for (size_t i = 0; locals && i < locals->count; i++)
        if (locals->values[i].local == local)
            return &locals->values[i];
    return NULL;
}

static void *value_in(struct locals *locals, const coil_local *local)
{
    const struct local_value *found = find(locals, local);
    return found ? found->value : local->fallback;
}

/* A set of its own with room for one value more than `old` has. */
static struct locals *copy(const struct locals *old, size_t more)
{
    size_t count = old ? old->count : 0;
    struct locals *locals =
        coil__alloc(sizeof(*locals) + (count + more) * sizeof(locals->values[0]));

    if (!locals)
        return NULL;
    *locals = (struct locals){.refs = 1, .count = (uint32_t)count};
    if (count)
        memcpy(locals->values, old->values, count * sizeof(locals->values[0]));
    return locals;
}

static int set(struct locals **place, const coil_local *local, void *value)
{
    struct local_value *found = find(*place, local);

    if (!found || (*place)->refs > 1) {
        struct locals *locals = copy(*place, found ? 0 : 1);
        if (!locals)
            return -ENOMEM;
        if (!found)
            locals->values[locals->count++].local = local;
        locals_unref(*place);
        *place = locals;
        found = find(locals, local);
    }
    found->value = value;
    return 0;
}

/* ---- where they are ------------------------------------------------------------------------- */

static struct locals **place_of(struct coil_future *task)
{
    return task->flags & FUTURE_CONTEXT ? &task->context->locals : &task->locals;
}

/* Where no loop runs: see locals_use. */
static _Thread_local struct locals **place_of_thread;

/* The running task's, or the running callback's; NULL when no loop runs. */
static struct locals **place_here(void)
{
    struct sched *sched = sched_running();

    if (!sched)
        return place_of_thread;
    return sched->current ? place_of(sched->current) : &sched->locals;
}

struct locals *locals_snapshot_slow(const struct sched *sched)
{
    return locals_ref(sched->current ? *place_of(sched->current) : sched->locals);
}

struct locals *locals_copy(const struct sched *sched)
{
    struct locals *here = sched->current ? *place_of(sched->current) : sched->locals;

    if (!here)
        return NULL;
    struct locals *locals = copy(here, 0);
    return locals ? locals : COIL_ERR(-ENOMEM);
}

void locals_use(struct locals **place)
{
    place_of_thread = place;
}

void context_give(struct coil_future *task, struct coil_context *context)
{
    context->refs++;
    task->context = context;
    task->flags |= FUTURE_CONTEXT | FUTURE_OWNS;
    task->sched->has_locals = task->sched->special = true;
}

void context_free(struct coil_future *future)
{
    if (future->flags & FUTURE_CONTEXT)
        coil_context_unref(future->context);
    else
        locals_unref(future->locals);
}

/* ---- public --------------------------------------------------------------------------------- */

void *coil_local_get(const coil_local *local)
{
    struct locals **place = place_here();

    if (!local)
        return COIL_ERR(-EINVAL);
    return value_in(place ? *place : NULL, local);
}

int coil_local_set(const coil_local *local, void *value, void **previous)
{
    struct locals **place = place_here();

    if (!local)
        return -EINVAL;
    if (!place)
        return -COIL_ENOLOOP;
    void *before = value_in(*place, local);
    int rc = set(place, local, value);
    if (rc < 0)
        return rc;
    struct sched *sched = sched_running();
    if (sched)
        sched->has_locals = sched->special = true;
    if (sched && sched->current)
        sched->current->flags |= FUTURE_OWNS;
    if (previous)
        *previous = before;
    return 0;
}

static struct coil_context *context_new(struct locals *locals)
{
    struct coil_context *context = coil__alloc(sizeof(*context));

    if (!context)
        return COIL_ERR(-ENOMEM);
    *context = (struct coil_context){.refs = 1, .locals = locals_ref(locals)};
    return context;
}

coil_context *coil_copy_context(void)
{
    struct locals **place = place_here();

    return context_new(place ? *place : NULL);
}

coil_context *coil_task_context(coil_task *task)
{
    int rc = future_argument(task);

    if (rc < 0)
        return COIL_ERR(rc);
    if (!future_is_task(task))
        return COIL_ERR(-EINVAL);
    sched_check_thread(task->sched);
    if (!(task->flags & FUTURE_CONTEXT)) {
        struct coil_context *context = context_new(task->locals);
        if (err_is(context))
            return context;
        locals_unref(task->locals);
        context_give(task, context);
        return context;
    }
    task->context->refs++;
    return task->context;
}

void *coil_context_get(const coil_context *context, const coil_local *local)
{
    if (!context || !local)
        return COIL_ERR(-EINVAL);
    return err_is(context) ? COIL_ERR(err_code(context)) : value_in(context->locals, local);
}

void coil_context_unref(coil_context *context)
{
    if (!context || err_is(context) || --context->refs)
        return;
    locals_unref(context->locals);
    coil__free(context);
}
