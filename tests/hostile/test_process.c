// SPDX-License-Identifier: MIT
/* Forks in the middle, rings that are forbidden, and a limit on locked memory. */
#include "ends.h"
#include "small.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/* The exit code of a function in a child. */
static int in_child(int (*function)(int argument), int argument)
{
    int status = 0;

    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(function(argument));
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void *sleeps(void *argument)
{
    int rc = coil_sleep(COIL_MS(1));
    return rc < 0 ? COIL_ERR(rc) : argument;
}

/* ---- forbidden ------------------------------------------------------------------------------ */

static int run_with_filter(int code)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)code),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {.len = 4, .filter = filter};
    struct record log = {""};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        return 2;
    coil_set_warning_sink(record_warning, &log);
    if (coil_run(sleeps, NULL, NULL) != -code)
        return 3;
    return strstr(log.text, code == ENOSYS ? "no usable io_uring" : "seccomp") ? 0 : 4;
}

TEST(process, a_forbidden_ring_is_an_error_that_says_what_to_do)
{
    CHECK_EQ(in_child(run_with_filter, EPERM), 0);
    CHECK_EQ(in_child(run_with_filter, EACCES), 0);
    CHECK_EQ(in_child(run_with_filter, ENOSYS), 0);
}

/* ---- the limit on locked memory ---------------------------------------------------------------
 */

enum { RAN = 0, RAN_SMALLER = 1, REFUSED = 2, WRONG = 3 };

/* As somebody without the capability to pass over the limit, and without other processes: what is
 * locked is counted for each user. */
static int run_with_limit(int bytes)
{
    const struct rlimit limit = {(rlim_t)bytes, (rlim_t)bytes};
    struct record log = {""};

    if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0 || setgid(65534) != 0 ||
        setuid(100000 + (uid_t)getpid()) != 0)
        return WRONG;
    coil_set_warning_sink(record_warning, &log);
    coil_loop *loop = coil_loop_new(NULL);
    if (coil_is_err(loop))
        return coil_err(loop) == -ENOMEM && strstr(log.text, "ulimit -l") ? REFUSED : WRONG;
    bool smaller = kernel_ring(loop)->uring.sq.ring_entries < coil__ring_size.entries;
    if (kernel_run(loop, sleeps, NULL) != 0)
        return WRONG;
    (void)coil_loop_free(loop);
    return smaller ? RAN_SMALLER : RAN;
}

TEST(process, a_limit_on_locked_memory_makes_the_ring_smaller_or_is_named)
{
    if (geteuid() != 0) {
        fprintf(stderr, "skipped: only root can become somebody else\n");
        return;
    }
    /* Kernels from 5.12 to 6.13 do not count rings, so they may run in any case. */
    int none = in_child(run_with_limit, 4096);
    int some = in_child(run_with_limit, 64 << 10);
    int enough = in_child(run_with_limit, 4 << 20);
    CHECK(none == REFUSED || none == RAN);
    CHECK(some == RAN_SMALLER || none == RAN);
    CHECK_EQ(enough, RAN);
}

/* ---- a fork in the middle ---------------------------------------------------------------------
 */

enum { PAIRS = 50 };

struct scene {
    struct ends ends[PAIRS];
    int got, cancelled;
    pid_t child;
    coil_loop *loop;
    int fd; /* which the next reader takes */
};

static void *reads(void *argument)
{
    struct scene *scene = argument;
    char byte;
    int rc = world_op(OP_RECV, scene->fd, &byte, 1);

    scene->got += rc == 1;
    scene->cancelled += rc == -ECANCELED;
    return NULL;
}

static void *forks(void *argument)
{
    struct scene *scene = argument;
    coil_task *readers[PAIRS];

    for (int i = 0; i < PAIRS; i++) {
        scene->fd = scene->ends[i].fd[0];
        readers[i] = coil_create_task(reads, scene);
        PASS(coil_yield_now());
    }
    if (scene->fd % 2) /* with entries that are queued and not sent, or without */
        PASS(coil_sleep(1));
    fflush(NULL);
    scene->child = fork();
    if (scene->child != 0) {
        int status = 0;
        CHECK(scene->child > 0 && waitpid(scene->child, &status, 0) == scene->child);
        CHECK_EQ(status, 0);
        for (int i = 0; i < PAIRS; i++)
            CHECK_EQ(send(scene->ends[i].fd[1], "x", 1, 0), 1);
    }
    for (int i = 0; i < PAIRS; i++) {
        kernel_await(readers[i]);
        coil_unref(readers[i]);
    }
    return NULL;
}

static int end_in_child(struct scene *scene, int rc)
{
    if (rc != -COIL_ECLOSED)
        return 1;
    if (coil_loop_free(scene->loop) != 0 || scene->cancelled != PAIRS || scene->got)
        return 2;
    return coil_run(sleeps, NULL, NULL) == 0 ? 0 : 3; /* on a ring of its own */
}

TEST(process, a_fork_in_the_middle_leaves_the_parent_alone_and_ends_the_childs_loop)
{
    /* TSan forgets in the child what it knew of the order of fibers. */
    for (int small = 0; small < 2 && !WITH_TSAN; small++) {
        const struct ring_size size = coil__ring_size;
        struct scene scene = {.got = 0};
        if (small)
            coil__ring_size = (struct ring_size){4, 4};
        for (int i = 0; i < PAIRS; i++)
            scene.ends[i] = ends_sockets(SOCK_STREAM);
        scene.loop = kernel_new();
        int rc = kernel_run(scene.loop, forks, &scene);
        if (scene.child == 0)
            _exit(end_in_child(&scene, rc));
        CHECK_EQ(rc, 0);
        CHECK_EQ(scene.got, PAIRS);
        PASS(coil_loop_free(scene.loop));
        coil__ring_size = size;
        for (int i = 0; i < PAIRS; i++)
            ends_free(&scene.ends[i]);
    }
}
