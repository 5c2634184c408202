// SPDX-License-Identifier: MIT
/*
 * The switch for aarch64, AAPCS64: inline, and without a push.
 *
 *     struct ctx_place            stack of a context that stands
 *     +0   sp  ----------------->  frame of the function that switched, as the compiler left it
 *     +8   fp  (x29)              (callee-saved registers are there, d8 to d15 among them: the asm
 *     +16  pc  -> label 1           clobbers all of them, so the compiler saves what is live, and
 *                                   only that)
 *
 * Nothing is pushed, so at the label the enclosing function's own unwind information holds again:
 * a debugger that sets sp, fp and pc from a context unwinds it with no help. The label starts with
 * a landing pad because it is reached by an indirect jump; the jump goes by x17, because only those
 * by x16 and x17 may also land where calls do, which is what coil__ctx_start begins with. FPCR and
 * FPSR are not saved: they belong to the thread. Return addresses may be signed (PAC): the key is
 * the process's, and a frame finds the sp again that it signed with. Guarded control stacks (GCS)
 * are not supported and no object says otherwise.
 */
#ifndef CTX_SWITCH_AARCH64_AAPCS64_H
#define CTX_SWITCH_AARCH64_AAPCS64_H

#include "base/assert.h"
#include "base/macros.h"

#include <stddef.h>
#include <stdint.h>

struct ctx_place {
    void *sp, *fp, *pc;
};

/* switch_aarch64_aapcs64.S: jumps to the entry that ctx_place_init left in fp. */
void coil__ctx_start(void);

static inline void ctx_place_init(struct ctx_place *place, void *low, size_t size,
                                  void (*entry)(void *))
{
    uintptr_t top = ((uintptr_t)low + size) & ~(uintptr_t)15;

    ASSERT(top > (uintptr_t)low);
    place->sp = (void *)top;
    place->fp = (void *)(uintptr_t)entry;
    place->pc = (void *)(uintptr_t)coil__ctx_start;
}

/* What the compiler must believe lost: every register but sp, fp and the three operands. */
#if defined(__ARM_FEATURE_SVE)
#define CTX_CLOBBERS_SVE                                                                           \
    , "p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9", "p10", "p11", "p12", "p13",      \
        "p14", "p15"
#else
#define CTX_CLOBBERS_SVE
#endif

static ALWAYS_INLINE void *ctx_place_switch(struct ctx_place *from, struct ctx_place *to,
                                            void *value)
{
    /* Fixed, because the other side's asm must find the value where this one left it. */
    register void *x0 __asm__("x0") = value;
    register struct ctx_place *x1 __asm__("x1") = from;
    register struct ctx_place *x2 __asm__("x2") = to;

    __asm__ volatile("adr x17, 1f\n\t"
                     "mov x16, sp\n\t"
                     "stp x16, x29, [%[from]]\n\t"
                     "str x17, [%[from], #16]\n\t"
                     "ldr x17, [%[to], #16]\n\t"
                     "ldp x16, x29, [%[to]]\n\t"
                     "mov sp, x16\n\t"
                     "br x17\n"
                     "1:\n\t"
                     "hint #36" /* bti j, for assemblers of every age */
                     : [value] "+r"(x0), [from] "+r"(x1), [to] "+r"(x2)
                     :
                     : "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
                       "x15", "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25",
                       "x26", "x27", "x28", "x30", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7",
                       "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18",
                       "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29",
                       "v30", "v31" CTX_CLOBBERS_SVE, "cc", "memory");
    return x0;
}

#endif
