// SPDX-License-Identifier: MIT
/*
 * Looking at futures and tasks: for logs, for debuggers, for a program that hangs.
 *
 * The texts are for people; their words may change from version to version, but for the states:
 * pending, cancelled, finished.
 */
#ifndef COIL_INSPECT_H
#define COIL_INSPECT_H

#include <coil/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Describes a future in one line:
 *
 *     <task 'crawler' pending coro=crawl wait=recv fd=5 callbacks=2>
 *     <task 'task-3' finished coro=work error=-5 (Input/output error)>
 *     <gather pending children=3 done=1>
 *
 * A coroutine goes by the name of its function, a static one, too, when the program has its table
 * of symbols; else by its address. In debug mode `created=` names who asked for the future.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the text goes to `buffer`, cut to `size` bytes with its NUL, without line breaks.
 * Cancellation: none.
 * Errors: -EINVAL for NULL; the code of an error-encoded pointer. Otherwise the length of the whole
 *         text.
 */
COIL_API int coil_describe(const coil_future *future, char *buffer, size_t size);

/*
 * Writes a line for each unfinished task of a loop to a descriptor, in the order of their creation.
 * What a task awaits follows it, one step further to the right; each task has one line.
 *
 * Suspends: no; it writes as write(2) does.
 * Thread: the loop's.
 * Ownership: the descriptor stays the caller's.
 * Cancellation: none.
 * Errors: -EINVAL for NULL; the code of an error-encoded pointer; those of write(2). Otherwise how
 *         many tasks there are.
 */
COIL_API int coil_dump(coil_loop *loop, int fd);

/*
 * Has the overrun of a coroutine's stack reported, or no longer, for the calling thread: when a
 * task, a generator or a fiber of this thread runs into the guard below its stack, a line on stderr
 * says who it was and how large the stack is, before the program ends by SIGSEGV as it does without
 * the line:
 *
 *     coil: generator 'walker' (coro=0x401c2e) in task 'task-7' (coro=0x401d10) overran its stack
 * of 64 KiB; coil_gen_options.stack_size gives it more
 *
 * It is a handler of SIGSEGV for the process, on an alternate stack of this thread: the thread's
 * own when it has one, else one that coil gives it. A handler of the program's gets the signal
 * after the report, as if it had come to it first; from then on it has the signal for itself, until
 * this function is called again. Handlers that are put above this one are taken back before it.
 *
 * Stacks that COIL_GUARD_CANARY guards raise no signal. A frame of more than a page may step over
 * the guard, unless the program is compiled with -fstack-clash-protection.
 *
 * Suspends: no.
 * Thread: any, each for itself; a thread that has it on turns it off before it ends.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -ENOMEM, which changes nothing. Otherwise 0, also when it was so already.
 */
COIL_API int coil_report_overflows(bool on);

#ifdef __cplusplus
}
#endif

#endif
