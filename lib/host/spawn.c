// SPDX-License-Identifier: MIT
/*
 * Starting a child. The kernel stops the thread that starts one until the program runs, and looks
 * for that program on a disk: so it is another thread's work. What belongs to the whole process and
 * may change meanwhile, its environment, is read here.
 */
#include "base/alloc.h"
#include "host/process.h"
#include "io/retry.h"
#include "loop/loop.h"
#include "task/task.h"

#include <string.h>
#include <unistd.h>

/* ---- the environment ------------------------------------------------------------------------ */

/* The program's, copied into one block. */
static char **copy_environment(void)
{
    size_t count = 0, size = sizeof(char *);

    for (; environ && environ[count]; count++)
        size += sizeof(char *) + strlen(environ[count]) + 1;
    char **copy = coil__alloc(size);
    if (!copy)
        return NULL;
    char *text = (char *)&copy[count + 1];
    for (size_t i = 0; i < count; i++) {
        copy[i] = text;
        text = stpcpy(text, environ[i]) + 1;
    }
    copy[count] = NULL;
    return copy;
}

static const char *search_path(char *const *env)
{
    static const char name[] = "PATH=";

    for (; *env; env++)
        if (strncmp(*env, name, sizeof(name) - 1) == 0)
            return *env + sizeof(name) - 1;
    return "/bin:/usr/bin"; /* as execvp(3) */
}

/* ---- where the program may be --------------------------------------------------------------- */

static size_t count_folders(const char *path)
{
    size_t count = 1;

    for (; *path; path++)
        count += *path == ':';
    return count;
}

/* The paths to try, as child_plan wants them. An empty folder means the current one. */
static char *list_paths(const char *program, char *const *env)
{
    const size_t length = strlen(program);
    const char *folders = strchr(program, '/') ? "" : search_path(env);
    char *paths = coil__alloc(strlen(folders) + count_folders(folders) * (length + 2) + 1),
         *end = paths;

    if (!paths)
        return NULL;
    for (bool more = *program; more; folders++) {
        size_t folder = strcspn(folders, ":");
        end = mempcpy(end, folders, folder);
        if (folder)
            *end++ = '/';
        end = mempcpy(end, program, length + 1);
        folders += folder;
        more = *folders;
    }
    *end = '\0';
    return paths;
}

/* ---- starting ------------------------------------------------------------------------------- */

static bool stream_can_be(int how, bool is_err)
{
    return how >= COIL_STDIO_NULL && (is_err || how != COIL_STDIO_STDOUT);
}

static int check(const char *const argv[], const coil_process_options *options)
{
    if (!argv || !argv[0])
        return -EINVAL;
    if (!options)
        return 0;
    bool good = options->size == sizeof(*options) && stream_can_be(options->in, false) &&
                stream_can_be(options->out, false) && stream_can_be(options->err, true);
    return good ? 0 : -EINVAL;
}

static int start_there(void *argument)
{
    return child_start(argument);
}

/* The plan's lists end with this call. */
static int start(struct coil_process *process, struct child_plan *plan,
                 const coil_process_options *options)
{
    char **environment = NULL;

    plan->env = (char *const *)options->env;
    if (!plan->env)
        plan->env = environment = copy_environment();
    char *paths = plan->env ? list_paths(plan->argv[0], plan->env) : NULL;
    int rc = -ENOMEM;
    if (paths) {
        plan->paths = paths;
        rc = io_call(-1, start_there, plan);
    }
    if (rc == 0)
        rc = process_adopt(process, plan);
    coil__free(paths);
    coil__free(environment);
    return rc;
}

coil_process *coil_process_exec(const char *const argv[], const coil_process_options *options)
{
    static const coil_process_options inherited = {.size = sizeof(inherited)};
    coil_task *task = task_current();
    int rc = check(argv, options);

    if (rc < 0)
        return COIL_ERR(rc);
    if (!task)
        return COIL_ERR(-COIL_ENOLOOP);
    if (!task->sched->loop->engine->class->real)
        return COIL_ERR(-EOPNOTSUPP);
    if (!options)
        options = &inherited;
    if (task_wait_refused(task))
        return COIL_ERR(-ECANCELED);
    coil_process *process = process_new(task->sched);
    if (err_is(process))
        return process;
    process->limit = options->limit;
    struct child_plan plan = {.argv = (char *const *)argv,
                              .directory = options->cwd,
                              .stdio = {options->in, options->out, options->err},
                              .new_session = options->new_session};
    rc = start(process, &plan, options);
    if (rc < 0) {
        coil_process_unref(process);
        return COIL_ERR(rc);
    }
    return process;
}

coil_process *coil_process_shell(const char *command, const coil_process_options *options)
{
    const char *const argv[] = {"/bin/sh", "-c", command, NULL};

    return command && *command ? coil_process_exec(argv, options) : COIL_ERR(-EINVAL);
}
