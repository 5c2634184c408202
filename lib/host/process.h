// SPDX-License-Identifier: MIT
/*
 * A child as a loop has it. From its start to its end an operation waits for it, on behalf of the
 * process and not of a task, so that its end is taken whoever waits. The operation holds the memory
 * as references do: with no reference left, it frees the process.
 */
#ifndef HOST_PROCESS_H
#define HOST_PROCESS_H

#include "engine/engine.h"
#include "loop/loop.h"
#include "os/child.h"
#include "task/future.h"

/* What was read of a pipe by a communication that is not through. */
struct output {
    char *data;
    size_t length, capacity;
};

struct coil_process {
    unsigned refs;
    bool communicating;
    int end;    /* 0: not yet; 1: `status` is the child's; -ECHILD: there is no child, any more */
    int status; /* as coil_process_wait gives it */
    struct child child;
    pid_t parent;              /* where it is a child; not so after a fork */
    struct coil_future *ended; /* finished when it has, with NULL */
    struct op op;              /* in flight until then, or until the loop closes */
    struct flush again;        /* the operation could not be carried out */
    siginfo_t info;
    int ends[3];      /* the program's ends of pipes, or -1 */
    void *streams[3]; /* made of them (stream/process.c), or NULL */
    void (*drop_stream)(void *stream);
    size_t limit;             /* of these */
    size_t fed;               /* of the input of a communication that is not through */
    struct output outputs[2]; /* stdout, stderr */
};

/* Without a child yet, with one reference. Error-encoded. */
coil_process *process_new(struct sched *sched);

/* Takes over what a plan has made. On failure the last unref ends the child. */
int process_adopt(coil_process *process, const struct child_plan *plan);

/* 0, or the code that a public function returns for such an argument. */
static inline int process_argument(const coil_process *process)
{
    if (unlikely(!process))
        return -EINVAL;
    if (unlikely(err_is(process)))
        return err_code(process);
    sched_check_thread(process->ended->sched);
    return 0;
}

#endif
