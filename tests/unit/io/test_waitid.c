// SPDX-License-Identifier: MIT
#include <coil/features.h>
#include <coil/waitid.h>

#include "base/poison.h"
#include "kernel.h"

#include <signal.h>
#include <sys/wait.h>

/* Valgrind of this age does not know pidfd_open, which the way without the ring begins with. */
static bool nothing_to_test(void)
{
    return ON_VALGRIND && !feature_allowed(FEATURE_WAITID);
}

/* A child that ends with 3, or waits to be killed. */
static pid_t child_new(bool waits)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        while (waits)
            pause();
        _exit(3);
    }
    CHECK(child > 0);
    return child;
}

struct parent {
    int type;
    uint32_t id;
    int options;
    coil_child child;
    int rc;
};

static void *wait_for_it(void *argument)
{
    struct parent *parent = argument;

    parent->rc = coil_waitid(parent->type, parent->id, &parent->child, parent->options);
    return parent->rc < 0 ? COIL_ERR(parent->rc) : NULL;
}

/* In the walk: nobody may have waited for it. */
static void child_free(pid_t child)
{
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

TEST(waitid, tells_how_a_child_ended)
{
    if (nothing_to_test())
        return;
    pid_t child = child_new(false);
    struct parent parent = {.type = P_PID, .id = (uint32_t)child, .options = WEXITED};
    {
        KERNEL(loop);
        PASS(kernel_run(loop, wait_for_it, &parent));
    }
    if (check_walking()) {
        if (parent.rc < 0)
            child_free(child);
        return;
    }
    CHECK_EQ(parent.child.pid, child);
    CHECK_EQ(parent.child.code, CLD_EXITED);
    CHECK_EQ(parent.child.status, 3);
    CHECK(waitpid(child, NULL, 0) < 0 && errno == ECHILD); /* it was taken */
}

TEST(waitid, waits_until_it_ends)
{
    if (nothing_to_test())
        return;
    pid_t child = child_new(true);
    struct parent parent = {.type = P_PID, .id = (uint32_t)child, .options = WEXITED, .rc = 1};
    {
        KERNEL(loop);
        if (!err_is(loop)) {
            COIL_AUTO coil_task *task = coil_create_task_with(loop, wait_for_it, &parent, NULL);
            coil_stop(loop);
            PASS(coil_run_forever(loop));
            CHECK(check_walking() || !coil_done(task));
            kill(child, SIGKILL);
            PASS(coil_run_until_complete(loop, task, NULL));
            CHECK_EQ(parent.child.status, SIGKILL);
        }
    }
    if (parent.rc != 0)
        child_free(child);
}

TEST(waitid, leaves_the_child_when_its_task_is_cancelled)
{
    if (nothing_to_test())
        return;
    pid_t child = child_new(true);
    struct parent parent = {.type = P_PID, .id = (uint32_t)child, .options = WEXITED};
    {
        KERNEL(loop);
        if (!err_is(loop)) {
            COIL_AUTO coil_task *task = coil_create_task_with(loop, wait_for_it, &parent, NULL);
            coil_stop(loop);
            PASS(coil_run_forever(loop));
            (void)coil_cancel(task);
            FAILS(coil_run_until_complete(loop, task, NULL), -ECANCELED);
        }
    }
    child_free(child);
}

TEST(waitid, knows_no_stranger)
{
    if (nothing_to_test())
        return;
    struct parent parent = {.type = P_PID, .id = 1, .options = WEXITED};
    KERNEL(loop);
    int rc = kernel_run(loop, wait_for_it, &parent);
    CHECK(rc == -ECHILD || check_walking());
}

TEST(waitid, knows_no_process_that_is_not_there)
{
    if (nothing_to_test())
        return;
    struct parent parent = {.type = P_PID, .id = INT32_MAX, .options = WEXITED};
    KERNEL(loop);
    int rc = kernel_run(loop, wait_for_it, &parent);
    CHECK(rc == -ECHILD || check_walking());
}

TEST(waitid, without_the_ring_waits_for_ends_alone)
{
    static const int others[] = {WEXITED | WSTOPPED, WEXITED | WCONTINUED, WNOHANG};
    if (nothing_to_test())
        return;
    KERNEL(loop);
    if (err_is(loop) || coil_features(loop) & COIL_HAS_WAITID)
        return;
    for (size_t i = 0; i < array_length(others); i++) {
        struct parent parent = {.type = P_PID, .id = 1, .options = others[i]};
        int rc = kernel_run(loop, wait_for_it, &parent);
        CHECK(rc == -EOPNOTSUPP || check_walking());
    }
}

TEST(waitid, says_what_the_kernel_cannot_wait_for)
{
    struct parent parent = {.type = P_ALL, .options = WEXITED};
    KERNEL(loop);
    if (err_is(loop))
        return;
    bool has = coil_features(loop) & COIL_HAS_WAITID;
    int rc = kernel_run(loop, wait_for_it, &parent);
    CHECK(rc == (has ? -ECHILD : -EOPNOTSUPP) || check_walking());
}

TEST(waitid, is_for_tasks)
{
    FAILS(coil_waitid(P_PID, 1, NULL, WEXITED), -COIL_ENOLOOP);
}
