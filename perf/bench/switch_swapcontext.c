// SPDX-License-Identifier: MIT
/* glibc's swapcontext. */
#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

struct place {
    ucontext_t context;
};

#define FORM "swapcontext"
struct runner;
static void place_init(struct runner *runner, char *low, size_t size, void (*body)(void *));

static inline void place_switch(struct place *from, struct place *to)
{
    (void)swapcontext(&from->context, &to->context);
}

#include "switch_bodies.h"

static struct {
    void (*body)(void *);
    struct runner *runner;
} starts[BODIES_MAX];

static void start(unsigned index)
{
    starts[index].body(starts[index].runner);
}

static void place_init(struct runner *runner, char *low, size_t size, void (*body)(void *))
{
    unsigned index = (unsigned)(runner - runners);
    ucontext_t *context = &runner->place.context;

    starts[index].body = body;
    starts[index].runner = runner;
    (void)getcontext(context);
    context->uc_stack.ss_sp = low;
    context->uc_stack.ss_size = size;
    context->uc_link = NULL;
    makecontext(context, (void (*)(void))start, 1, index);
}
