// SPDX-License-Identifier: MIT
#include "ends.h"
#include "family.h"
#include "faults.h"

#include <stdlib.h>

enum { MANY = 300000 }; /* more than pipes hold */

struct said {
    void *out, *err;
    size_t out_n, err_n;
};

static void said_free(struct said *said)
{
    coil_free(said->out);
    coil_free(said->err);
    *said = (struct said){NULL, NULL, 0, 0};
}

static int talk(coil_process *process, const void *input, size_t n, struct said *said)
{
    return coil_process_communicate(process, input, n, &said->out, &said->out_n, &said->err,
                                    &said->err_n);
}

static coil_process *all_pipes(const char *command)
{
    return family_shell(command, COIL_STDIO_PIPE, COIL_STDIO_PIPE, COIL_STDIO_PIPE);
}

/* ---- three streams -------------------------------------------------------------------------- */

static void *talk_to_it(void *argument)
{
    struct said said = {NULL, NULL, 0, 0};
    coil_process *process = all_pipes("cat; echo done >&2; exit 3");

    if (talk(process, "hello", 5, &said) == 0) {
        CHECK_EQ(said.out_n, 5);
        CHECK_STR(said.out, "hello");
        CHECK_EQ(said.err_n, 5);
        CHECK_STR(said.err, "done\n");
        int status = 0;
        PASS(coil_process_returncode(process, &status));
        CHECK_EQ(status, 3);
        said_free(&said);
        PASS(talk(process, NULL, 0, &said)); /* there is nothing any more */
        CHECK_PTR(said.out, NULL);
        FAILS(talk(process, "x", 1, &said), -EINVAL);
    } else {
        CHECK(check_walking());
    }
    coil_process_unref(process);
    return argument;
}

TEST(communicate, feeds_reads_and_waits)
{
    FAMILY(family);
    PASS(family_run(&family, talk_to_it, NULL));
}

/* Each stream is more than a pipe holds: with one after the other nobody would come to an end. */
static void *talk_much(void *argument)
{
    char *input = argument;
    struct said said = {NULL, NULL, 0, 0};
    coil_process *process = all_pipes("tee /dev/stderr");

    int rc = talk(process, input, MANY, &said);
    CHECK(rc == 0 || check_walking());
    if (rc == 0) {
        CHECK_EQ(said.out_n, MANY);
        CHECK_EQ(said.err_n, MANY);
        CHECK(said.out_n == MANY && memcmp(said.out, input, MANY) == 0);
        CHECK(said.err_n == MANY && memcmp(said.err, input, MANY) == 0);
        CHECK_EQ(((char *)said.out)[MANY], '\0');
    }
    said_free(&said);
    coil_process_unref(process);
    return NULL;
}

static char *much(void)
{
    char *text = malloc(MANY);

    for (int i = 0; text && i < MANY; i++)
        text[i] = (char)('a' + i % 23);
    return text;
}

TEST(communicate, does_all_three_at_the_same_time)
{
    char *input = much();
    {
        FAMILY(family);
        PASS(input ? family_run(&family, talk_much, input) : -ENOMEM);
    }
    free(input);
}

static void *talk_to_the_deaf(void *argument)
{
    struct said said = {NULL, NULL, 0, 0};
    coil_process *process = all_pipes("exec 0<&-; echo out; exit 2");

    int rc = talk(process, argument, MANY, &said);
    CHECK(rc == 0 || check_walking());
    CHECK(said.out_n == 4 || check_walking());
    CHECK_EQ(said.err_n, 0);
    CHECK(said.err != NULL || check_walking()); /* a pipe, and nothing came */
    said_free(&said);
    coil_process_unref(process);
    return NULL;
}

TEST(communicate, does_not_mind_a_child_that_does_not_read)
{
    char *input = much();
    {
        FAMILY(family);
        PASS(input ? family_run(&family, talk_to_the_deaf, input) : -ENOMEM);
    }
    free(input);
}

static void *talk_through_few_pipes(void *argument)
{
    struct said said = {NULL, NULL, 7, 7};
    coil_process *process = family_shell("cat", COIL_STDIO_PIPE, COIL_STDIO_NULL, COIL_STDIO_NULL);

    if (talk(process, NULL, 0, &said) == 0) { /* ends the child's input */
        CHECK_PTR(said.out, NULL);
        CHECK_EQ(said.out_n, 0);
        CHECK_PTR(said.err, NULL);
    }
    coil_process_unref(process);
    process = family_shell("echo out", COIL_STDIO_NULL, COIL_STDIO_PIPE, 0);
    if (!coil_is_err(process))
        FAILS(talk(process, "x", 1, &said), -EINVAL);
    (void)!coil_process_communicate(process, NULL, 0, NULL, NULL, NULL, NULL); /* dropped */
    coil_process_unref(process);
    return argument;
}

TEST(communicate, deals_with_the_pipes_that_there_are)
{
    FAMILY(family);
    PASS(family_run(&family, talk_through_few_pipes, NULL));
}

/* ---- ends in the middle --------------------------------------------------------------------- */

struct scene {
    coil_process *process;
    char *input;
    struct said said;
    struct ends ends;
    int rc;
};

static void *talk_here(void *argument)
{
    struct scene *scene = argument;

    scene->rc = talk(scene->process, scene->input, MANY, &scene->said);
    return COIL_ERR(scene->rc);
}

