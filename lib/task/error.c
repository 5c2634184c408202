// SPDX-License-Identifier: MIT
#include "task/error.h"

#include "task/extras.h"
#include "task/task.h"

static const struct note *note_of(const struct coil_future *future)
{
    const struct note *note = future->extras ? future->extras->error : NULL;

    /* A task may have raised one error and ended with another. */
    return note && note->code == err_code(future->result) ? note : NULL;
}

coil_error_info error_info(const struct coil_future *future)
{
    coil_error_info info = {.size = sizeof(info), .code = err_code(future->result)};
    const struct note *note = note_of(future);

    if (note) {
        info.message = note->message;
        info.file = note->file;
        info.line = note->line;
    }
    return info;
}

void error_pass_on(struct coil_future *to, const struct coil_future *from)
{
    if (!note_of(from))
        return;
    struct future_extras *extras = extras_of(to);
    if (extras)
        note_set(&extras->error, from->extras->error);
}

bool error_report(struct coil_future *future)
{
    error_retrieved(future);
    future->refs = 1;
    sched_report(future->sched,
                 future_is_task(future) ? "task error was never retrieved"
                                        : "future error was never retrieved",
                 err_code(future->result), future);
    return --future->refs == 0;
}

/* ---- public ------------------------------------------------------------------------------- */

void *coil_raise_at(int code, const char *message, const char *file, int line)
{
    struct coil_future *task = task_current();

    if (task && message && code < 0) {
        struct future_extras *extras = extras_of(task);
        struct note *note = extras ? note_new(code, message, file, line) : NULL;
        if (extras)
            note_set(&extras->error, note); /* without memory none, and no older one */
        note_unref(note);
    }
    return coil_err_ptr(code);
}

int coil_error(coil_future *future, coil_error_info *info)
{
    int rc = future_argument(future);

    if (rc < 0)
        return rc;
    if (info && info->size != sizeof(*info))
        return -EINVAL;
    sched_check_thread(future->sched);
    if (!future_done(future))
        return -COIL_EINVALSTATE;
    if (future->state == COIL_CANCELLED)
        return -ECANCELED;
    error_retrieved(future);
    bool failed = err_is(future->result);
    if (info)
        *info = failed ? error_info(future) : (coil_error_info){.size = sizeof(*info)};
    return failed;
}
