// SPDX-License-Identifier: MIT
/*
 * The plain runner: a table of tests in one process.
 *
 *     test_task                  runs all of them
 *     test_task task.name ...    runs those whose names begin so
 *     test_task --walk [...]     the failure walk: each test in a process of its own, once for
 *                                each fault point that it meets, which then fails
 */
#include "check.h"
#include "faults.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* No test comes near it: it ends a test that hangs. */
enum { HANG_SECONDS = 60 };

static struct plain_test *tests;

void plain_register(struct plain_test *test)
{
    struct plain_test **end = &tests;

    while (*end)
        end = &(*end)->next;
    *end = test;
}

static bool selected(const struct plain_test *test, char *const *names)
{
    if (!*names)
        return true;
    for (; *names; names++)
        if (strncmp(test->name, *names, strlen(*names)) == 0)
            return true;
    return false;
}

static bool run_here(const struct plain_test *test)
{
    bool ok = check_run(test->name, test->body);

    printf("%s %s\n", ok ? "ok    " : "FAILED", test->name);
    fflush(stdout);
    return ok;
}

/* In the child: fails the first point, the second, and so on, until a run meets fewer. */
static bool walk(const struct plain_test *test)
{
    for (size_t k = 1;; k++) {
        alarm(HANG_SECONDS);
        faults_fail(k, NULL);
        bool ok = check_run(test->name, test->body);
        size_t met = faults_met();
        faults_end();
        if (!ok) {
            fprintf(stderr, "%s: fails when fault point %zu fails\n", test->name, k);
            return false;
        }
        if (met < k) {
            printf("ok     %s: %zu fault points\n", test->name, k - 1);
            fflush(stdout);
            return true;
        }
        /* For whoever looks at a crash or a hang: how far it came. */
        if (getenv("COIL_WALK_VERBOSE"))
            fprintf(stderr, "%s: point %zu of %zu\n", test->name, k, met);
    }
}

static bool walk_in_child(const struct plain_test *test)
{
    int status = 0;

    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        faults_walk(true);
        exit(walk(test) ? 0 : 1);
    }
    bool ok = child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
              WEXITSTATUS(status) == 0;
    if (!ok)
        printf("FAILED %s: status %#x; COIL_WALK_VERBOSE=1 shows where\n", test->name,
               (unsigned)status);
    fflush(stdout);
    return ok;
}

int main(int argc, char **argv)
{
    bool walking = argc > 1 && strcmp(argv[1], "--walk") == 0;
    char *const *names = argv + 1 + (walking ? 1 : 0);
    int passed = 0, failed = 0;

    for (const struct plain_test *test = tests; test; test = test->next) {
        if (!selected(test, names))
            continue;
        bool ok = walking ? walk_in_child(test) : run_here(test);
        passed += ok;
        failed += !ok;
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed || !passed;
}
