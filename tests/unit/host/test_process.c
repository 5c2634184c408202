// SPDX-License-Identifier: MIT
#include "ends.h"
#include "family.h"
#include "faults.h"
#include "host/process.h"
#include "os/features.h"
#include "signals.h"

#include <pthread.h>

/* What several tests hand to their coroutines. */
struct scene {
    coil_process *process;
    struct record log;
    int fd;
};

static void release(struct scene *scene)
{
    coil_process_unref(scene->process);
    scene->process = NULL;
}

/* A child that lives until its stdin, a pipe, is closed. */
static void *start_cat(void *argument)
{
    struct scene *scene = argument;

    scene->process = family_shell("exec cat", COIL_STDIO_PIPE, 0, 0);
    return COIL_ERR(coil_err(scene->process));
}

/* ---- its end -------------------------------------------------------------------------------- */

static void *tell_statuses(void *argument)
{
    CHECK_EQ(family_try("exit 0"), 0);
    CHECK_EQ(family_try("exit 255"), 255);
    CHECK_EQ(family_try("kill -KILL $$"), -SIGKILL);
    return argument;
}

TEST(process, ends_with_a_code_or_by_a_signal)
{
    FAMILY(family);
    PASS(family_run(&family, tell_statuses, NULL));
}

static void *wait_for_it(void *argument)
{
    struct scene *scene = argument;
    int status = 0;
    int rc = coil_process_wait(scene->process, &status);

    record(&scene->log, "%d", rc < 0 ? rc : status);
    return COIL_ERR(rc);
}

static void *wait_together(void *argument)
{
    struct scene *scene = argument;

    (void)start_cat(scene);
    COIL_AUTO coil_task *one = coil_create_task(wait_for_it, scene);
    COIL_AUTO coil_task *two = coil_create_task(wait_for_it, scene);
    COIL_AUTO coil_task *three = coil_create_task(wait_for_it, scene);
    PASS(coil_sleep(0));
    PASS(coil_sleep(0));
    FAILS(coil_process_returncode(scene->process, NULL), -COIL_EINVALSTATE);
    (void)coil_cancel(two);
    kernel_await(two);
    CHECK(coil_cancelled(two) || check_walking());
    PASS(coil_process_terminate(scene->process));
    kernel_await(one);
    kernel_await(three);
    PASS(coil_process_wait(scene->process, NULL)); /* also afterwards, at once */
    int status = 0;
    PASS(coil_process_returncode(scene->process, &status));
    CHECK_EQ(status, -SIGTERM);
    release(scene);
    return NULL;
}

TEST(process, is_waited_for_by_many_and_a_cancelled_wait_hurts_nobody)
{
    struct scene scene = {.fd = -1};
    FAMILY(family);
    PASS(family_run(&family, wait_together, &scene));
    CHECK(!family.loop || check_walking() || strcmp(scene.log.text, "-125 -15 -15") == 0);
}

/* Its end is its own: a grandchild may live on and hold its pipes. */
static void *leave_a_grandchild(void *argument)
{
    struct scene *scene = argument;
    char byte;

    coil_process *process =
        family_shell("exec 3<&0; cat <&3 & exit 3", scene->fd, COIL_STDIO_PIPE, COIL_STDIO_INHERIT);
    CHECK_EQ(family_wait(process), 3);
    scene->fd = coil_process_detach(process, COIL_STDOUT);
    coil_process_unref(process);
    if (scene->fd >= 0) {
        CHECK_EQ(fcntl(scene->fd, F_SETFL, O_NONBLOCK), 0);
        CHECK(read(scene->fd, &byte, 1) < 0 && errno == EAGAIN); /* somebody could write there */
    }
    return NULL;
}

TEST(process, ends_also_while_a_grandchild_holds_its_pipes)
{
    if (!kernel_has_rings())
        return;
    char byte;
    FAMILY(family);
    ENDS ends = ends_pipe(0);
    struct scene scene = {.fd = ends.fd[0]};
    PASS(family_run(&family, leave_a_grandchild, &scene));
    ends_free(&ends); /* ends the grandchild, too */
    if (scene.fd >= 0 && scene.fd != ends.fd[0]) {
        CHECK_EQ(fcntl(scene.fd, F_SETFL, 0), 0);
        CHECK_EQ(read(scene.fd, &byte, 1), 0);
        close(scene.fd);
    }
}

