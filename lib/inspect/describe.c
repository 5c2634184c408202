// SPDX-License-Identifier: MIT
/*
 * A future in one line. Nothing is allocated: it is what one calls when things have gone wrong.
 */
#include "inspect/describe.h"

#include "inspect/symbol.h"
#include "loop/await.h"
#include "loop/sleep.h"
#include "task/await.h"
#include "task/callback.h"
#include "task/error.h"
#include "task/extras.h"
#include "task/task.h"

#include <coil/inspect.h>

#include <limits.h>

static const char *const states[] = {
    [COIL_PENDING] = "pending",
    [COIL_CANCELLED] = "cancelled",
    [COIL_FINISHED] = "finished",
};

static const char *const operations[OP_CODES] = {
    [OP_NOP] = "nop",
    [OP_READV] = "readv",
    [OP_WRITEV] = "writev",
    [OP_FSYNC] = "fsync",
    [OP_POLL] = "poll",
    [OP_SENDMSG] = "sendmsg",
    [OP_RECVMSG] = "recvmsg",
    [OP_ACCEPT] = "accept",
    [OP_CONNECT] = "connect",
    [OP_OPENAT] = "openat",
    [OP_CLOSE] = "close",
    [OP_STATX] = "statx",
    [OP_READ] = "read",
    [OP_WRITE] = "write",
    [OP_SEND] = "send",
    [OP_RECV] = "recv",
    [OP_SPLICE] = "splice",
    [OP_SHUTDOWN] = "shutdown",
    [OP_RENAMEAT] = "renameat",
    [OP_UNLINKAT] = "unlinkat",
    [OP_MKDIRAT] = "mkdirat",
    [OP_SYMLINKAT] = "symlinkat",
    [OP_LINKAT] = "linkat",
    [OP_SOCKET] = "socket",
    [OP_WAITID] = "waitid",
    [OP_BIND] = "bind",
    [OP_LISTEN] = "listen",
    [OP_FALLOCATE] = "fallocate",
    [OP_FADVISE] = "fadvise",
    [OP_MADVISE] = "madvise",
    [OP_OPENAT2] = "openat2",
    [OP_TEE] = "tee",
    [OP_FSETXATTR] = "fsetxattr",
    [OP_FGETXATTR] = "fgetxattr",
    [OP_FUTEX_WAIT] = "futex",
    [OP_FUTEX_WAKE] = "futex_wake",
    [OP_FTRUNCATE] = "ftruncate",
    [OP_PIPE] = "pipe",
    [OP_CALL] = "call",
};

/* ---- what a task does ----------------------------------------------------------------------- */

static void add_name(struct text *text, const struct coil_future *task)
{
    const char *name = extras_name(task);

    if (name)
        text_add_quoted(text, name);
    else
        text_add(text, "'task-%u'", task->id);
}

static const struct waiter *waiter_of(const struct coil_future *task)
{
    return task->run ? task->run->waiter : NULL;
}

struct coil_future *describe_awaited(const struct coil_future *task)
{
    const struct waiter *waiter = waiter_of(task);
    return waiter ? await_target(waiter) : NULL;
}

struct coil_future *describe_child(const struct coil_future *future, size_t i)
{
    if (!future->class->branch)
        return NULL;
    struct branch *branch = future->class->branch((struct coil_future *)future);
    return branch->child(branch, i);
}

static void add_operation(struct text *text, const struct op *op)
{
    const char *word = op->opcode < OP_CODES ? operations[op->opcode] : NULL;

    text_add(text, "%s", word ? word : "operation");
    if (op->fd >= 0)
        text_add(text, " %s=%d", op->flags & OP_SLOT ? "slot" : "fd", op->fd);
}

static void add_wait(struct text *text, const struct waiter *waiter)
{
    const struct coil_future *awaited = await_target(waiter);
    const struct op *op = await_operation(waiter);
    int64_t left = sleep_left(waiter);

    text_add(text, " wait=");
    if (awaited) {
        text_add(text, "%s", awaited->class->what);
        if (future_is_task(awaited)) {
            text_add(text, " ");
            add_name(text, awaited);
        }
    } else if (op) {
        add_operation(text, op);
    } else if (left >= 0) {
        text_add(text, "sleep %.9gs", (double)left / 1e9);
    } else {
        text_add(text, "%s", waiter->class->what);
    }
}

static void add_task(struct text *text, const struct coil_future *task)
{
    char name[128];

    if (task->cancel_requests)
        text_add(text, " cancelling=%u", task->cancel_requests);
    symbol_name((uintptr_t)task->fn, name, sizeof(name));
    text_add(text, " coro=%s", name);
    if (task->sched->current == task)
        text_add(text, " running");
    else if (waiter_of(task))
        add_wait(text, waiter_of(task));
}

/* ---- what a future holds -------------------------------------------------------------------- */

static void add_children(struct text *text, const struct coil_future *future)
{
    const struct coil_future *child;
    size_t n = 0, done = 0;

    if (!future->class->branch)
        return;
    for (; (child = describe_child(future, n)); n++)
        done += future_done(child);
    text_add(text, " children=%zu done=%zu", n, done);
}

static void add_result(struct text *text, const struct coil_future *future)
{
    if (!err_is(future->result)) {
        text_add(text, " result=%p", future->result);
        return;
    }
    const coil_error_info info = error_info(future);
    text_add(text, " error=%d (%s)", info.code, coil_strerror(info.code));
    if (info.message) {
        text_add(text, " ");
        text_add_quoted(text, info.message);
    }
    if (info.file)
        text_add(text, " at %s:%d", info.file, info.line);
}

/* What comes back there was called by the instruction before. */
static void add_origin(struct text *text, const void *origin)
{
    char name[128];

    if (!origin)
        return;
    symbol_name((uintptr_t)origin - 1, name, sizeof(name));
    text_add(text, " created=%s", name);
}

void describe_future(struct text *text, const struct coil_future *future)
{
    text_add(text, "<%s ", future->class->what);
    if (future_is_task(future)) {
        add_name(text, future);
        text_add(text, " ");
    }
    text_add(text, "%s", states[future->state]);
    if (future_is_task(future))
        add_task(text, future);
    add_children(text, future);
    if (future->state == COIL_FINISHED)
        add_result(text, future);
    if (future->extras && future->extras->reason) {
        text_add(text, " reason=");
        text_add_quoted(text, future->extras->reason->message);
    }
    unsigned callbacks = callbacks_count(future);
    if (callbacks)
        text_add(text, " callbacks=%u", callbacks);
    add_origin(text, extras_origin(future));
    text_add(text, ">");
}

int coil_describe(const coil_future *future, char *buffer, size_t size)
{
    int rc = future_argument(future);

    if (rc < 0)
        return rc;
    if (size && !buffer)
        return -EINVAL;
    sched_check_thread(future->sched);
    struct text text = text_init(buffer, size);
    describe_future(&text, future);
    return text.length < INT_MAX ? (int)text.length : INT_MAX;
}
