// SPDX-License-Identifier: MIT
/*
 * Processes and signals. The signals that concern the crawl are blocked and taken one by one, so
 * nothing runs in a handler and nothing is missed.
 */
#ifndef CRAWL_PROCESS_H
#define CRAWL_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/* Takes over SIGCHLD, and the signals that end a program where they are not ignored. */
void process_signals(void);

/*
 * A child that ends with its parent and leaves the terminal's signals to it; `name` is what ps
 * shows. As fork, with -errno on failure.
 */
pid_t process_fork(const char *name);

/* Waits for a signal at most `milliseconds`; returns which came, 0 when none. */
int process_signal(int milliseconds);

/* Ends this process by the signal that it was sent. */
void process_end_by(int signal);

#endif
