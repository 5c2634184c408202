// SPDX-License-Identifier: MIT
/*
 * Contexts: a stack and a place in it, and the switch from one to another.
 *
 * ctx_switch leaves `from`, continues `to` and hands it `value`; it returns the value with which
 * somebody later switches back. ctx_leave is the last switch of a context: its stack may be used
 * for another one afterwards. Signal masks, errno and the floating point control words belong to
 * the thread, not to a context; the assembly forms do not switch them.
 *
 * A context that was never switched to begins in its entry, which gets the first value and never
 * returns.
 */
#ifndef CTX_SWITCH_H
#define CTX_SWITCH_H

#include "base/macros.h"
#include "ctx/sanitize.h"

#include <stddef.h>

typedef void (*ctx_entry)(void *value);

#if COIL_CONTEXT_ASM && defined(__x86_64__)
#include "ctx/switch_x86_64_sysv.h"
#elif COIL_CONTEXT_ASM && defined(__aarch64__)
#include "ctx/switch_aarch64_aapcs64.h"
#elif COIL_CONTEXT_UCONTEXT
#include "ctx/switch_ucontext.h"
#else
#error "no context switch for this machine: configure with -Dcontext=ucontext"
#endif

struct ctx {
    struct ctx_place place; /* where it stands while it does not run */
    struct sanitize_stack sanitize;
};

/* Prepares a context on [low, low + size), to begin in `entry`. */
static inline void ctx_init(struct ctx *ctx, void *low, size_t size, ctx_entry entry)
{
    sanitize_init(&ctx->sanitize, low, size);
    ctx_place_init(&ctx->place, low, size, entry);
}

/* The thread's own stack as a context: it is left before it is switched to. */
static inline void ctx_init_thread(struct ctx *ctx)
{
    sanitize_init_thread(&ctx->sanitize);
}

/* After a context's stack is used no more. It is not the one that runs. */
static inline void ctx_fini(struct ctx *ctx)
{
    sanitize_fini(&ctx->sanitize);
}

static ALWAYS_INLINE void *ctx_switch(struct ctx *from, struct ctx *to, void *value)
{
    sanitize_leave(&from->sanitize, &to->sanitize);
    value = ctx_place_switch(&from->place, &to->place, value);
    sanitize_arrive(&from->sanitize);
    return value;
}

/* The first act of an entry. */
static inline void ctx_begun(struct ctx *ctx)
{
    sanitize_arrive(&ctx->sanitize);
}

_Noreturn static inline void ctx_leave(struct ctx *from, struct ctx *to, void *value)
{
    sanitize_leave_for_good(&from->sanitize, &to->sanitize);
    (void)ctx_place_switch(&from->place, &to->place, value);
    __builtin_unreachable();
}

#endif
