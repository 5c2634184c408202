// SPDX-License-Identifier: MIT
/*
 * Assertions of coil's own invariants and of its contracts. They stay on in release builds: a
 * broken invariant ends the program where it broke. A user's NULL or wrong argument is no assertion
 * but -EINVAL. The condition has no side effects.
 */
#ifndef BASE_ASSERT_H
#define BASE_ASSERT_H

#include "base/macros.h"

#define ASSERT(condition)                                                                          \
    (likely(condition) ? (void)0 : coil__assert_failed(#condition, __FILE__, __LINE__, __func__))

/* For contracts that a program can break: says in words what was wrong. */
#define ASSERT_CONTRACT(condition, text)                                                           \
    (likely(condition) ? (void)0 : coil__assert_failed(text, __FILE__, __LINE__, __func__))

_Noreturn void coil__assert_failed(const char *what, const char *file, int line,
                                   const char *function);

/* Adds a line on who was running; set by the layer that knows tasks. */
typedef void (*assert_context_fn)(char *text, size_t size);
extern assert_context_fn coil__assert_context;

#endif
