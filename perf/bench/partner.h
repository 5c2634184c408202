/* SPDX-License-Identifier: MIT */
/*
 * Two that play ping-pong: one asks, its partner answers, `items` times each. They are two
 * coroutines, or the same two functions as threads, with what they share as their argument.
 */
#ifndef PERF_PARTNER_H
#define PERF_PARTNER_H

#include "main_task.h"

struct partner_table {
    void *(*answer)(void *table); /* error-encoded, as a coroutine's result */
    void *(*ask)(void *table);
    uint64_t items;
};

/* Measures from the first question to the last answer; a table begins with a partner_table. */
void partner_tasks(struct bench *bench, struct partner_table *table);
void partner_threads(struct bench *bench, struct partner_table *table);

#endif
