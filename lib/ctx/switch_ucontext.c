// SPDX-License-Identifier: MIT
#include "ctx/switch_ucontext.h"

#include "base/assert.h"

#include <stdint.h>

/* makecontext passes ints only: a pointer goes in two halves. */
static void start(unsigned high, unsigned low)
{
    struct ctx_place *place = (struct ctx_place *)(((uintptr_t)high << 16 << 16) | low);
    place->entry(place->value);
}

void ctx_place_init(struct ctx_place *place, void *low, size_t size, void (*entry)(void *))
{
    uintptr_t top = ((uintptr_t)low + size - sizeof(ucontext_t)) & ~(uintptr_t)63;
    ucontext_t *context = (ucontext_t *)top;
    uintptr_t self = (uintptr_t)place;
    int rc = getcontext(context);

    ASSERT(rc == 0);
    context->uc_stack.ss_sp = low;
    context->uc_stack.ss_size = top - (uintptr_t)low;
    context->uc_link = NULL;
    place->saved = context;
    place->entry = entry;
    makecontext(context, (void (*)(void))start, 2, (unsigned)(self >> 16 >> 16), (unsigned)self);
}

void *ctx_place_switch(struct ctx_place *from, struct ctx_place *to, void *value)
{
    ucontext_t here;

    from->saved = &here;
    to->value = value;
    int rc = swapcontext(&here, to->saved);
    ASSERT(rc == 0);
    return from->value;
}
