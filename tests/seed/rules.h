// SPDX-License-Identifier: MIT
/*
 * What the tutorial states without printing it, and what holds beside the lines that it prints. A
 * test's name begins with the scenario's number; "moves no clock" is checked in virtual time.
 */
#ifndef TESTS_SEED_RULES_H
#define TESTS_SEED_RULES_H

#include "world.h"

/* A coroutine that counts its starts and returns its value. */
struct question {
    int starts;
    void *answer;
};

static inline void *value(intptr_t number)
{
    return (void *)number;
}

static inline void *asks(void *arg)
{
    struct question *question = arg;

    question->starts++;
    return question->answer;
}

/* A coroutine that sleeps so many seconds, and returns NULL. */
static inline void *sleeps(void *seconds)
{
    return COIL_ERR(coil_sleep(COIL_SEC(*(const double *)seconds)));
}

static inline coil_task *new_task(coil_loop *loop, coil_fn fn, void *arg)
{
    return coil_create_task_with(loop, fn, arg, NULL);
}

/* The states of tasks in the order of their creation, a letter each. */
static inline void check_states(coil_task *const *tasks, size_t n, const char *expected)
{
    char states[8] = "";

    for (size_t i = 0; i < n && i < sizeof(states) - 1; i++) {
        int state = coil_future_state(tasks[i]);
        states[i] = state < 0 ? '?' : "PCF"[state];
    }
    CHECK_STR(states, expected);
}

/* Three tasks that sleep 1, 2 and 3 s; the references end with the scope. */
struct three {
    double seconds[3];
    coil_task *tasks[3];
};

static inline void three_begin(struct three *three, coil_loop *loop)
{
    for (int i = 0; i < 3; i++) {
        three->seconds[i] = i + 1;
        three->tasks[i] = new_task(loop, sleeps, &three->seconds[i]);
    }
}

static inline void three_unref(struct three *three)
{
    for (int i = 0; i < 3; i++)
        coil_unref(three->tasks[i]);
}

#define THREE(name) __attribute__((cleanup(three_unref))) struct three name = {.tasks = {NULL}}

#endif
