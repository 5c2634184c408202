/* SPDX-License-Identifier: MIT */
/* Boost.Context's switch: what its C++ is made of, by the names that its assembly has. */
#include <stddef.h>
#include <stdint.h>

struct transfer {
    void *context, *data;
};

struct transfer jump_fcontext(void *to, void *data);
void *make_fcontext(void *stack, size_t size, void (*entry)(struct transfer));

struct place {
    void *context;
};

#define FORM "boost"
struct runner;
static void place_init(struct runner *runner, char *low, size_t size, void (*body)(void *));

/* Who arrives notes where it came from. */
static inline void place_switch(struct place *from, struct place *to)
{
    struct transfer came = jump_fcontext(to->context, from);

    ((struct place *)came.data)->context = came.context;
}

#include "../../bench/switch_bodies.h"

static struct {
    void (*body)(void *);
    struct runner *runner;
} starts[BODIES_MAX];
static size_t started;

static void start(struct transfer came)
{
    size_t index = started++;

    ((struct place *)came.data)->context = came.context;
    starts[index].body(starts[index].runner);
}

static void place_init(struct runner *runner, char *low, size_t size, void (*body)(void *))
{
    size_t index = (size_t)(runner - runners);

    started = 0; /* they are started in turn */
    starts[index].body = body;
    starts[index].runner = runner;
    runner->place.context = make_fcontext(low + size, size, start);
}
