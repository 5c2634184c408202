// SPDX-License-Identifier: MIT
/*
 * All tasks of a loop, one a line, as a forest: under each task what it awaits. A task that is
 * awaited stands under the first who does; tasks that await each other in a ring stand at the end.
 * Two marks in the heads keep it to one line a task, whatever awaits what.
 */
#include "inspect/describe.h"

#include "loop/loop.h"

#include <coil/inspect.h>

#include <unistd.h>

enum {
    LINE = 512,
    DEEPEST = 64 /* steps to the right; what lies deeper stays there */
};

struct dump {
    int fd;
    int rc; /* of the first write that failed */
    int count;
};

static void write_all(struct dump *dump, const char *bytes, size_t size)
{
    while (size && dump->rc == 0) {
        ssize_t n = write(dump->fd, bytes, size);
        if (n < 0 && errno != EINTR)
            dump->rc = -errno;
        if (n > 0) {
            bytes += n;
            size -= (size_t)n;
        }
    }
}

static NOINLINE void write_line(struct dump *dump, const struct coil_future *future, unsigned depth)
{
    char line[LINE];
    struct text text = text_init(line, sizeof(line) - 1);

    text_add(&text, "%*s", (int)(depth < DEEPEST ? depth : DEEPEST) * 2, "");
    describe_future(&text, future);
    size_t length = text.length < sizeof(line) - 2 ? text.length : sizeof(line) - 2;
    line[length] = '\n';
    write_all(dump, line, length + 1);
}

/* A task and, step by step, what it awaits. A loop, because a chain may have any length; only
 * gathers in gathers are a recursion, and it has an end. */
static void write_chain(struct dump *dump, struct coil_future *task, unsigned depth)
{
    while (task && !(task->flags & FUTURE_SEEN)) {
        task->flags |= FUTURE_SEEN;
        write_line(dump, task, depth++);
        struct coil_future *awaited = describe_awaited(task);
        task = NULL;
        if (awaited && future_is_task(awaited)) {
            task = future_done(awaited) ? NULL : awaited;
        } else if (awaited) {
            struct coil_future *child;
            write_line(dump, awaited, depth++);
            for (size_t i = 0; depth < DEEPEST && (child = describe_child(awaited, i)); i++)
                if (future_is_task(child) && !future_done(child))
                    write_chain(dump, child, depth);
        }
    }
}

static void forget(struct coil_future *task, void *dump)
{
    task->flags &= (uint16_t) ~(FUTURE_SEEN | FUTURE_AWAITED);
    ((struct dump *)dump)->count++;
}

static void mark_awaited(struct coil_future *task, void *unused)
{
    struct coil_future *awaited = describe_awaited(task);
    struct coil_future *child;

    (void)unused;
    if (!awaited)
        return;
    awaited->flags |= FUTURE_AWAITED;
    for (size_t i = 0; (child = describe_child(awaited, i)); i++)
        child->flags |= FUTURE_AWAITED;
}

static void write_root(struct coil_future *task, void *dump)
{
    if (!(task->flags & FUTURE_AWAITED))
        write_chain(dump, task, 0);
}

static void write_rest(struct coil_future *task, void *dump)
{
    write_chain(dump, task, 0);
}

int coil_dump(coil_loop *loop, int fd)
{
    int rc = loop_argument(loop);

    if (rc < 0)
        return rc;
    sched_check_thread(loop->sched);
    struct dump dump = {.fd = fd};
    sched_each_task(loop->sched, forget, &dump);
    sched_each_task(loop->sched, mark_awaited, NULL);
    sched_each_task(loop->sched, write_root, &dump);
    sched_each_task(loop->sched, write_rest, &dump);
    return dump.rc < 0 ? dump.rc : dump.count;
}
