// SPDX-License-Identifier: MIT
#include "os/child.h"

#include "base/assert.h"
#include "base/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STANDARD = 3 }; /* descriptors from here on are no standard streams */

/*
 * Children are started on threads of their own. TSan watches which thread makes a descriptor and
 * which one closes it, and sees no close of a ring: a number that comes again would look like a
 * race. So it does not hear of those that are made and closed here.
 */
#if WITH_TSAN
static int make_ends(int ends[2])
{
    return (int)syscall(SYS_pipe2, ends, O_CLOEXEC);
}

static void close_it(int fd)
{
    (void)syscall(SYS_close, fd);
}
#else
static int make_ends(int ends[2])
{
    return pipe2(ends, O_CLOEXEC);
}

static void close_it(int fd)
{
    close(fd);
}
#endif

static void close_one(int *fd)
{
    if (*fd >= 0)
        close_it(*fd);
    *fd = -1;
}

static void close_all(int *fds)
{
    for (int i = 0; i < STANDARD; i++)
        close_one(&fds[i]);
}

/* ---- the standard streams ------------------------------------------------------------------- */

/* Leaves in `given` what the child gets, numbered so that no move to 0, 1 and 2 is in another's
 * way. Such copies and the ends of pipes are the parent's to close. */
static int clear_of_standard(int *given)
{
    if (*given < 0 || *given >= STANDARD)
        return 0;
    int copy = fcntl(*given, F_DUPFD_CLOEXEC, STANDARD);
    if (copy < 0)
        return -errno;
    *given = copy;
    return 0;
}

static int make_pipe(int which, int *childs, int *ours)
{
    int ends[2];

    if (fault_here("child_pipe"))
        return -EMFILE;
    if (make_ends(ends) < 0)
        return -errno;
    *childs = ends[which == COIL_STDIN ? 0 : 1];
    *ours = ends[which == COIL_STDIN ? 1 : 0];
    int low = *childs;
    int rc = clear_of_standard(childs);
    if (rc < 0 || low != *childs)
        close_it(low);
    if (rc < 0)
        *childs = -1;
    return rc;
}

/* `made` are the descriptors to close once the child has them. */
static int prepare(struct child_plan *plan, posix_spawn_file_actions_t *actions, int *made)
{
    int rc = 0;

    for (int i = 0; i < STANDARD && rc == 0; i++) {
        int how = plan->stdio[i], given = how;
        if (how == COIL_STDIO_PIPE) {
            rc = make_pipe(i, &made[i], &plan->ends[i]);
            given = made[i];
        } else if (how > 0) {
            rc = clear_of_standard(&given);
            if (given != how)
                made[i] = given;
        }
        if (rc < 0 || how == COIL_STDIO_INHERIT)
            continue;
        if (how == COIL_STDIO_NULL)
            rc = -posix_spawn_file_actions_addopen(actions, i, "/dev/null", O_RDWR, 0);
        else
            rc = -posix_spawn_file_actions_adddup2(
                actions, how == COIL_STDIO_STDOUT ? STDOUT_FILENO : given, i);
    }
    if (rc == 0 && plan->directory)
        rc = -posix_spawn_file_actions_addchdir_np(actions, plan->directory);
    if (rc == 0)
        rc = -posix_spawn_file_actions_addclosefrom_np(actions, STANDARD);
    return rc;
}

/* ---- starting ------------------------------------------------------------------------------- */

/* A look is cheaper than a child that finds out. Where it starts from, a relative path may lead to
 * something else. */
static int look(const struct child_plan *plan, const char *path)
{
    if (*path != '/' && plan->directory)
        return 0;
    return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? -errno : 0;
}

static int run_first(struct child_plan *plan, const posix_spawn_file_actions_t *actions,
                     const posix_spawnattr_t *attributes)
{
    int found = -ENOENT;

    for (const char *path = plan->paths; *path; path += strlen(path) + 1) {
        int rc = look(plan, path);
        if (rc == 0)
            rc = -posix_spawn(&plan->child.pid, path, actions, attributes, plan->argv, plan->env);
        if (rc == -EACCES)
            found = rc;
        else if (rc != -ENOENT && rc != -ENOTDIR)
            return rc;
    }
    return found;
}

