// SPDX-License-Identifier: MIT
#include "ends.h"
#include "family.h"
#include "folder.h"

#include <sys/stat.h>

/* In a task: runs a program; its status, or the code. */
static int run_program(const char *const argv[], const coil_process_options *options)
{
    coil_process *process = coil_process_exec(argv, options);
    int status = 1000;
    int rc = coil_process_wait(process, &status);

    coil_process_unref(process);
    return rc < 0 ? rc : status;
}

/* A script in a folder that exits with a code. */
static void write_script(const struct folder *folder, const char *name, const char *text)
{
    int fd = folder_file(folder, name, text);

    CHECK_EQ(fchmod(fd, 0700), 0);
    close(fd);
}

/* ---- which program -------------------------------------------------------------------------- */

static void *look_along_the_path(void *argument)
{
    const struct folder *folder = argument;
    char path[128];
    const char *const env[] = {path, NULL}, *const empty[] = {NULL};
    const char *const here[] = {"script", NULL}, *const sh[] = {"sh", "-c", "exit 3", NULL};
    const char *const relative[] = {"./script", NULL}, *const nothing[] = {"", NULL};
    coil_process_options options = {.size = sizeof(options), .env = env};

    snprintf(path, sizeof(path), "PATH=/none:%s", folder->path);
    CHECK(run_program(here, &options) == 4 || check_walking());
    snprintf(path, sizeof(path), "PATH=%s:", folder->path);
    CHECK(run_program(here, &options) == 4 || check_walking());
    FAILS(run_program(sh, &options), -ENOENT);
    FAILS(run_program(relative, &options), -ENOENT);
    FAILS(run_program(nothing, &options), -ENOENT);
    options.cwd = folder->path;
    CHECK(run_program(relative, &options) == 4 || check_walking());
    snprintf(path, sizeof(path), "PATH=/none:");
    CHECK(run_program(here, &options) == 4 || check_walking()); /* where it starts */
    options.env = empty;
    CHECK(run_program(sh, &options) == 3 || check_walking()); /* where programs are */
    CHECK(run_program(sh, NULL) == 3 || check_walking());
    return NULL;
}

TEST(spawn, looks_for_the_program_along_the_path_of_the_child)
{
    FOLDER(folder);
    FAMILY(family);
    write_script(&folder, "script", "#!/bin/sh\nexit 4\n");
    PASS(family_run(&family, look_along_the_path, &folder));
}

static void *fail_to_start(void *argument)
{
    const struct folder *folder = argument;
    char path[128];
    const char *const plain[] = {path, NULL}, *const none[] = {"/none/of/this", NULL};
    const char *const name[] = {"there is no such program", NULL};
    coil_process_options options = {
        .size = sizeof(options), .in = COIL_STDIO_PIPE, .out = COIL_STDIO_PIPE};

    snprintf(path, sizeof(path), "%s/plain", folder->path);
    int rc = run_program(none, &options);
    CHECK(rc == -ENOENT || check_walking());
    rc = run_program(name, &options);
    CHECK(rc == -ENOENT || check_walking());
    rc = run_program(plain, &options);
    CHECK(rc == -EACCES || check_walking());
    return NULL;
}

TEST(spawn, of_what_cannot_be_run_is_an_error_and_leaves_nothing)
{
    FOLDER(folder);
    FAMILY(family);
    close(folder_file(&folder, "plain", "exit 1"));
    PASS(family_run(&family, fail_to_start, &folder));
}

/* ---- what it gets --------------------------------------------------------------------------- */

static void *give_an_environment(void *argument)
{
    const char *const env[] = {"A=1", "B=2 3", NULL};
    const char *const sees_those[] = {"/bin/sh", "-c",
                                      "test \"$A$B${COIL_TEST_C-none}\" = '12 3none'", NULL};
    const char *const sees_ours[] = {"/bin/sh", "-c", "test \"$A$COIL_TEST_C\" = c", NULL};
    coil_process_options options = {.size = sizeof(options), .env = env};

    CHECK_EQ(setenv("COIL_TEST_C", "c", 1), 0);
    CHECK(run_program(sees_those, &options) == 0 || check_walking());
    options.env = NULL;
    CHECK(run_program(sees_ours, &options) == 0 || check_walking());
    CHECK_EQ(unsetenv("COIL_TEST_C"), 0);
    return argument;
}

