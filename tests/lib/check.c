// SPDX-License-Identifier: MIT
#include "check.h"

#include "faults.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_int failures; /* checks may be made on several threads */

bool check_walking(void)
{
    return faults_walking();
}

static bool report(bool ok, const char *text, const char *file, int line)
{
    if (ok || check_walking())
        return ok;
    atomic_fetch_add(&failures, 1);
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, text);
    return false;
}

bool check_true(bool condition, const char *text, const char *file, int line)
{
    return report(condition, text, file, line);
}

bool check_equal(intmax_t actual, intmax_t expected, const char *text, const char *file, int line)
{
    if (actual == expected || check_walking())
        return actual == expected;
    char detail[512];
    snprintf(detail, sizeof(detail), "%s: it is %jd, not %jd", text, actual, expected);
    return report(false, detail, file, line);
}

bool check_string(const char *actual, const char *expected, const char *file, int line)
{
    if (strcmp(actual, expected) == 0 || check_walking())
        return strcmp(actual, expected) == 0;
    fprintf(stderr, "expected: %s\n  actual: %s\n", expected, actual);
    return report(false, "the texts are equal", file, line);
}

bool check_passes(intmax_t result, const char *text, const char *file, int line)
{
    if (result >= 0 || check_walking())
        return result >= 0;
    char detail[512];
    snprintf(detail, sizeof(detail), "%s passes: it gave %jd (%s)", text, result,
             coil_strerror((int)result));
    return report(false, detail, file, line);
}

bool check_dies(void (*function)(void *argument), void *argument)
{
    if (check_walking())
        return true; /* a fault could come first; the plain run has seen it die */
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        int null = open("/dev/null", O_WRONLY);
        if (null >= 0)
            dup2(null, STDERR_FILENO);
        function(argument);
        _exit(0);
    }
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
           WTERMSIG(status) == SIGABRT;
}

bool check_run(const char *name, void (*body)(void))
{
    size_t before = coil_allocated_blocks();

    atomic_store(&failures, 0);
    body();
    size_t leaked = coil_allocated_blocks() - before;
    if (leaked) {
        fprintf(stderr, "%s: %zu blocks of memory were not given back\n", name, leaked);
        return false;
    }
    return atomic_load(&failures) == 0;
}
