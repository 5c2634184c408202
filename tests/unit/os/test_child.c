// SPDX-License-Identifier: MIT
#include "os/child.h"

#include "base/poison.h"
#include "ends.h"
#include "family.h"
#include "faults.h"
#include "folder.h"
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

extern char **environ;

/* A shell with this command. */
static struct child_plan plan_of(const char *const argv[])
{
    return (struct child_plan){
        .paths = "/bin/sh\0", .argv = (char *const *)argv, .env = environ, .ends = {-1, -1, -1}};
}

#define SHELL(name, command)                                                                       \
    const char *const name##_argv[] = {"sh", "-c", command, NULL};                                 \
    struct child_plan name = plan_of(name##_argv)

/* Starts it and waits for its end; its status, or 1000. */
static int run_it(struct child_plan *plan)
{
    int status = 1000, rc = child_start(plan);

    if (!PASS(rc))
        return 1000;
    rc = child_reap(&plan->child, true, &status);
    CHECK(rc == 1 || check_walking());
    child_forget(&plan->child);
    return status;
}

/* What it writes to a pipe before it ends; NUL-terminated. */
static void read_all(int fd, char *text, size_t size)
{
    size_t length = 0;
    ssize_t n;

    while (fd >= 0 && length < size - 1 && (n = read(fd, text + length, size - 1 - length)) > 0)
        length += (size_t)n;
    text[length] = '\0';
}

/* ---- its life and its end ------------------------------------------------------------------- */

TEST(child, ends_with_a_code_or_by_a_signal)
{
    SHELL(exits, "exit 3");
    CHECK_EQ(run_it(&exits), 3);
    SHELL(dies, "kill -TERM $$");
    CHECK_EQ(run_it(&dies), -SIGTERM);
}

TEST(child, gets_signals_until_its_end_was_taken)
{
    SHELL(plan, "cat");
    int status = 1000;

    plan.stdio[0] = COIL_STDIO_PIPE;
    if (!PASS(child_start(&plan)))
        return;
    CHECK_EQ(child_signal(&plan.child, 0), 0);
    FAILS(child_signal(&plan.child, 999), -EINVAL);
    CHECK_EQ(child_reap(&plan.child, false, &status), 0);
    CHECK_EQ(child_signal(&plan.child, SIGKILL), 0);
    CHECK_EQ(child_reap(&plan.child, true, &status), 1);
    CHECK_EQ(status, -SIGKILL);
    errno = 77;
    FAILS(child_signal(&plan.child, SIGKILL), -ESRCH);
    FAILS(child_reap(&plan.child, true, &status), -ECHILD);
    CHECK_EQ(errno, 77);
    child_forget(&plan.child);
    CHECK_EQ(plan.child.pidfd, -1);
    close(plan.ends[0]);
}

/* As where pidfd_open is not known. */
TEST(child, is_known_by_its_number_alone)
{
    SHELL(plan, "cat");
    int status = 1000;

    plan.stdio[0] = COIL_STDIO_PIPE;
    if (!PASS(child_start(&plan)))
        return;
    child_forget(&plan.child);
    CHECK_EQ(child_reap(&plan.child, false, &status), 0);
    CHECK_EQ(child_signal(&plan.child, SIGTERM), 0);
    CHECK_EQ(child_reap(&plan.child, true, &status), 1);
    CHECK_EQ(status, -SIGTERM);
    FAILS(child_signal(&plan.child, SIGTERM), -ESRCH);
    FAILS(child_reap(&plan.child, true, &status), -ECHILD);
    close(plan.ends[0]);
}

/* ---- what is run ---------------------------------------------------------------------------- */

TEST(child, is_the_first_that_can_be_run)
{
    FOLDER(folder);
    char paths[256];
    close(folder_file(&folder, "plain", "exit 1"));
    SHELL(plan, "exit 4");

    int n = snprintf(paths, sizeof(paths), "%s/none%c%s/plain/x%c%s/plain%c/bin/sh%c", folder.path,
                     0, folder.path, 0, folder.path, 0, 0);
    CHECK(n > 0 && (size_t)n < sizeof(paths));
    plan.paths = paths;
    CHECK_EQ(run_it(&plan), 4);
}

TEST(child, that_cannot_be_run_is_an_error)
{
    FOLDER(folder);
    char paths[256];
    close(folder_file(&folder, "plain", "exit 1"));
    SHELL(plan, "exit 4");

    if (check_walking())
        return;
    plan.stdio[0] = plan.stdio[1] = COIL_STDIO_PIPE;
    int before = family_descriptors();
    plan.paths = "";
    FAILS(child_start(&plan), -ENOENT);
    plan.paths = "/none/of/this\0/dev/null/x\0";
    errno = 77;
    FAILS(child_start(&plan), -ENOENT);
    CHECK_EQ(errno, 77);
    snprintf(paths, sizeof(paths), "%s/plain%c%s/none%c", folder.path, 0, folder.path, 0);
    plan.paths = paths;
    FAILS(child_start(&plan), -EACCES);
    CHECK_EQ(plan.ends[0], -1);
    CHECK_EQ(plan.ends[1], -1);
    CHECK_EQ(family_descriptors(), before);
}

/* Valgrind makes a fork of what posix_spawn needs, and the child cannot tell of its failure then;
 * so does qemu-user. */
TEST(child, whose_start_fails_late_is_an_error)
{
    FOLDER(folder);
    SHELL(plan, "exit 4");
    char path[128];

    if (ON_VALGRIND || !kernel_has_rings() || check_walking())
        return;
    plan.directory = "/none/of/this";
    FAILS(child_start(&plan), -ENOENT);
    plan.directory = "/dev/null";
    plan.paths = "sh\0"; /* nobody can look from here */
    FAILS(child_start(&plan), -ENOENT);
    plan.directory = NULL;
    snprintf(path, sizeof(path), "%s/text%c", folder.path, 0);
    int fd = folder_file(&folder, "text", "not a program");
    CHECK_EQ(fchmod(fd, 0700), 0);
    close(fd);
    plan.paths = path;
    FAILS(child_start(&plan), -ENOEXEC);
    plan.paths = "/tmp\0"; /* a folder looks as if it could be run */
    FAILS(child_start(&plan), -EACCES);
    plan.paths = "/bin/sh\0";
    plan.stdio[1] = 1000;
    FAILS(child_start(&plan), -EBADF);
}

/* ---- what it has ---------------------------------------------------------------------------- */

TEST(child, has_its_streams_and_no_other_descriptor)
{
    ENDS ends = ends_pipe(0);
    char text[64];
    SHELL(plan, "cat; echo err >&2; test -e /proc/self/fd/150 || echo none");
    int leaky = fcntl(ends.fd[0], F_DUPFD, 150); /* without O_CLOEXEC */

    CHECK_EQ(leaky, 150);
    plan.stdio[0] = COIL_STDIO_PIPE;
    plan.stdio[1] = COIL_STDIO_PIPE;
    plan.stdio[2] = COIL_STDIO_STDOUT;
    if (PASS(child_start(&plan))) {
        int status;
        CHECK_EQ(fcntl(plan.ends[0], F_GETFD), FD_CLOEXEC);
        CHECK_EQ(fcntl(plan.ends[1], F_GETFD), FD_CLOEXEC);
        CHECK_EQ(plan.ends[2], -1);
        CHECK_EQ(write(plan.ends[0], "in\n", 3), 3);
        close(plan.ends[0]);
        read_all(plan.ends[1], text, sizeof(text));
        CHECK_STR(text, "in\nerr\nnone\n");
        close(plan.ends[1]);
        (void)child_reap(&plan.child, true, &status);
        child_forget(&plan.child);
    }
    close(leaky);
}

TEST(child, has_a_null_device_or_a_descriptor)
{
    ENDS ends = ends_pipe(0);
    char text[64];
    SHELL(plan, "cat; echo out; echo err >&2");

    plan.stdio[0] = COIL_STDIO_NULL;
    plan.stdio[1] = COIL_STDIO_NULL;
    plan.stdio[2] = ends.fd[1];
    CHECK_EQ(run_it(&plan), 0);
    ends_close(&ends, 1);
    read_all(ends.fd[0], text, sizeof(text));
    CHECK(strcmp(text, "err\n") == 0 || check_walking());
}

/* The program's own standard streams, turned round, or not there at all. */
static int turn_round(void)
{
    int saved[3], out[2], rc = 0;
    SHELL(plan, "echo out; echo err >&2");
    char text[64];

    for (int i = 0; i < 3; i++)
        saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 100);
    if (pipe2(out, O_CLOEXEC) < 0)
        return -1;
    dup2(out[1], 1);
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(null, 2);
    close(null);
    plan.stdio[1] = 2; /* each is where the other goes to */
    plan.stdio[2] = 1;
    int status = run_it(&plan);
    close(0);
    close(1);
    close(out[1]);
    read_all(out[0], text, sizeof(text));
    rc = status != 0 || strcmp(text, "err\n") != 0;
    close(out[0]);
    /* Now 0 and 1 are free, and the ends of pipes get these numbers. */
    SHELL(low, "cat; echo out");
    low.stdio[0] = low.stdio[1] = COIL_STDIO_PIPE;
    if (child_start(&low) == 0) {
        close(low.ends[0]);
        read_all(low.ends[1], text, sizeof(text));
        close(low.ends[1]);
        rc |= strcmp(text, "out\n") != 0;
        (void)child_reap(&low.child, true, &status);
        child_forget(&low.child);
    } else {
        rc |= 2;
    }
    for (int i = 0; i < 3; i++) {
        dup2(saved[i], i);
        close(saved[i]);
    }
    return rc;
}

