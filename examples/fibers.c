// SPDX-License-Identifier: MIT
/* A scheduler of one's own, on bare fibers: the three take turns by their urgency. */
#include <coil/coil.h>

#include <stdio.h>

struct worker {
    const char *name;
    int urgency, credit, steps;
    coil_fiber *fiber;
};

static coil_fiber *scheduler;

static void *work(void *arg)
{
    struct worker *self = arg;

    for (; self->steps > 0; self->steps--) {
        printf("%s ", self->name);
        int rc = coil_fiber_switch(scheduler, NULL, NULL);
        if (rc < 0)
            return COIL_ERR(rc);
    }
    printf("%s.end ", self->name);
    return NULL;
}

static struct worker *next(struct worker *workers, int count)
{
    struct worker *best = NULL;

    for (int i = 0; i < count; i++) {
        workers[i].credit += workers[i].urgency;
        if (!coil_fiber_dead(workers[i].fiber) && (!best || workers[i].credit > best->credit))
            best = &workers[i];
    }
    return best;
}

int main(void)
{
    struct worker workers[] = {{.name = "high", .urgency = 3, .steps = 4},
                               {.name = "low", .urgency = 1, .steps = 2},
                               {.name = "mid", .urgency = 2, .steps = 3}};
    struct worker *worker;

    scheduler = coil_fiber_current();
    for (int i = 0; i < 3; i++)
        workers[i].fiber = coil_fiber_new(work, &workers[i]);
    while ((worker = next(workers, 3))) {
        worker->credit -= 6; /* the sum of all urgencies */
        if (coil_fiber_switch(worker->fiber, NULL, NULL) < 0)
            return 1;
    }
    for (int i = 0; i < 3; i++)
        coil_fiber_free(workers[i].fiber);
    puts("");
}