static void *leave_it_to_the_loop(void *argument)
{
    coil_process *process = coil_process_shell("exit 0", NULL);
    int pid = coil_process_pid(process);
    siginfo_t info;

    family_watch_it_end(process);
    while (pid > 0 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
        PASS(coil_sleep(0));
    CHECK(pid < 0 || errno == ECHILD); /* it was taken, though nobody waits */
    coil_process_unref(process);
    return argument;
}

TEST(process, leaves_no_zombie_when_nobody_waits)
{
    FAMILY(family);
    PASS(family_run(&family, leave_it_to_the_loop, NULL));
}

static void *lose_the_end(void *argument)
{
    coil_process *process = coil_process_shell("exit 0", NULL);
    int status = 77;

    int rc = coil_process_wait(process, &status);
    CHECK(rc == -ECHILD || check_walking());
    rc = coil_process_returncode(process, &status);
    CHECK(rc == -ECHILD || check_walking());
    CHECK_EQ(status, 77);
    FAILS(coil_process_kill(process), -ESRCH);
    coil_process_unref(process);
    return argument;
}

TEST(process, whose_end_somebody_else_took_is_an_error)
{
    DISPOSITION(ignored, SIGCHLD, SIG_IGN);
    FAMILY(family);
    PASS(family_run(&family, lose_the_end, NULL));
}

/* Where the ring does not wait for children their descriptors tell; it may be too early once. */
static void *wait_by_descriptor(void *argument)
{
    faults_fail(1, "child_reap");
    CHECK_EQ(family_try("exit 5"), 5);
    CHECK(faults_met() > 1);
    faults_end();
    return argument;
}

TEST(process, is_waited_for_by_its_descriptor)
{
    if (ON_VALGRIND || check_walking())
        return;
    uint32_t before = features_mask(UINT32_C(1) << FEATURE_WAITID);
    {
        FAMILY(family);
        PASS(family_run(&family, wait_by_descriptor, NULL));
    }
    features_mask(before);
}

TEST(process, may_have_to_be_looked_at_again_when_the_loop_closes)
{
    struct scene scene = {.fd = -1};

    if (ON_VALGRIND || check_walking() || !kernel_has_rings())
        return;
    uint32_t before = features_mask(UINT32_C(1) << FEATURE_WAITID);
    {
        FAMILY(family);
        PASS(family_run(&family, start_cat, &scene));
        (void)coil_process_kill(scene.process);
        family_watch_it_end(scene.process);
        faults_fail(1, "child_reap");
        PASS(coil_close(family.loop));
        faults_end();
        release(&scene);
    }
    features_mask(before);
}

static void *waits_for_a_child_of_nobodys(void *argument)
{
    struct scene *scene = argument;
    const struct child_plan plan = {.child = {.pid = INT_MAX, .pidfd = -1}, .ends = {-1, -1, -1}};

    scene->process = process_new(task_current()->sched);
    if (coil_is_err(scene->process))
        return scene->process;
    int rc = process_adopt(scene->process, &plan);
    if (rc == 0)
        rc = coil_process_wait(scene->process, NULL);
    return COIL_ERR(rc);
}

/* Where the kernel has no memory for the wait it is asked again, and not at once. */
TEST(process, is_waited_for_again_when_the_kernel_was_short_of_memory)
{
    struct scene scene = {.fd = -1};
    WORLD(w);
    for (int i = 0; i < 5; i++)
        world_answer(&w, OP_WAITID, -ENOMEM, 0);
    world_answer(&w, OP_WAITID, 0, 0);
    PASS(world_run(&w, waits_for_a_child_of_nobodys, &scene));
    CHECK_TIME(world_time(&w), COIL_MS(5));
    release(&scene);
}

/* ---- signals -------------------------------------------------------------------------------- */

static void *send_signals(void *argument)
{
    struct scene scene = {.fd = -1};

    (void)start_cat(&scene);
    if (coil_is_err(scene.process))
        return argument;
    PASS(coil_process_send_signal(scene.process, 0));
    FAILS(coil_process_send_signal(scene.process, 999), -EINVAL);
    PASS(coil_process_send_signal(scene.process, SIGHUP));
    CHECK_EQ(family_wait(scene.process), -SIGHUP);
    if (coil_process_returncode(scene.process, NULL) == 0) {
        FAILS(coil_process_send_signal(scene.process, 0), -ESRCH);
        FAILS(coil_process_terminate(scene.process), -ESRCH);
        FAILS(coil_process_kill(scene.process), -ESRCH);
    }
    release(&scene);
    return argument;
}

TEST(process, gets_signals_until_its_end)
{
    FAMILY(family);
    PASS(family_run(&family, send_signals, NULL));
}

/* ---- the last reference --------------------------------------------------------------------- */

/* Whether a child that held the other end of this pipe is gone. */
static bool is_gone(int fd)
{
    char byte;
    return read(fd, &byte, 1) == 0;
}

static void *forget_it(void *argument)
{
    struct scene *scene = argument;

    scene->process = family_shell("exec cat", COIL_STDIO_PIPE, scene->fd, COIL_STDIO_INHERIT);
    CHECK_PTR(coil_process_ref(scene->process), scene->process);
    coil_process_unref(scene->process);
    FAILS(coil_process_returncode(scene->process, NULL), check_walking() ? 0 : -COIL_EINVALSTATE);
    release(scene);
    return NULL;
}

TEST(process, that_is_forgotten_is_killed)
{
    ENDS ends = ends_pipe(0);
    struct scene scene = {.fd = ends.fd[1]};
    {
        FAMILY(family);
        PASS(family_run(&family, forget_it, &scene));
    }
    ends_close(&ends, 1);
    CHECK(is_gone(ends.fd[0]));
}

/* A stopped one, too, and one that ignores what can be ignored. */
static void *forget_a_stubborn_one(void *argument)
{
    struct ends *ends = argument;
    siginfo_t info;
    char byte;

    coil_process *process =
        family_shell("trap '' HUP INT TERM PIPE; kill -STOP $$", 0, ends->fd[1], 0);
    ends_close(ends, 1);
    if (coil_process_pid(process) > 0)
        CHECK_EQ(waitid(P_PID, (id_t)coil_process_pid(process), &info, WSTOPPED | WNOWAIT), 0);
    coil_process_unref(process);
    ssize_t n = coil_read(ends->fd[0], &byte, 1); /* the child held the other end */
    CHECK_EQ(n, 0);
    return NULL;
}

TEST(process, that_is_forgotten_cannot_refuse)
{
    ENDS ends = ends_pipe(0);
    {
        FAMILY(family);
        PASS(family_run(&family, forget_a_stubborn_one, &ends));
        family.descriptors -= ends.fd[1] < 0;
    }
}

static void *forget_it_while_another_waits(void *argument)
{
    struct scene *scene = argument;

    (void)start_cat(scene);
    COIL_AUTO coil_task *waits = coil_create_task(wait_for_it, scene);
    PASS(coil_sleep(0));
    coil_process *process = scene->process;
    coil_process_unref(process); /* the wait holds it, and its pipe is open */
    int rc = coil_process_returncode(process, NULL);
    CHECK(rc == -COIL_EINVALSTATE || check_walking());
    (void)coil_cancel(waits);
    kernel_await(waits);
    return NULL;
}

TEST(process, lives_as_long_as_somebody_waits)
{
    struct scene scene = {.fd = -1};

    if (check_walking()) /* the reference is given away before the wait is sure to be there */
        return;
    FAMILY(family);
    PASS(family_run(&family, forget_it_while_another_waits, &scene));
}

/* ---- the loop closes ------------------------------------------------------------------------ */

TEST(process, outlives_its_loop_as_long_as_it_is_held)
{
    if (!kernel_has_rings())
        return;
    struct scene scene = {.fd = -1};
    {
        FAMILY(family);
        PASS(family_run(&family, start_cat, &scene));
        PASS(coil_close(family.loop));
        if (scene.process && !coil_is_err(scene.process)) {
            FAILS(coil_process_returncode(scene.process, NULL), -COIL_EINVALSTATE);
            PASS(coil_process_send_signal(scene.process, 0)); /* it lives */
        }
        release(&scene);
    }
}

TEST(process, that_was_forgotten_is_gone_when_its_loop_is)
{
    struct scene scene = {.fd = -1};
    FAMILY(family);
    PASS(family_run(&family, start_cat, &scene));
    release(&scene); /* its end comes when the loop runs; it closes */
}

static void *start_late(void *argument)
{
    struct scene *scene = argument;
    int rc = coil_sleep(COIL_SEC(1000));

    CHECK_EQ(rc, -ECANCELED);
    (void)start_cat(scene);
    FAILS(coil_err(scene->process), -ECANCELED);
    return NULL;
}

static void *wait_late(void *argument)
{
    struct scene *scene = argument;

    (void)start_cat(scene);
    (void)!coil_process_wait(scene->process, NULL);
    int rc = coil_process_wait(scene->process, NULL);
    CHECK(rc == -ECANCELED || check_walking());
    release(scene);
    return NULL;
}

TEST(process, of_a_closing_loop_is_neither_started_nor_waited_for)
{
    struct scene one = {.fd = -1}, two = {.fd = -1};
    FAMILY(family);
    if (!family.loop || err_is(family.loop))
        return;
    COIL_AUTO coil_task *late = coil_create_task_with(family.loop, start_late, &one, NULL);
    COIL_AUTO coil_task *waits = coil_create_task_with(family.loop, wait_late, &two, NULL);
    for (int i = 0; i < 10; i++)
        PASS(coil_run_once(family.loop, 0));
    coil_set_warning_sink(record_warning, &one.log);
    PASS(coil_close(family.loop));
    coil_set_warning_sink(NULL, NULL);
    CHECK(coil_is_err(one.process) || check_walking());
}

/* ---- other threads, other processes --------------------------------------------------------- */

static void *run_elsewhere(void *argument)
{
    struct family family = {.loop = kernel_new()};

    PASS(family_run(&family, tell_statuses, NULL));
    PASS(coil_loop_free(family.loop));
    return argument;
}

TEST(process, belongs_to_the_loop_of_any_thread)
{
    pthread_t thread;
    FAMILY(family);
    if (!family.loop)
        return;
    CHECK(disposition_is(SIGCHLD, SIG_DFL));
    if (CHECK(pthread_create(&thread, NULL, run_elsewhere, NULL) == 0))
        pthread_join(thread, NULL);
    CHECK(disposition_is(SIGCHLD, SIG_DFL));
}

static void *leave_alone_in_a_fork(void *argument)
{
    struct scene scene = {.fd = -1};
    int status = 1;

    (void)start_cat(&scene);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        coil_process_unref(scene.process);
        _exit(0);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    if (!coil_is_err(scene.process)) {
        PASS(coil_sleep(0));
        FAILS(coil_process_returncode(scene.process, NULL), -COIL_EINVALSTATE);
        PASS(coil_process_terminate(scene.process));
        CHECK_EQ(family_wait(scene.process), -SIGTERM); /* not killed before */
    }
    release(&scene);
    return argument;
}

TEST(process, of_the_parent_is_left_alone_in_a_fork)
{
    if (check_walking() || WITH_TSAN)
        return;
    FAMILY(family);
    PASS(family_run(&family, leave_alone_in_a_fork, NULL));
}

/* ---- what it is ----------------------------------------------------------------------------- */

static void *ask_it(void *argument)
{
    coil_process *process =
        family_shell("read x; exit 6", COIL_STDIO_PIPE, COIL_STDIO_NULL, COIL_STDIO_INHERIT);

    if (coil_is_err(process))
        return argument;
    CHECK(coil_process_pid(process) > 0);
    FAILS(coil_process_descriptor(process, COIL_STDOUT), -EBADF);
    FAILS(coil_process_descriptor(process, COIL_STDERR), -EBADF);
    FAILS(coil_process_descriptor(process, 3), -EINVAL);
    FAILS(coil_process_descriptor(process, -1), -EINVAL);
    int fd = coil_process_descriptor(process, COIL_STDIN);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(coil_process_detach(process, COIL_STDIN), fd);
    FAILS(coil_process_descriptor(process, COIL_STDIN), -EBADF);
    FAILS(coil_process_detach(process, COIL_STDIN), -EBADF);
    if (!PASS(coil_close_fd(fd)))
        close(fd); /* the child waits for it */
    CHECK_EQ(family_wait(process), 6);
    PASS(coil_process_wait(process, NULL));
    PASS(coil_process_returncode(process, NULL));
    coil_process_unref(process);
    return argument;
}

TEST(process, tells_its_number_and_its_pipes)
{
    FAMILY(family);
    PASS(family_run(&family, ask_it, NULL));
}

TEST(process, refuses_bad_arguments)
{
    coil_process *none = COIL_ERR(-ENOENT);

    FAILS(coil_process_wait(NULL, NULL), -EINVAL);
    FAILS(coil_process_wait(none, NULL), -ENOENT);
    FAILS(coil_process_returncode(NULL, NULL), -EINVAL);
    FAILS(coil_process_returncode(none, NULL), -ENOENT);
    FAILS(coil_process_send_signal(NULL, SIGTERM), -EINVAL);
    FAILS(coil_process_send_signal(none, SIGTERM), -ENOENT);
    FAILS(coil_process_terminate(NULL), -EINVAL);
    FAILS(coil_process_kill(none), -ENOENT);
    FAILS(coil_process_pid(NULL), -EINVAL);
    FAILS(coil_process_pid(none), -ENOENT);
    FAILS(coil_process_descriptor(NULL, COIL_STDIN), -EINVAL);
    FAILS(coil_process_detach(none, COIL_STDIN), -ENOENT);
    CHECK_PTR(coil_process_ref(NULL), NULL);
    CHECK_PTR(coil_process_ref(none), none);
    coil_process_unref(NULL);
    coil_process_unref(none);
}

TEST(process, is_waited_for_by_tasks)
{
    struct scene scene = {.fd = -1};
    FAMILY(family);
    PASS(family_run(&family, start_cat, &scene));
    if (scene.process && !coil_is_err(scene.process))
        FAILS(coil_process_wait(scene.process, NULL), -COIL_ENOLOOP);
    release(&scene);
}