TEST(child, gets_streams_in_any_order_and_from_low_numbers)
{
    fflush(NULL);
    int rc = turn_round();
    CHECK(rc == 0 || check_walking());
}

/* glibc has its own two signals, 32 and 33, ignored until a program's threads want them. */
TEST(child, starts_with_signals_as_they_are_by_default)
{
    if (!kernel_has_rings()) /* qemu-user has signals of its own */
        return;
    DISPOSITION(ignored, SIGUSR1, SIG_IGN);
    sigset_t set, before;
    SHELL(plan, "test $(grep -cE '^Sig(Blk|Ign):.0{7}[01][08]0{7}$' /proc/self/status) = 2");

    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    CHECK_EQ(pthread_sigmask(SIG_BLOCK, &set, &before), 0);
    CHECK_EQ(run_it(&plan), 0);
    CHECK_EQ(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
}

TEST(child, starts_where_it_is_told_to_in_a_session_of_its_own)
{
    SHELL(plan, "test $PWD = / && echo && cat");
    int status = 1000;
    char byte;

    plan.directory = "/";
    plan.new_session = true;
    plan.stdio[0] = plan.stdio[1] = COIL_STDIO_PIPE;
    if (!PASS(child_start(&plan)))
        return;
    CHECK_EQ(read(plan.ends[1], &byte, 1), 1);
    CHECK_EQ(getsid(plan.child.pid), plan.child.pid);
    close(plan.ends[0]);
    close(plan.ends[1]);
    CHECK_EQ(child_reap(&plan.child, true, &status), 1);
    CHECK_EQ(status, 0);
    child_forget(&plan.child);
}

/* ---- what may fail -------------------------------------------------------------------------- */

TEST(child, that_cannot_be_known_is_ended)
{
    static const char *const points[] = {"child_know", "child_run", "child_pipe"};
    SHELL(plan, "cat");

    if (check_walking())
        return;
    plan.stdio[0] = COIL_STDIO_PIPE;
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        faults_fail(1, points[i]);
        CHECK(child_start(&plan) < 0);
        CHECK_EQ(faults_met(), 1);
        faults_end();
        CHECK_EQ(plan.ends[0], -1);
        CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
    }
}