TEST(spawn, gives_exactly_this_environment)
{
    FAMILY(family);
    PASS(family_run(&family, give_an_environment, NULL));
}

static void *give_options(void *argument)
{
    const int *fd = argument;
    const char *const argv[] = {"/bin/sh", "-c",
                                "test $PWD = /tmp && echo to stdout && echo to stderr >&2", NULL};
    const coil_process_options options = {.size = sizeof(options),
                                          .out = *fd,
                                          .err = COIL_STDIO_STDOUT,
                                          .cwd = "/tmp",
                                          .new_session = true};
    int status = run_program(argv, &options);
    CHECK(status == 0 || check_walking());
    return NULL;
}

TEST(spawn, does_what_its_options_say)
{
    ENDS ends = ends_pipe(O_NONBLOCK);
    char text[64] = "";
    FAMILY(family);
    PASS(family_run(&family, give_options, &ends.fd[1]));
    if (check_walking() || !family.loop)
        return;
    CHECK_EQ(read(ends.fd[0], text, sizeof(text) - 1), 20);
    CHECK_STR(text, "to stdout\nto stderr\n");
}

/* ---- what is refused ------------------------------------------------------------------------ */

static void *refuse(void *argument)
{
    const char *const sh[] = {"/bin/sh", NULL}, *const none[] = {NULL};
    coil_process_options options = {.size = sizeof(options)};

    FAILS(coil_err(coil_process_exec(NULL, NULL)), -EINVAL);
    FAILS(coil_err(coil_process_exec(none, NULL)), -EINVAL);
    FAILS(coil_err(coil_process_shell(NULL, NULL)), -EINVAL);
    FAILS(coil_err(coil_process_shell("", NULL)), -EINVAL);
    options.in = COIL_STDIO_STDOUT;
    FAILS(coil_err(coil_process_exec(sh, &options)), -EINVAL);
    options.in = COIL_STDIO_NULL - 1;
    FAILS(coil_err(coil_process_exec(sh, &options)), -EINVAL);
    options.in = 0;
    options.out = COIL_STDIO_STDOUT;
    FAILS(coil_err(coil_process_exec(sh, &options)), -EINVAL);
    options.out = 0;
    options.size = 8;
    FAILS(coil_err(coil_process_exec(sh, &options)), -EINVAL);
    return argument;
}

TEST(spawn, refuses_bad_arguments)
{
    FAMILY(family);
    PASS(family_run(&family, refuse, NULL));
    WORLD(w);
    PASS(world_run(&w, refuse, NULL));
    FAILS(coil_err(coil_process_shell("exit 0", NULL)), -COIL_ENOLOOP);
}

static void *start_without_a_kernel(void *argument)
{
    FAILS(coil_err(coil_process_shell("exit 0", NULL)), -EOPNOTSUPP);
    return argument;
}

TEST(spawn, needs_a_kernel)
{
    WORLD(w);
    PASS(world_run(&w, start_without_a_kernel, NULL));
}

/* ---- cancellation --------------------------------------------------------------------------- */

/* Until it is cancelled. */
static void *start_and_wait(void *argument)
{
    coil_process *process = coil_process_shell("exec cat", argument);
    int rc = coil_process_wait(process, NULL);

    coil_process_unref(process);
    return COIL_ERR(rc);
}

static void *cancel_at_each_moment(void *argument)
{
    const coil_process_options options = {
        .size = sizeof(options), .in = COIL_STDIO_PIPE, .out = COIL_STDIO_PIPE};

    for (int turns = 0; turns < 8; turns++) {
        COIL_AUTO coil_task *task = coil_create_task(start_and_wait, (void *)&options);
        for (int i = 0; i < turns; i++)
            PASS(coil_sleep(i < 4 ? 0 : COIL_MS(1)));
        (void)coil_cancel(task);
        kernel_await(task);
        CHECK(coil_cancelled(task) || check_walking());
    }
    return argument;
}

/* Whether the child was there already or not: the family looks. */
TEST(spawn, that_is_cancelled_leaves_nothing)
{
    FAMILY(family);
    PASS(family_run(&family, cancel_at_each_moment, NULL));
}
