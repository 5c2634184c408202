// SPDX-License-Identifier: MIT
/*
 * Child processes: starting a program, sending it signals, taking its end.
 *
 * posix_spawn starts it: no handler of the parent's ever runs in the child, and what fails before
 * the program runs is an error of the call. The child has nothing of the parent's but what it is
 * given: signals are at their defaults and none is blocked, and every descriptor from 3 on is
 * closed.
 *
 * A child is known by a descriptor of its process, so that nothing ever reaches a stranger who got
 * its number. Where that is not to be had (Valgrind knows no pidfd_open) it is known by its number,
 * which is its own until it is waited for.
 */
#ifndef OS_CHILD_H
#define OS_CHILD_H

#include <coil/process.h>

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct child {
    pid_t pid;
    int pidfd; /* -1: none is to be had */
};

struct child_plan {
    const char *paths; /* to be tried in turn; each ends with a NUL, and an empty one the list */
    char *const *argv; /* ends with NULL */
    char *const *env;  /* the same */
    const char *directory; /* NULL: the parent's */
    int stdio[3];          /* enum coil_stdio, or a descriptor */
    bool new_session;
    struct child child; /* what came of it */
    int ends[3];        /* of the pipes: the parent's, or -1 */
};

/*
 * Starts a program; it blocks until the program runs. -ENOENT: no path is there. -EACCES: one is,
 * and it may not be run. Other codes of execve(2), pipe(2), fork(2), chdir(2), pidfd_open(2).
 */
int child_start(struct child_plan *plan);

/* -ESRCH: it was waited for. -EINVAL: no signal. -EPERM. */
int child_signal(const struct child *child, int signal);

/*
 * Takes its end: 1, and the exit code or the negative signal's number. 0: it has not ended, which
 * is so only when `block` is not asked for. -ECHILD: its end was taken by somebody else.
 */
int child_reap(const struct child *child, bool block, int *status);

/* What a siginfo_t of waitid(2) says. */
static inline int child_status(const siginfo_t *info)
{
    return info->si_code == CLD_EXITED ? info->si_status : -info->si_status;
}

/* Closes what is known of it. */
void child_forget(struct child *child);

#endif
