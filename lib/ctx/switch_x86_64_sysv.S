// SPDX-License-Identifier: MIT
/*
 * Where a context begins: sp is its stack's top, aligned to 16; rbp holds the entry; rdx the first
 * value. rbp becomes 0 and the return address 0: this is the outermost frame, and frame pointer
 * chains, gdb and perf end here. The entry never returns.
 *
 * The entry is jumped to, not called: a call that no return answers would leave the CPU's return
 * predictions one off for everybody who runs next on this thread.
 */
        .text
        .globl  coil__ctx_start
        .hidden coil__ctx_start
        .type   coil__ctx_start, @function
        .balign 16
coil__ctx_start:
        .cfi_startproc
        .cfi_undefined rip
        endbr64
        movq    %rbp, %rax
        xorl    %ebp, %ebp
        movq    %rdx, %rdi
        pushq   $0
        .cfi_adjust_cfa_offset 8
        jmpq    *%rax
        .cfi_endproc
        .size   coil__ctx_start, . - coil__ctx_start

        .section .note.GNU-stack, "", @progbits

/* GNU property: indirect branch tracking (IBT, bit 0), and not shadow stacks (bit 1). */
        .section .note.gnu.property, "a"
        .balign 8
        .long   4                       /* size of the name */
        .long   16                      /* size of the description */
        .long   5                       /* NT_GNU_PROPERTY_TYPE_0 */
        .asciz  "GNU"
        .long   0xc0000002              /* GNU_PROPERTY_X86_FEATURE_1_AND */
        .long   4
        .long   1                       /* GNU_PROPERTY_X86_FEATURE_1_IBT */
        .long   0
