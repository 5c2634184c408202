// SPDX-License-Identifier: MIT
#include "faults.h"
#include "kernel.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void *nothing(void *argument)
{
    return argument;
}

static void *sleeps(void *argument)
{
    int rc = coil_sleep(COIL_MS(1));
    return rc < 0 ? COIL_ERR(rc) : argument;
}

TEST(ring_setup, coil_run_needs_no_options)
{
    void *result = NULL;
    int here;
    PASS(coil_run(sleeps, &here, &result));
    CHECK(check_walking() || result == &here);
}

TEST(ring_setup, a_loop_may_be_made_here_and_run_there)
{
    KERNEL(loop);
    PASS(kernel_run(loop, sleeps, loop));
    PASS(kernel_run(loop, nothing, loop));
}

TEST(ring_setup, a_smaller_ring_when_memory_is_short)
{
    if (check_walking())
        return;
    faults_fail(1, "ring_setup");
    KERNEL(loop);
    CHECK(faults_met() == 2);
    faults_end();
    PASS(kernel_run(loop, sleeps, loop));
}

TEST(ring_setup, descriptor_limits_stay)
{
    struct rlimit before, lower, after;
    getrlimit(RLIMIT_NOFILE, &before);
    lower = (struct rlimit){.rlim_cur = 256, .rlim_max = before.rlim_max}; /* there is room above */
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &lower), 0);
    PASS(coil_run(sleeps, NULL, NULL));
    getrlimit(RLIMIT_NOFILE, &after);
    CHECK(lower.rlim_cur == after.rlim_cur && lower.rlim_max == after.rlim_max);
    setrlimit(RLIMIT_NOFILE, &before);
}

static void keep(const char *line, void *userdata)
{
    record(userdata, "%s", line);
}

/* In a child, because a filter is for ever: io_uring_setup fails with EPERM. */
static int run_forbidden(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {.len = 4, .filter = filter};
    struct record log = {""};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        return 2;
    coil_set_warning_sink(keep, &log);
    if (coil_run(nothing, NULL, NULL) != -EPERM)
        return 3;
    return strstr(log.text, "seccomp") ? 0 : 4;
}

TEST(ring_setup, a_forbidden_ring_is_an_error_that_says_what_to_do)
{
    if (check_walking())
        return;
    int status = 0;
    pid_t child = fork();
    if (child == 0)
        _exit(run_forbidden());
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 0);
}

static void *sleep_in_child(void *argument)
{
    pid_t child = fork();
    int status = 0;

    (void)argument;
    if (child == 0)
        _exit(0);
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_EQ(status, 0);
    return sleeps(NULL);
}

TEST(ring_setup, a_fork_leaves_the_parent_alone)
{
    PASS(coil_run(sleep_in_child, NULL, NULL));
}

static int run_in_child(coil_loop *loop)
{
    coil_task *task = coil_create_task_with(loop, sleeps, NULL, NULL);
    int rc = coil_run_until_complete(loop, task, NULL);
    return rc == -COIL_ECLOSED ? 0 : 1;
}

TEST(ring_setup, the_child_of_a_fork_gets_an_error)
{
    KERNEL(loop);
    if (err_is(loop) || check_walking())
        return;
    int status = 0;
    pid_t child = fork();
    if (child == 0)
        _exit(run_in_child(loop));
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 0);
}
