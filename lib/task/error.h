// SPDX-License-Identifier: MIT
/* Errors that have a message and a place, and those that nobody took. */
#ifndef TASK_ERROR_H
#define TASK_ERROR_H

#include "task/future.h"

/* What is known of the error of a future that failed. */
coil_error_info error_info(const struct coil_future *future);

/* `to` is about to fail with the error of `from`, which failed: the message goes along, if there is
 * memory for it. */
void error_pass_on(struct coil_future *to, const struct coil_future *from);

/* The error was looked at: nobody has to be told of it. */
static inline void error_retrieved(struct coil_future *future)
{
    future->flags &= (uint16_t)~FUTURE_UNRETRIEVED;
}

/* At the last unref: tells of an error that nobody looked at. Whether the future is still to go:
 * whom it was told to may have kept it. */
bool error_report(struct coil_future *future);

#endif
