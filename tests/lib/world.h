// SPDX-License-Identifier: MIT
/*
 * A loop on the simulated engine, which ends with its scope:
 *
 *     WORLD(w);
 *     PASS(world_run(&w, some_coroutine, argument));
 *
 * With COIL_TEST_ENGINE=ring in the environment the loop is on the kernel's ring, and time is real:
 * what is above the engine must behave alike. A test that is to run there, too, compares times by
 * CHECK_TIME and keeps them short (0.1 s at most); what only a virtual clock or a script makes
 * possible is left out where world_is_virtual() says so.
 *
 * At the end of the scope tasks that are left get -ECANCELED and run once more: what they use is
 * declared before the world.
 */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include "check.h"

#include <coil/coil.h>

struct world {
    coil_sim *sim; /* NULL on the ring */
    coil_loop *loop;
};

/* A span is as long as it should be: exactly so on the virtual clock, at least so on the real one.
 */
#define CHECK_TIME(actual, expected)                                                               \
    check_time(actual, expected, #actual " takes " #expected, __FILE__, __LINE__)

bool check_time(coil_time actual, coil_time expected, const char *text, const char *file, int line);

/* Whether worlds have a virtual clock, and no kernel. */
bool world_is_virtual(void);

#define WORLD(name) WORLD_WITH(name, NULL)
#define WORLD_WITH(name, options)                                                                  \
    __attribute__((cleanup(world_free))) struct world name = world_new(options)

struct world world_new(const coil_sim_options *options);
void world_free(struct world *world);

/* Runs a coroutine until it ends; its code, or 0. */
int world_run(struct world *world, coil_fn fn, void *argument);

/* Answers the next operation that has this opcode. */
void world_answer(struct world *world, int opcode, int result, coil_time delay);

/* Adds an answer to the script. */
void world_script(coil_sim *sim, coil_sim_answer answer);

/* What the simulated engine has seen. */
coil_sim_counts world_counts(const struct world *world);

/* Runs what is ready now, and waits for nothing. */
int world_turn(struct world *world);

/* The time that has passed. */
coil_time world_time(const struct world *world);

/* The same as seen from inside the loop: of the world that was made last. */
coil_time world_now(void);

/* In a task: submits an operation and waits for it. */
int world_op(int opcode, int fd, void *buffer, size_t size);

/* A callback that cancels a task. */
int world_cancel(void *task);

/* What happened, in order: words with a space between them. */
struct record {
    char text[1024];
};

void record(struct record *record, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A sink of warnings; userdata is a struct record. */
void record_warning(const char *line, void *userdata);

#endif
