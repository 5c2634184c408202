// SPDX-License-Identifier: MIT
/*
 * The same work as N threads and as N tasks. What a worker does (work.c) is one C function with
 * pthread's signature. The forms (forms.c) start it and give it the calls that wait (calls.c):
 * nothing else differs.
 */
#ifndef PERF_STUDY_H
#define PERF_STUDY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The calls that wait, as a thread or as a task makes them: >= 0 or a negative code. */
struct calls {
    int (*sleep)(int64_t nanoseconds);
    ssize_t (*send)(int fd, const void *buffer, size_t length, int flags);
    ssize_t (*recv)(int fd, void *buffer, size_t length, int flags);
    ssize_t (*pread)(int fd, void *buffer, size_t length, int64_t offset);
};

extern const struct calls thread_calls, task_calls;

struct worker {
    struct study *study;
    size_t index;
    int rc;
};

struct kind {
    const char *name;
    int (*prepare)(struct study *study); /* NULL: nothing to do; 0 or a negative code */
    void *(*work)(void *worker);
    size_t steps_each; /* that a worker takes; 0: a share of those, at least one */
    size_t steps_shared;
};

struct study {
    const struct kind *kind;
    const struct calls *calls;
    struct worker *workers;
    size_t n, steps;   /* how many workers; how many steps each takes */
    int64_t asleep;    /* ns, for each worker in all its steps */
    uint64_t rounds;   /* of arithmetic, for all workers together */
    size_t shared;     /* steps that all workers share; 0: as many as the kind says */
    const char *file;  /* to be read */
    int *sockets;      /* a pair for each two workers */
    int fd;            /* the file, open */
    int64_t file_size; /* rounded down to whole blocks */
    int64_t *took;     /* ns, of each step of each worker */
    size_t started;
    const char *stopped; /* the call that the system refused, when it did */
    void (*all_started)(struct study *study);
};

extern const struct kind kinds[];
extern const size_t kinds_count;

/* Runs all workers to their end; 0 or a negative code. */
typedef int (*form_fn)(struct study *study);

int run_serial(struct study *study);
int run_threads(struct study *study);
int run_tasks(struct study *study);
int run_loops(struct study *study); /* a loop on each core, the tasks dealt out */

int64_t now(void);

#endif
