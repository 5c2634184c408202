// SPDX-License-Identifier: MIT
/* Hears what a loop's exception handler is told. */
#ifndef CONFORMANCE_EAR_H
#define CONFORMANCE_EAR_H

#include "world.h"

struct ear {
    struct record log;
    coil_exception_context last;
};

static inline void ear_hear(coil_loop *loop, const coil_exception_context *context, void *userdata)
{
    struct ear *ear = userdata;

    (void)loop;
    record(&ear->log, "[%s %d]", context->message, context->code);
    ear->last = *context;
}

/* An ear for a world's loop; declared after it. */
#define EAR(name, world)                                                                           \
    struct ear name = {.last.code = 0};                                                            \
    PASS(coil_set_exception_handler((world).loop, ear_hear, &(name)))

#endif
