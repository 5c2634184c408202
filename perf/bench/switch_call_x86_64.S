// SPDX-License-Identifier: MIT
/* Forms of the switch that were not taken, kept to be measured beside the one that was. */
        .macro  swap_stacks
        endbr64
        pushq   %rbp
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        movq    %rsp, (%rdi)
        movq    (%rsi), %rsp
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        .endm

        .text
        .globl  switch_by_ret, switch_by_jmp, switch_call_start
        .balign 64
switch_by_ret:
        swap_stacks
        ret
        .balign 64
switch_by_jmp:
        swap_stacks
        popq    %rcx
        jmpq    *%rcx
        .balign 64
switch_call_start:                      /* rbx: the body, rbp: its argument */
        endbr64
        movq    %rbp, %rdi
        callq   *%rbx
        ud2
        .section .note.GNU-stack, "", @progbits
