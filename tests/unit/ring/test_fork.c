// SPDX-License-Identifier: MIT
#include "kernel.h"
#include "loop/await.h"
#include "loop/descriptor.h"

#include <coil/stream.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

/* The child's checks are exit codes: its output is its parent's. */
static void in_child(int (*body)(void *argument), void *argument)
{
    int status = 0;

    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(body(argument));
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 0);
}

static void nothing(struct op *op, const struct completion *completion)
{
    (void)op;
    (void)completion;
}

static int every_call(void *argument)
{
    struct engine *engine = argument;
    struct op op;

    op_init(&op, OP_NOP, -1, nothing);
    if (engine_submit(engine, &op) != -COIL_ECLOSED)
        return 1;
    if (engine_enter(engine, INT64_MAX, false) != -COIL_ECLOSED ||
        engine_enter(engine, INT64_MAX, true) != -COIL_ECLOSED)
        return 2;
    if (engine_quiet(engine))
        return 3;
    if (engine->capabilities & ENGINE_LEND && engine_lend(engine, 2, 1, 1) != -COIL_ECLOSED)
        return 4;
    engine_wake(engine);
    struct op *read = list_entry(list_first(&engine->in_flight), struct op, in_flight);
    engine_cancel(engine, read);
    struct completion completions[4];
    if (engine_reap(engine, completions, 4) != 1 || completions[0].result != -ECANCELED ||
        read->state != OP_IDLE)
        return 5;
    engine_detach(engine);
    return 0;
}

TEST(ring_fork, in_the_child_every_call_fails_and_what_was_in_flight_can_be_ended)
{
    struct engine *engine;
    struct completion completions[4];
    char byte;
    int fd[2];

    if (check_walking() || !PASS(ring_new(&engine)))
        return;
    if (CHECK(pipe2(fd, 0) == 0)) {
        struct op op;
        op_init(&op, OP_READ, fd[0], nothing);
        op.address = &byte;
        op.length = 1;
        PASS(engine_submit(engine, &op));
        PASS(engine_enter(engine, INT64_MAX, false));
        in_child(every_call, engine);
        CHECK_EQ(write(fd[1], "x", 1), 1); /* the parent's read goes on */
        while (op.state != OP_IDLE) {
            PASS(engine_enter(engine, INT64_MAX, true));
            (void)engine_reap(engine, completions, 4);
        }
        CHECK_EQ(completions[0].result, 1);
        CHECK_EQ(byte, 'x');
        close(fd[0]);
        close(fd[1]);
    }
    engine_detach(engine);
}

/* ---- a loop in the child -------------------------------------------------------------------- */

struct scene {
    coil_loop *loop;
    int fd[2];
    int result;
    pid_t child;
    int child_saw;
};

static void *reads(void *argument)
{
    struct scene *scene = argument;
    char byte;
    struct op op;

    op_init(&op, OP_READ, scene->fd[0], NULL);
    op.address = &byte;
    op.length = 1;
    scene->result = await_op(&op);
    return NULL;
}

static void *forks(void *argument)
{
    struct scene *scene = argument;

    if (coil_go(reads, scene) < 0 || coil_yield_now() < 0)
        return COIL_ERR(-ENOMEM);
    fflush(NULL);
    scene->child = fork();
    int rc = coil_sleep(COIL_MS(1));
    if (scene->child == 0) {
        scene->child_saw = rc;
        return NULL;
    }
    int status = 0;
    CHECK(scene->child > 0 && waitpid(scene->child, &status, 0) == scene->child);
    CHECK_EQ(status, 0);
    CHECK_EQ(write(scene->fd[1], "x", 1), 1);
    rc = coil_sleep(COIL_MS(1));
    return rc < 0 ? COIL_ERR(rc) : NULL;
}

/* The child's run ends with an error; its loop is closed, its tasks end with -ECANCELED; and it
 * has a new loop when it wants one. */
static int close_in_child(struct scene *scene, int rc)
{
    if (rc != -COIL_ECLOSED)
        return 1;
    if (coil_close(scene->loop) != 0)
        return 2;
    if (scene->result != -ECANCELED || scene->child_saw != -ECANCELED)
        return 3;
    if (coil_loop_free(scene->loop) != 0)
        return 4;
    return coil_run(reads, &(struct scene){.fd = {-1, -1}}, NULL) == 0 ? 0 : 5;
}

TEST(ring_fork, a_loop_goes_on_in_the_parent_and_is_closed_in_the_child)
{
    struct scene scene = {.loop = NULL};

    /* TSan forgets in the child what it knew of the order of fibers. */
    if (check_walking() || WITH_TSAN || !CHECK(pipe2(scene.fd, 0) == 0))
        return;
    scene.loop = kernel_new();
    int rc = kernel_run(scene.loop, forks, &scene);
    if (scene.child == 0)
        _exit(close_in_child(&scene, rc));
    CHECK_EQ(rc, 0);
    CHECK_EQ(scene.result, 1);
    PASS(coil_loop_free(scene.loop));
    close(scene.fd[0]);
    close(scene.fd[1]);
}

/* A task and a stream, which close their descriptors in the end. */
static void *holds(void *argument)
{
    struct scene *scene = argument;

    FAILS(coil_sleep(COIL_SEC(3600)), -ECANCELED);
    scene->result = descriptor_discard(scene->fd[0]);
    return NULL;
}

static void *forks_among_holders(void *argument)
{
    struct scene *scene = argument;

    coil_stream *stream = coil_stream_new(scene->fd[1], NULL);
    if (coil_is_err(stream) || coil_go(holds, scene) < 0 || coil_yield_now() < 0)
        return COIL_ERR(-ENOMEM);
    fflush(NULL);
    scene->child = fork();
    if (scene->child != 0) {
        int status = 0;
        CHECK(scene->child > 0 && waitpid(scene->child, &status, 0) == scene->child);
        CHECK_EQ(status, 0);
        CHECK(fcntl(scene->fd[0], F_GETFD) >= 0 && fcntl(scene->fd[1], F_GETFD) >= 0);
    }
    coil_stream_close(stream);
    coil_stream_unref(stream);
    return NULL;
}

static int close_among_holders(struct scene *scene)
{
    if (coil_loop_free(scene->loop) != 0 || scene->result != 0)
        return 1;
    return fcntl(scene->fd[0], F_GETFD) < 0 && fcntl(scene->fd[1], F_GETFD) < 0 ? 0 : 2;
}

TEST(ring_fork, what_is_closed_in_the_child_are_its_copies)
{
    struct scene scene = {.result = 1};

    if (check_walking() || WITH_TSAN || !CHECK(pipe2(scene.fd, 0) == 0))
        return;
    coil_set_warning_sink(record_warning, &(struct record){""}); /* of a task that is pending */
    scene.loop = kernel_new();
    (void)kernel_run(scene.loop, forks_among_holders, &scene);
    if (scene.child == 0)
        _exit(close_among_holders(&scene));
    PASS(coil_loop_free(scene.loop));
    coil_set_warning_sink(NULL, NULL);
    CHECK_EQ(scene.result, 0);
    CHECK(fcntl(scene.fd[0], F_GETFD) < 0 && fcntl(scene.fd[1], F_GETFD) < 0);
}

static int close_unrun(void *loop)
{
    return coil_loop_free(loop);
}

TEST(ring_fork, a_loop_that_never_ran_is_closed_in_the_child)
{
    KERNEL(loop);
    if (err_is(loop) || check_walking())
        return;
    in_child(close_unrun, loop);
}
