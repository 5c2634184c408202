// SPDX-License-Identifier: MIT
#include "loop/exception.h"

#include "base/warn.h"
#include "loop/loop.h"
#include "task/error.h"
#include "task/extras.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- the default handler ------------------------------------------------------------------- */

struct line {
    char text[240];
    size_t length;
};

static void PRINTF_LIKE(2, 3) add(struct line *line, const char *format, ...)
{
    size_t room = sizeof(line->text) - line->length;
    va_list arguments;

    va_start(arguments, format);
    int n = vsnprintf(line->text + line->length, room, format, arguments);
    va_end(arguments);
    ASSERT(n >= 0);
    line->length += (size_t)n < room ? (size_t)n : room - 1;
}

static bool valid(const coil_exception_context *context)
{
    return context && context->size == sizeof(*context) && context->message && context->code <= 0;
}

void coil_default_exception_handler(coil_loop *loop, const coil_exception_context *context,
                                    void *userdata)
{
    struct line line = {.length = 0};

    (void)loop, (void)userdata;
    if (!valid(context))
        return;
    add(&line, "%s", context->message);
    if (context->future && !err_is(context->future) && future_is_task(context->future)) {
        char name[64];
        (void)task_write_name(context->future, name, sizeof(name));
        add(&line, ": %s", name);
    }
    if (context->code)
        add(&line, ": %s (%d)", coil_strerror(context->code), context->code);
    if (context->info && context->info->message)
        add(&line, ": %s", context->info->message);
    if (context->info && context->info->file)
        add(&line, " (%s:%d)", context->info->file, context->info->line);
    if (context->origin)
        add(&line, ", asked for at %p", context->origin);
    coil__warn("%s", line.text);
}

/* ---- reporting ----------------------------------------------------------------------------- */

/* It may be found in the middle of a task's step: the handler must not wait there. */
static void call(coil_loop *loop, const coil_exception_context *context)
{
    struct sched *sched = sched_running();
    struct coil_future *current = sched ? sched->current : NULL;

    if (sched)
        sched->current = NULL;
    loop->in_handler = true;
    loop->handler(loop, context, loop->handler_userdata);
    loop->in_handler = false;
    if (sched)
        sched->current = current;
}

void exception_report(coil_loop *loop, const coil_exception_context *context)
{
    if (loop && loop->handler && !loop->in_handler)
        call(loop, context);
    else
        coil_default_exception_handler(loop, context, NULL);
}

void exception_report_future(coil_loop *loop, const char *message, int code, coil_future *future)
{
    const coil_error_info info = error_info(future);

    exception_report(loop, &(coil_exception_context){.size = sizeof(coil_exception_context),
                                                     .message = message,
                                                     .code = code,
                                                     .future = future,
                                                     .origin = extras_origin(future),
                                                     .info = info.message ? &info : NULL});
}

/* ---- public -------------------------------------------------------------------------------- */

int coil_set_exception_handler(coil_loop *loop, coil_exception_handler handler, void *userdata)
{
    int rc = loop_argument(loop);

    if (rc < 0)
        return rc;
    sched_check_thread(loop->sched);
    loop->handler = handler;
    loop->handler_userdata = userdata;
    return 0;
}

coil_exception_handler coil_get_exception_handler(const coil_loop *loop)
{
    if (loop_argument(loop) < 0)
        return NULL;
    sched_check_thread(loop->sched);
    return loop->handler;
}

int coil_call_exception_handler(coil_loop *loop, const coil_exception_context *context)
{
    int rc = loop_argument(loop);

    if (rc < 0)
        return rc;
    if (!valid(context))
        return -EINVAL;
    sched_check_thread(loop->sched);
    exception_report(loop, context);
    return 0;
}