static void set_attributes(posix_spawnattr_t *attributes, bool new_session)
{
    int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    sigset_t set;

    (void)sigemptyset(&set);
    int rc = posix_spawnattr_setsigmask(attributes, &set);
    ASSERT(rc == 0);
    (void)sigfillset(&set);
    rc = posix_spawnattr_setsigdefault(attributes, &set);
    ASSERT(rc == 0);
    rc = posix_spawnattr_setflags(attributes,
                                  (short)(flags | (new_session ? POSIX_SPAWN_SETSID : 0)));
    ASSERT(rc == 0);
}

static int run(struct child_plan *plan, const posix_spawn_file_actions_t *actions)
{
    posix_spawnattr_t attributes;

    if (fault_here("child_run"))
        return -EAGAIN;
    int rc = -posix_spawnattr_init(&attributes);
    if (rc < 0)
        return rc;
    set_attributes(&attributes, plan->new_session);
    rc = run_first(plan, actions, &attributes);
    (void)posix_spawnattr_destroy(&attributes);
    return rc;
}

/* It may have ended, and with SIGCHLD ignored be gone: whoever waits for it will hear. */
static int know(struct child *child)
{
    int status, rc = 0;

    child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
    if (child->pidfd < 0 && errno != ENOSYS && errno != ESRCH)
        rc = -errno;
    if (fault_here("child_know")) {
        close_one(&child->pidfd);
        rc = -EMFILE;
    }
    if (rc < 0) {
        (void)kill(child->pid, SIGKILL);
        (void)child_reap(child, true, &status);
    }
    return rc;
}

int child_start(struct child_plan *plan)
{
    posix_spawn_file_actions_t actions;
    int made[STANDARD] = {-1, -1, -1};
    const int before = errno;

    for (int i = 0; i < STANDARD; i++)
        plan->ends[i] = -1;
    int rc = -posix_spawn_file_actions_init(&actions);
    if (rc < 0)
        return rc;
    rc = prepare(plan, &actions, made);
    if (rc == 0)
        rc = run(plan, &actions);
    if (rc == 0)
        rc = know(&plan->child);
    (void)posix_spawn_file_actions_destroy(&actions);
    close_all(made);
    if (rc < 0)
        close_all(plan->ends);
    errno = before;
    return rc;
}

/* ---- its life and its end ------------------------------------------------------------------- */

static int wait_for(const struct child *child, siginfo_t *info, int options)
{
    int rc;

    info->si_pid = 0; /* for WNOHANG */
    do
        rc = child->pidfd >= 0 ? waitid((idtype_t)P_PIDFD, (id_t)child->pidfd, info, options)
                               : waitid(P_PID, (id_t)child->pid, info, options);
    while (rc < 0 && errno == EINTR);
    return rc < 0 ? -errno : 0;
}

static int send_signal(const struct child *child, int signal)
{
    siginfo_t info;

    if (child->pidfd >= 0)
        return syscall(SYS_pidfd_send_signal, child->pidfd, signal, NULL, 0) < 0 ? -errno : 0;
    if (wait_for(child, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
        return -ESRCH;
    return kill(child->pid, signal) < 0 ? -errno : 0;
}

int child_signal(const struct child *child, int signal)
{
    const int before = errno;
    int rc = send_signal(child, signal);

    errno = before;
    return rc;
}

int child_reap(const struct child *child, bool block, int *status)
{
    const int before = errno;
    siginfo_t info;
    int rc = 0;

    info.si_pid = 0;
    if (block || !fault_here("child_reap"))
        rc = wait_for(child, &info, WEXITED | (block ? 0 : WNOHANG));
    errno = before;
    if (rc < 0 || !info.si_pid)
        return rc;
    *status = child_status(&info);
    return 1;
}

void child_forget(struct child *child)
{
    const int before = errno;

    close_one(&child->pidfd);
    errno = before;
}
