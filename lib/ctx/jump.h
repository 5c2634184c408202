// SPDX-License-Identifier: MIT
/*
 * Functions that return by a jump, for x86-64.
 *
 * A CPU predicts a return by the calls before it. A function that is called on one stack and goes
 * on on another, again and again, as both ends of a generator's resume do, makes each of its
 * returns a wrong guess. An indirect jump is predicted by where it went before, and that is right
 * here. (docs/RATIONALE.md has the figures; for the switch between tasks the plain return is
 * better.)
 *
 * The compiler calls the place by this name and no other; it is local to each file that includes
 * this. rcx is neither a result nor anybody's to keep when a function returns.
 */
#ifndef CTX_JUMP_H
#define CTX_JUMP_H

#if defined(__x86_64__) && COIL_CONTEXT_ASM && defined(__has_attribute)
#if __has_attribute(function_return)
#define RETURNS_BY_JUMP __attribute__((function_return("thunk-extern")))
__asm__(".pushsection .text\n\t"
        ".local __x86_return_thunk\n\t"
        ".type __x86_return_thunk, @function\n\t"
        ".balign 16\n"
        "__x86_return_thunk:\n\t"
        ".cfi_startproc\n\t"
        "popq %rcx\n\t"
        ".cfi_adjust_cfa_offset -8\n\t"
        ".cfi_register rip, rcx\n\t"
        "notrack jmp *%rcx\n\t"
        ".cfi_endproc\n\t"
        ".size __x86_return_thunk, . - __x86_return_thunk\n\t"
        ".popsection");
#endif
#endif

#ifndef RETURNS_BY_JUMP
#define RETURNS_BY_JUMP
#endif

#endif
