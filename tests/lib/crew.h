// SPDX-License-Identifier: MIT
/*
 * Tasks that meet at one thing, and what they did, in order:
 *
 *     coil_lock lock = COIL_LOCK_INIT;
 *     SCENE(s, &lock);
 *     struct member *first = hire(&s, takes_the_lock);
 *
 * makes a world `w` and a crew `s`. A member's coroutine gets the member; ids count from 1.
 */
#ifndef TESTS_CREW_H
#define TESTS_CREW_H

#include "world.h"

struct crew;

struct member {
    struct crew *crew;
    int id;
    int rc; /* for its coroutine to write */
    coil_task *task;
};

struct crew {
    struct world *world;
    void *thing;
    struct record log;
    int size;
    struct member members[16];
};

#define SCENE(name, the_thing)                                                                     \
    __attribute__((cleanup(crew_free))) struct crew name = {.thing = (the_thing)};                 \
    WORLD(w);                                                                                      \
    (name).world = &w

void crew_free(struct crew *crew);

/* Makes a member and its task. */
struct member *hire(struct crew *crew, coil_fn fn);

/* Runs some iterations. */
void turns(const struct crew *crew, int n);

/* Runs until a member's task is done; its code, or 0. */
int finish(const struct member *member);

/* Runs a coroutine until it ends, as a member. */
int run_as_member(struct crew *crew, coil_fn fn);

#endif
