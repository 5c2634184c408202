// SPDX-License-Identifier: MIT
#include "host/process.h"

#include "base/alloc.h"
#include "loop/flush.h"
#include "task/task.h"

#include <coil/compose.h>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- memory --------------------------------------------------------------------------------- */

static void close_ends(coil_process *process)
{
    const int before = errno;

    for (int i = 0; i < 3; i++) {
        if (process->ends[i] >= 0)
            close(process->ends[i]);
        process->ends[i] = -1;
        if (process->streams[i])
            process->drop_stream(process->streams[i]);
        process->streams[i] = NULL;
    }
    errno = before;
}

static void process_free(coil_process *process)
{
    close_ends(process);
    child_forget(&process->child);
    coil__free(process->outputs[0].data);
    coil__free(process->outputs[1].data);
    future_unref(process->ended);
    coil__free(process);
}

/* Nobody will hear of its end: here it is waited for. That is not long after SIGKILL. */
static void end_here(coil_process *process)
{
    int status;

    if (process->end || getpid() != process->parent)
        return;
    (void)child_signal(&process->child, SIGKILL);
    (void)child_reap(&process->child, true, &status);
}

/* ---- its end -------------------------------------------------------------------------------- */

static void has_ended(coil_process *process, int end)
{
    process->end = end;
    future_finish(process->ended, COIL_FINISHED, NULL);
    if (!process->refs)
        process_free(process);
}

/* The loop closes. */
static void is_left(coil_process *process)
{
    if (process->refs)
        return;
    end_here(process);
    process_free(process);
}

/* 1, 0, -ECHILD as child_reap; others: try again. */
static int find_end(coil_process *process, int result)
{
    if (result < 0)
        return result;
    if (process->op.opcode == OP_POLL)
        return child_reap(&process->child, false, &process->status);
    process->status = child_status(&process->info);
    return 1;
}

static void completed(struct op *op, const struct completion *completion)
{
    coil_process *process = container_of(op, struct coil_process, op);
    int end = find_end(process, completion->result);

    if (end == 1 || end == -ECHILD)
        has_ended(process, end);
    else if (end == -ECANCELED)
        is_left(process);
    else
        flush_starved(process->ended->sched->loop, &process->again);
}

static void watch_again(struct flush *flush)
{
    coil_process *process = container_of(flush, struct coil_process, again);
    coil_loop *loop = process->ended->sched->loop;

    if (loop->sched->closing)
        is_left(process);
    else if (engine_submit(loop->engine, &process->op) < 0)
        flush_starved(loop, &process->again);
}

/* Nobody can tell of its end. It may have come already, taken by somebody else. */
static int look_once(coil_process *process)
{
    int end = child_reap(&process->child, false, &process->status);

    if (!end)
        return -ENOSYS;
    has_ended(process, end);
    return 0;
}

/* Has its end taken when it comes. Before Linux 6.7 no operation does that: its descriptor tells,
 * and is there on every kernel that the ring runs on. */
static int watch(coil_process *process)
{
    coil_loop *loop = process->ended->sched->loop;
    const struct child *child = &process->child;

    if (loop->sched->closing) /* what is in flight has been cancelled already */
        return -ECANCELED;
    if (engine_carries(loop->engine, OP_WAITID)) {
        op_init(&process->op, OP_WAITID, -1, completed);
        process->op.length = child->pidfd >= 0 ? (uint32_t)P_PIDFD : (uint32_t)P_PID;
        process->op.size = (uint64_t)(child->pidfd >= 0 ? child->pidfd : child->pid);
        process->op.fd2 = WEXITED;
        process->op.address2 = &process->info;
    } else if (child->pidfd >= 0) {
        op_init(&process->op, OP_POLL, child->pidfd, completed);
        process->op.mask = POLLIN;
    } else {
        return look_once(process);
    }
    return engine_submit(loop->engine, &process->op);
}

coil_process *process_new(struct sched *sched)
{
    coil_process *process = coil__alloc_zeroed(sizeof(*process));

    if (!process)
        return COIL_ERR(-ENOMEM);
    process->ended = future_new_plain(sched);
    if (err_is(process->ended)) {
        int rc = err_code(process->ended);
        coil__free(process);
        return COIL_ERR(rc);
    }
    process->refs = 1;
    process->end = -ECHILD;
    process->parent = getpid();
    process->child.pidfd = -1;
    for (int i = 0; i < 3; i++)
        process->ends[i] = -1;
    process->again.run = watch_again;
    return process;
}

int process_adopt(coil_process *process, const struct child_plan *plan)
{
    process->child = plan->child;
    for (int i = 0; i < 3; i++)
        process->ends[i] = plan->ends[i];
    process->end = 0;
    return watch(process);
}

int coil_process_returncode(const coil_process *process, int *status)
{
    int rc = process_argument(process);

    if (rc < 0)
        return rc;
    if (!process->end)
        return -COIL_EINVALSTATE;
    if (process->end < 0)
        return process->end;
    if (status)
        *status = process->status;
    return 0;
}

/* By a shield of its own: who is cancelled leaves the others waiting. */
int coil_process_wait(coil_process *process, int *status)
{
    int rc = process_argument(process);
    coil_task *task = task_current();

    if (rc < 0)
        return rc;
    if (!task)
        return -COIL_ENOLOOP;
    (void)coil_process_ref(process);
    if (!process->end) {
        coil_future *shield =
            task_wait_refused(task) ? COIL_ERR(-ECANCELED) : coil_shield(process->ended);
        rc = coil_await(shield, NULL);
        coil_unref(shield);
    }
    if (rc == 0)
        rc = coil_process_returncode(process, status);
    coil_process_unref(process);
    return rc;
}

/* ---- signals -------------------------------------------------------------------------------- */

int coil_process_send_signal(coil_process *process, int signal)
{
    int rc = process_argument(process);

    if (rc < 0)
        return rc;
    return process->end ? -ESRCH : child_signal(&process->child, signal);
}

int coil_process_terminate(coil_process *process)
{
    return coil_process_send_signal(process, SIGTERM);
}

int coil_process_kill(coil_process *process)
{
    return coil_process_send_signal(process, SIGKILL);
}

/* ---- what it is ----------------------------------------------------------------------------- */

pid_t coil_process_pid(const coil_process *process)
{
    int rc = process_argument(process);
    return rc < 0 ? rc : process->child.pid;
}

int coil_process_descriptor(const coil_process *process, int which)
{
    int rc = process_argument(process);

    if (rc < 0)
        return rc;
    if (which < COIL_STDIN || which > COIL_STDERR)
        return -EINVAL;
    if (process->communicating)
        return -EBUSY;
    return process->ends[which] < 0 ? -EBADF : process->ends[which];
}

int coil_process_detach(coil_process *process, int which)
{
    int fd = coil_process_descriptor(process, which);

    if (fd >= 0)
        process->ends[which] = -1;
    return fd;
}

coil_process *coil_process_ref(coil_process *process)
{
    if (process_argument(process) == 0) {
        process->refs++;
        ASSERT(process->refs != 0);
    }
    return process;
}

void coil_process_unref(coil_process *process)
{
    if (process_argument(process) < 0)
        return;
    ASSERT_CONTRACT(process->refs > 0, "a reference was given back twice");
    if (--process->refs)
        return;
    bool watched = process->op.state != OP_IDLE || process->again.queued;
    if (!watched) {
        end_here(process);
        process_free(process);
        return;
    }
    if (getpid() == process->parent) /* before it could see its pipes end */
        (void)child_signal(&process->child, SIGKILL);
    close_ends(process);
}
