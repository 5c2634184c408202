// SPDX-License-Identifier: MIT
#include "task/sched.h"

#include "base/alloc.h"
#include "fiber/fiber.h"
#include "task/future.h"
#include "task/task.h"

#include <stdatomic.h>

_Thread_local struct sched *coil__sched_running __attribute__((tls_model("initial-exec")));

static atomic_uint_fast64_t last_number;

struct sched *sched_new(coil_loop *loop, int stack_class, size_t stacks_kept)
{
    struct sched *sched = coil__alloc_zeroed(sizeof(*sched));

    if (!sched)
        return NULL;
    fifo_init(&sched->ready);
    list_init(&sched->tasks);
    list_init(&sched->dying);
    list_init(&sched->taking);
    stacks_init(&sched->stacks, stacks_kept);
    slab_init(&sched->heads, (sizeof(struct coil_future) + 15) & ~(size_t)15);
    sched->number = atomic_fetch_add(&last_number, 1) + 1;
    sched->loop = loop;
    sched->stack_class = stack_class;
    return sched;
}

void sched_free(struct sched *sched)
{
    ASSERT(sched->closed && sched->task_count == 0 && sched->ready.count == 0);
    slab_fini(&sched->heads);
    coil__free(sched);
}

void sched_orphan(struct sched *sched)
{
    sched->loop = NULL;
    if (sched_forgotten(sched))
        sched_free(sched);
}

/* A reference, or NULL at the end. */
static struct coil_future *task_after(struct sched *sched, const struct list_node *node)
{
    return node->next == &sched->tasks.head
               ? NULL
               : future_ref(list_entry(node->next, struct coil_future, link));
}

void sched_each_task(struct sched *sched, void (*visit)(struct coil_future *task, void *userdata),
                     void *userdata)
{
    struct coil_future *task = task_after(sched, &sched->tasks.head);

    while (task) {
        if (!future_done(task))
            visit(task, userdata);
        struct coil_future *next = task_after(sched, &task->link);
        future_unref(task);
        task = next;
    }
}

void sched_fetch_ahead(const struct sched *sched)
{
    const struct item *item = container_of(sched->ready.first, struct item, node);

    fetch_line(item->node.next);
    if (item->kind != ITEM_STEP)
        return;
    const char *run = (const char *)container_of(item, struct coil_future, item)->run;
    if (!run) /* what a new one needs, task_start fetches */
        return;
    /* Up to the stack's descriptor. */
    for (int i = -1 - TASK_FRAMES; i <= 2; i++)
        fetch_line(run + (ptrdiff_t)i * CACHE_LINE);
}

void sched_run_item(struct sched *sched, struct item *item)
{
    if (item->kind == ITEM_STEP) {
        task_step(container_of(item, struct coil_future, item));
        return;
    }
    struct call *call = container_of(item, struct call, item);
    call->run(call, sched->closing);
}

/* With nothing left of the batch, whoever parks comes home. */
static void run_observed(struct sched *sched)
{
    for (size_t left = sched->budget; left; left--) {
        sched->budget = 1;
        sched->observe(sched, sched_next(sched));
        ASSERT(sched->budget == 0);
    }
}

void sched_run(struct sched *sched)
{
    struct sched *outer = coil__sched_running;

    coil__sched_running = sched;
    sched->home = fiber_current();
    sched_begin_batch(sched);
    if (unlikely(sched->observe != NULL))
        run_observed(sched);
    while (sched->budget) {
        sched_run_item(sched, sched_next(sched));
        ASSERT(sched->current == NULL);
    }
    coil__sched_running = outer;
}
