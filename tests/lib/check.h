// SPDX-License-Identifier: MIT
/*
 * What every test is written with. TEST(suite, name) is Criterion's, or an entry of a plain table
 * where Criterion cannot run (ThreadSanitizer, Valgrind, qemu-user); the checks are the same.
 *
 * A check that fails is reported and the test goes on: a test may stand on a task's stack, from
 * which nothing may jump away. So a test is written to be safe when a check has failed: coil's
 * calls take error-encoded pointers, and fixtures clean up at the end of their scope. The failure
 * walk lives on this: it runs each test again and again, failing one allocation or system call
 * after the other, and only looks for crashes, hangs and leaks.
 */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <coil/base.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define CHECK(condition) check_true(condition, #condition, __FILE__, __LINE__)
#define CHECK_EQ(actual, expected)                                                                 \
    check_equal((intmax_t)(actual), (intmax_t)(expected), #actual " == " #expected, __FILE__,      \
                __LINE__)
#define CHECK_PTR(actual, expected)                                                                \
    check_true((const void *)(actual) == (const void *)(expected), #actual " == " #expected,       \
               __FILE__, __LINE__)
#define CHECK_STR(actual, expected) check_string(actual, expected, __FILE__, __LINE__)
/* The call succeeds: its result is not negative. */
#define PASS(call) check_passes((intmax_t)(call), #call, __FILE__, __LINE__)
/* The call fails with this negative code. */
#define FAILS(call, code)                                                                          \
    check_equal((intmax_t)(call), (intmax_t)(code), #call " fails with " #code, __FILE__, __LINE__)
/* The function ends the program by an assertion, in a process of its own. */
#define DIES(function, argument)                                                                   \
    check_true(check_dies(function, argument), #function " ends the program", __FILE__, __LINE__)

bool check_true(bool condition, const char *text, const char *file, int line);
bool check_equal(intmax_t actual, intmax_t expected, const char *text, const char *file, int line);
bool check_string(const char *actual, const char *expected, const char *file, int line);
bool check_passes(intmax_t result, const char *text, const char *file, int line);
bool check_dies(void (*function)(void *argument), void *argument);

/* Whether the failure walk runs: what a test expects may not hold. */
bool check_walking(void);

/* Runs a test's body and the checks that follow every test; false: it failed. */
bool check_run(const char *name, void (*body)(void));

#if COIL_TEST_CRITERION
#include <criterion/criterion.h>
#define TEST(suite_name, test_name)                                                                \
    static void body_##suite_name##_##test_name(void);                                             \
    Test(suite_name, test_name)                                                                    \
    {                                                                                              \
        cr_assert(check_run(#suite_name "." #test_name, body_##suite_name##_##test_name));         \
    }                                                                                              \
    static void body_##suite_name##_##test_name(void)
#else
struct plain_test {
    const char *name;
    void (*body)(void);
    struct plain_test *next;
};
void plain_register(struct plain_test *test);
#define TEST(suite_name, test_name)                                                                \
    static void body_##suite_name##_##test_name(void);                                             \
    __attribute__((constructor)) static void register_##suite_name##_##test_name(void)             \
    {                                                                                              \
        static struct plain_test test = {#suite_name "." #test_name,                               \
                                         body_##suite_name##_##test_name, NULL};                   \
        plain_register(&test);                                                                     \
    }                                                                                              \
    static void body_##suite_name##_##test_name(void)
#endif

#endif
