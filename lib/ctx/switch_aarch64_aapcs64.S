// SPDX-License-Identifier: MIT
/*
 * Where a context begins: sp is its stack's top, aligned to 16; x29 holds the entry; x0 the first
 * value. x29 and the return address, x30, become 0: this is the outermost frame, and frame pointer
 * chains, gdb and perf end here. The entry never returns.
 *
 * The entry is jumped to, not called: a call that no return answers would leave the CPU's return
 * predictions one off for everybody who runs next on this thread. By x16, so that the entry may
 * begin as every function does, with the landing pad of calls.
 */
        .text
        .globl  coil__ctx_start
        .hidden coil__ctx_start
        .type   coil__ctx_start, %function
        .balign 16
coil__ctx_start:
        .cfi_startproc
        .cfi_undefined x30
        hint    #34                     /* bti c */
        mov     x16, x29
        mov     x29, xzr
        mov     x30, xzr
        br      x16
        .cfi_endproc
        .size   coil__ctx_start, . - coil__ctx_start

        .section .note.GNU-stack, "", %progbits

/* GNU property: landing pads (BTI, bit 0); no signed return addresses (PAC, bit 1), no GCS (2). */
        .section .note.gnu.property, "a"
        .balign 8
        .word   4                       /* size of the name */
        .word   16                      /* size of the description */
        .word   5                       /* NT_GNU_PROPERTY_TYPE_0 */
        .asciz  "GNU"
        .word   0xc0000000              /* GNU_PROPERTY_AARCH64_FEATURE_1_AND */
        .word   4
        .word   1                       /* GNU_PROPERTY_AARCH64_FEATURE_1_BTI */
        .word   0
