// SPDX-License-Identifier: MIT
/*
 * The switch for x86-64, System V: inline, and without a push.
 *
 *     struct ctx_place            stack of a context that stands
 *     +0   sp  ----------------->  frame of the function that switched, as the compiler left it
 *     +8   fp                      (callee-saved registers are there: the asm clobbers all of
 *     +16  pc  -> label 1           them, so the compiler saves what is live, and only that)
 *
 * Nothing is pushed, so at the label the enclosing function's own unwind information holds again:
 * a debugger that sets sp, fp and pc from a context unwinds it with no help. The label starts with
 * a landing pad because it is reached by an indirect jump. The asm does not save the x87 and SSE
 * control words: they belong to the thread. Shadow stacks (SHSTK) are not supported and no object
 * says otherwise; see docs/RATIONALE.md.
 */
#ifndef CTX_SWITCH_X86_64_SYSV_H
#define CTX_SWITCH_X86_64_SYSV_H

#include "base/assert.h"
#include "base/macros.h"

#include <stddef.h>
#include <stdint.h>

struct ctx_place {
    void *sp, *fp, *pc;
};

/* switch_x86_64_sysv.S: calls the entry that ctx_place_init left in fp, with the first value. */
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
#if defined(__AVX512F__)
#define CTX_CLOBBERS_512                                                                           \
    , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25",    \
        "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31", "k1", "k2", "k3", "k4", "k5", "k6",  \
        "k7"
#else
#define CTX_CLOBBERS_512
#endif

static ALWAYS_INLINE void *ctx_place_switch(struct ctx_place *from, struct ctx_place *to,
                                            void *value)
{
    __asm__ volatile("leaq 1f(%%rip), %%rax\n\t"
                     "movq %%rsp, 0(%[from])\n\t"
                     "movq %%rbp, 8(%[from])\n\t"
                     "movq %%rax, 16(%[from])\n\t"
                     "movq 0(%[to]), %%rsp\n\t"
                     "movq 8(%[to]), %%rbp\n\t"
                     "jmpq *16(%[to])\n"
                     "1:\n\t"
                     "endbr64"
                     : [value] "+d"(value), [from] "+D"(from), [to] "+S"(to)
                     :
                     : "rax", "rbx", "rcx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
                       "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
                       "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "mm0", "mm1",
                       "mm2", "mm3", "mm4", "mm5", "mm6", "mm7", "st", "st(1)", "st(2)", "st(3)",
                       "st(4)", "st(5)", "st(6)", "st(7)" CTX_CLOBBERS_512, "cc", "memory");
    return value;
}

#endif
