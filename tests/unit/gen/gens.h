// SPDX-License-Identifier: MIT
/* What the tests of generators share: bodies, and generators that end with their scope. */
#ifndef TESTS_GENS_H
#define TESTS_GENS_H

#include "world.h"

#include "fiber/stacks.h"
#include "gen/gen.h"

/* A generator that is freed at the end of its scope. */
#define GEN __attribute__((cleanup(gen_freep))) coil_gen

static inline void gen_freep(coil_gen **gen)
{
    (void)coil_gen_free(*gen);
    /* So that the failure walk finds the next test without stacks at hand, too. */
    thread_stacks_trim();
}

/* What a body does: the text tells afterwards. */
struct story {
    struct record out;
    coil_gen *gen, *other;
    int code, rc;
};

/* 1, 2, 3, .. and says what it is sent; thrown -EDOM it says so and goes on; it ends with its
 * story when it is sent "end", and with the code when it is thrown another one. */
static inline void *counts(void *arg)
{
    static char numbers[100];
    struct story *story = arg;

    for (int i = 1;; i++) {
        void *sent = NULL;
        int rc = coil_yield(&numbers[i], &sent);
        if (rc == -EDOM) {
            record(&story->out, "domain");
        } else if (rc < 0) {
            record(&story->out, "%s", rc == -COIL_EGENEXIT ? "exit" : "code");
            return COIL_ERR(rc);
        } else if (sent) {
            record(&story->out, "%s", (char *)sent);
            if (strcmp(sent, "end") == 0)
                return story;
        }
    }
}

/* Which of the numbers that `counts` yields; 0: none. */
static inline int number(const void *value, const void *first)
{
    return value ? 1 + (int)((const char *)value - (const char *)first) : 0;
}

/* Yields its argument again and again, whatever it is told. */
static inline void *ignores(void *arg)
{
    for (;;) {
        int rc = coil_yield(arg, NULL);
        (void)rc;
    }
    return NULL;
}

static inline void *ends_at_once(void *arg)
{
    return arg;
}

/* Yields once, and ends with whatever its yield gave: NULL, or the code. */
static inline void *yields_once(void *arg)
{
    return COIL_ERR(coil_yield(arg, NULL));
}

#endif
