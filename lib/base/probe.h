// SPDX-License-Identifier: MIT
/*
 * USDT probes, a nop each, for bpftrace, perf and gdb: `bpftrace -l 'usdt:libcoil.so:coil:*'`.
 * All of them are here:
 *
 *     task__create  (task, fn)         a task was made
 *     task__start   (task)             its first step begins
 *     task__park    (task)             it stops running and waits
 *     task__unpark  (task)             it runs again
 *     task__end     (task, result)     its coroutine returned
 *     op__submit    (op, opcode, fd)   an operation goes to the engine
 *     op__complete  (op, result)       its last completion came back
 */
#ifndef BASE_PROBE_H
#define BASE_PROBE_H

#if COIL_PROBES
#include <sys/sdt.h>
#define PROBE1(name, a)       DTRACE_PROBE1(coil, name, a)
#define PROBE2(name, a, b)    DTRACE_PROBE2(coil, name, a, b)
#define PROBE3(name, a, b, c) DTRACE_PROBE3(coil, name, a, b, c)
#else
#define PROBE1(name, a)       ((void)(a))
#define PROBE2(name, a, b)    ((void)(a), (void)(b))
#define PROBE3(name, a, b, c) ((void)(a), (void)(b), (void)(c))
#endif

#endif
