// SPDX-License-Identifier: MIT
/* The library's own switch. */
#include "ctx/switch.h"

struct place {
    struct ctx ctx;
};

#define FORM "coil"
struct runner;
static void place_init(struct runner *runner, char *low, size_t size, void (*body)(void *));

static ALWAYS_INLINE void place_switch(struct place *from, struct place *to)
{
    (void)ctx_switch(&from->ctx, &to->ctx, to);
}

#include "switch_bodies.h"

static void place_init(struct runner *runner, char *low, size_t size, void (*body)(void *))
{
    /* The first switch hands over the place, which is the runner's first member. */
    _Static_assert(offsetof(struct runner, place) == 0, "a place is its runner");
    ctx_init_thread(&home.ctx);
    ctx_init(&runner->place.ctx, low, size, body);
}
