// SPDX-License-Identifier: MIT
/*
 * A loop on the simulated engine, which ends with its scope:
 *
 *     WORLD(w);
 *     PASS(world_run(&w, some_coroutine, argument));
 */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include "check.h"

#include <coil/coil.h>

struct world {
    coil_sim *sim;
    coil_loop *loop;
};

#define WORLD(name) WORLD_WITH(name, NULL)
#define WORLD_WITH(name, options)                                                                  \
    __attribute__((cleanup(world_free))) struct world name = world_new(options)

struct world world_new(const coil_sim_options *options);
void world_free(struct world *world);

/* Runs a coroutine until it ends; its code, or 0. */
int world_run(struct world *world, coil_fn fn, void *argument);

/* The virtual time that has passed. */
coil_time world_time(const struct world *world);

/* Answers the next operation that has this opcode. */
void world_answer(struct world *world, int opcode, int result, coil_time delay);

/* What happened, in order: words with a space between them. */
struct record {
    char text[1024];
};

void record(struct record *record, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
