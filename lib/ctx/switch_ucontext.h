// SPDX-License-Identifier: MIT
/* The switch by ucontext, for machines without an assembly one: right everywhere, and slow. */
#ifndef CTX_SWITCH_UCONTEXT_H
#define CTX_SWITCH_UCONTEXT_H

#include <stddef.h>
#include <ucontext.h>

struct ctx_place {
    ucontext_t *saved; /* on the stack of the context that stands */
    void *value;       /* on the way to it */
    void (*entry)(void *);
};

void ctx_place_init(struct ctx_place *place, void *low, size_t size, void (*entry)(void *));
void *ctx_place_switch(struct ctx_place *from, struct ctx_place *to, void *value);

#endif