/* When the first talk ends, whoever waits on the socket goes on. */
static void *talk_and_shut(void *argument)
{
    struct scene *scene = argument;
    void *result = talk_here(scene);

    shutdown(scene->ends.fd[0], SHUT_RDWR);
    return result;
}

/* The child says on its stderr, a socket, that it is in the middle, and waits there. */
static void *cancel_and_go_on(void *argument)
{
    struct scene *scene = argument;
    char byte;

    scene->process = family_shell("head -c 100000; echo >&2; read x <&2; exec cat", COIL_STDIO_PIPE,
                                  COIL_STDIO_PIPE, scene->ends.fd[1]);
    ends_close(&scene->ends, 1);
    COIL_AUTO coil_task *task = coil_create_task(talk_and_shut, scene);
    ssize_t rc = coil_recv(scene->ends.fd[0], &byte, 1, 0);
    CHECK_EQ(rc, 1);
    CHECK(!coil_done(task) || check_walking());
    (void)coil_cancel(task);
    kernel_await(task);
    CHECK(scene->rc == -ECANCELED || check_walking());
    CHECK_PTR(scene->said.out, NULL);
    shutdown(scene->ends.fd[0], SHUT_RDWR); /* when the task was never begun */
    (void)talk_here(scene);
    CHECK(scene->rc == 0 || check_walking());
    CHECK(scene->said.out_n == MANY || check_walking());
    if (scene->said.out_n == MANY)
        CHECK(memcmp(scene->said.out, scene->input, MANY) == 0);
    said_free(&scene->said);
    coil_process_unref(scene->process);
    return NULL;
}

TEST(communicate, that_was_cancelled_goes_on_where_it_was)
{
    struct scene scene = {.input = much(), .ends = ends_sockets(SOCK_STREAM)};
    {
        FAMILY(family);
        PASS(scene.input ? family_run(&family, cancel_and_go_on, &scene) : -ENOMEM);
        ends_free(&scene.ends);
        family.descriptors -= 2;
    }
    free(scene.input);
}

static void *run_out_of_memory(void *argument)
{
    struct scene *scene = argument;

    scene->process = all_pipes("tee /dev/stderr");
    faults_fail(4, "realloc");
    (void)talk_here(scene);
    faults_end();
    CHECK_EQ(scene->rc, -ENOMEM);
    (void)talk_here(scene);
    CHECK_EQ(scene->rc, 0);
    CHECK_EQ(scene->said.out_n, MANY);
    CHECK_EQ(scene->said.err_n, MANY);
    said_free(&scene->said);
    coil_process_unref(scene->process);
    return NULL;
}

TEST(communicate, loses_nothing_for_want_of_memory)
{
    struct scene scene = {.input = much()};
    if (!check_walking() && scene.input) {
        FAMILY(family);
        PASS(family_run(&family, run_out_of_memory, &scene));
    }
    free(scene.input);
}

static void *talk_both(void *argument)
{
    struct scene *scene = argument;

    scene->process = all_pipes("cat");
    COIL_AUTO coil_task *task = coil_create_task(talk_here, scene);
    PASS(coil_sleep(0));
    if (!coil_done(task)) {
        struct said said;
        FAILS(talk(scene->process, NULL, 0, &said), -EBUSY);
        FAILS(coil_process_descriptor(scene->process, COIL_STDIN), -EBUSY);
        FAILS(coil_process_detach(scene->process, COIL_STDOUT), -EBUSY);
    }
    kernel_await(task);
    CHECK(scene->said.out_n == MANY || check_walking());
    said_free(&scene->said);
    coil_process_unref(scene->process);
    return NULL;
}

TEST(communicate, is_done_by_one_task_at_a_time)
{
    struct scene scene = {.input = much()};
    {
        FAMILY(family);
        PASS(scene.input ? family_run(&family, talk_both, &scene) : -ENOMEM);
    }
    free(scene.input);
}

/* The last reference may go in the middle: the talk holds it. */
static void *close_in_the_middle(void *argument)
{
    struct scene *scene = argument;

    scene->process = all_pipes("exec cat >&2");
    (void)talk_here(scene);
    coil_process_unref(scene->process);
    return NULL;
}

TEST(communicate, ends_when_the_loop_closes)
{
    struct scene scene = {.input = much()};
    struct record log = {""};
    if (scene.input) {
        FAMILY(family);
        if (family.loop && !err_is(family.loop)) {
            COIL_AUTO coil_task *task =
                coil_create_task_with(family.loop, close_in_the_middle, &scene, NULL);
            for (int i = 0; i < 10; i++)
                PASS(coil_run_once(family.loop, COIL_MS(1)));
            coil_set_warning_sink(record_warning, &log);
            PASS(coil_close(family.loop));
            coil_set_warning_sink(NULL, NULL);
        }
    }
    said_free(&scene.said);
    free(scene.input);
}

TEST(communicate, is_for_tasks_and_processes)
{
    FAILS(coil_process_communicate(NULL, NULL, 0, NULL, NULL, NULL, NULL), -EINVAL);
    FAILS(coil_process_communicate(COIL_ERR(-EIO), NULL, 0, NULL, NULL, NULL, NULL), -EIO);
}
