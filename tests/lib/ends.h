// SPDX-License-Identifier: MIT
/*
 * Two descriptors that belong together, which are closed with their scope: a pipe to read [0] and
 * to write [1], two connected sockets, or a pseudo-terminal's master [0] and slave [1]. Declared
 * before the loop that uses them.
 */
#ifndef TESTS_ENDS_H
#define TESTS_ENDS_H

#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

struct ends {
    int fd[2];
};

#define ENDS __attribute__((cleanup(ends_free))) struct ends

static inline void ends_close(struct ends *ends, int which)
{
    if (ends->fd[which] >= 0)
        close(ends->fd[which]);
    ends->fd[which] = -1;
}

static inline void ends_free(struct ends *ends)
{
    ends_close(ends, 0);
    ends_close(ends, 1);
}

static inline struct ends ends_pipe(int flags)
{
    struct ends ends = {{-1, -1}};
    CHECK(pipe2(ends.fd, flags | O_CLOEXEC) == 0);
    return ends;
}

static inline struct ends ends_sockets(int type)
{
    struct ends ends = {{-1, -1}};
    CHECK(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.fd) == 0);
    return ends;
}

/* It passes every byte on as it is, and echoes none. */
static inline struct ends ends_terminal(void)
{
    struct ends ends = {{posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), -1}};
    struct termios raw;
    char name[64];

    if (CHECK(ends.fd[0] >= 0 && grantpt(ends.fd[0]) == 0 && unlockpt(ends.fd[0]) == 0 &&
              ptsname_r(ends.fd[0], name, sizeof(name)) == 0))
        ends.fd[1] = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (CHECK(ends.fd[1] >= 0 && tcgetattr(ends.fd[1], &raw) == 0)) {
        cfmakeraw(&raw);
        CHECK(tcsetattr(ends.fd[1], TCSANOW, &raw) == 0);
    }
    return ends;
}

/* Fills what is between the ends, without waiting. */
static inline void ends_fill(const struct ends *ends)
{
    static const char block[4096];
    int flags = fcntl(ends->fd[1], F_GETFL);

    fcntl(ends->fd[1], F_SETFL, flags | O_NONBLOCK);
    while (write(ends->fd[1], block, sizeof(block)) > 0) {
    }
    fcntl(ends->fd[1], F_SETFL, flags);
}

/* Takes what is between the ends, without waiting. */
static inline void ends_empty(const struct ends *ends)
{
    static char block[4096];
    int flags = fcntl(ends->fd[0], F_GETFL);

    fcntl(ends->fd[0], F_SETFL, flags | O_NONBLOCK);
    while (read(ends->fd[0], block, sizeof(block)) > 0) {
    }
    fcntl(ends->fd[0], F_SETFL, flags);
}

/* Runs a function in a process of its own, where SIGPIPE ends the program as it does by default;
 * whether it came to its end and said true. */
static inline bool survives_sigpipe(bool (*function)(void))
{
    int status = 0;

    if (check_walking())
        return true; /* the plain run has seen it */
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        sigset_t set;
        signal(SIGPIPE, SIG_DFL);
        sigemptyset(&set);
        sigaddset(&set, SIGPIPE);
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);
        _exit(function() ? 0 : 1);
    }
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

#endif
