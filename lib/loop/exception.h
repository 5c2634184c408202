// SPDX-License-Identifier: MIT
/* Errors that nobody is there to take: each goes to the loop's handler, once. */
#ifndef LOOP_EXCEPTION_H
#define LOOP_EXCEPTION_H

#include <coil/exception.h>

/* To the handler of the loop, or without a loop (it was freed) to the default one. */
void exception_report(coil_loop *loop, const coil_exception_context *context);

/* For lib/task, as struct sched has it. Whoever reports a future holds it. */
void exception_report_future(coil_loop *loop, const char *message, int code, coil_future *future);

#endif
