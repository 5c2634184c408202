// SPDX-License-Identifier: MIT
/*
 * Keeps commands running: supervisor GRACE COMMAND...
 *
 * Each command is given to the shell and started again when it ends, the later the more often it
 * has. At SIGTERM or SIGINT they are ended one after the other, the last one first: by SIGTERM and,
 * for one that lives GRACE seconds longer, by SIGKILL.
 */
#include <coil/coil.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define PAUSE_FIRST COIL_SEC(0.1)
#define PAUSE_MAX   COIL_SEC(10)
#define CALM        COIL_SEC(10) /* what has run as long has not failed at its start */

struct service {
    const char *command;
    coil_time grace;
    coil_task *task;
};

struct plan {
    struct service *services;
    int count;
    coil_event stop;
};

/* By now its task was cancelled, and may wait again. */
static void end(const struct service *service, coil_process *process)
{
    coil_timeout timeout = COIL_TIMEOUT_INIT;
    int status = 0;

    (void)coil_process_terminate(process);
    int rc = coil_timeout_enter(&timeout, service->grace);
    if (rc == 0) {
        rc = coil_process_wait(process, &status);
        rc = coil_timeout_exit(&timeout, rc);
    }
    if (rc < 0) { /* it does not want to, or we cannot wait */
        (void)coil_process_kill(process);
        rc = coil_process_wait(process, &status);
    }
    printf("%s: stopped (%d)\n", service->command, rc < 0 ? rc : status);
}

/* Runs it once. -ECANCELED: it was ended. */
static int run(const struct service *service)
{
    const coil_process_options options = {
        .size = sizeof(options),
        .in = COIL_STDIO_NULL,
        .new_session = true, /* a ^C on the terminal is for us */
    };
    coil_process *process = coil_process_shell(service->command, &options);
    int status = 0;

    if (!coil_is_err(process))
        printf("%s: started, pid %d\n", service->command, (int)coil_process_pid(process));
    int rc = coil_process_wait(process, &status);
    if (rc == -ECANCELED && !coil_is_err(process))
        end(service, process);
    else if (rc < 0)
        printf("%s: %s\n", service->command, coil_strerror(rc));
    else if (status < 0)
        printf("%s: killed by signal %d\n", service->command, -status);
    else
        printf("%s: exited with %d\n", service->command, status);
    coil_process_unref(process);
    return rc == -ECANCELED ? rc : 0;
}

static void *keep(void *argument)
{
    const struct service *service = argument;
    coil_loop *loop = coil_get_running_loop();
    coil_time pause = PAUSE_FIRST;
    int rc;

    for (;;) {
        coil_time began = coil_loop_time(loop);
        rc = run(service);
        if (rc < 0)
            break;
        if (coil_loop_time(loop) - began >= CALM)
            pause = PAUSE_FIRST;
        printf("%s: again in %.1f s\n", service->command, (double)pause / 1e9);
        rc = coil_sleep(pause);
        if (rc < 0)
            break;
        pause = pause * 2 < PAUSE_MAX ? pause * 2 : PAUSE_MAX;
    }
    return COIL_ERR(rc);
}

static int stop(void *event)
{
    return coil_event_set(event) < 0 ? -EINVAL : 0;
}

static void *supervise(void *argument)
{
    struct plan *plan = argument;
    coil_loop *loop = coil_get_running_loop();
    int rc = coil_add_signal_handler(loop, SIGTERM, stop, &plan->stop);

    if (rc == 0)
        rc = coil_add_signal_handler(loop, SIGINT, stop, &plan->stop);
    for (int i = 0; rc == 0 && i < plan->count; i++) {
        plan->services[i].task = coil_create_task(keep, &plan->services[i]);
        rc = coil_err(plan->services[i].task);
    }
    if (rc == 0)
        rc = coil_event_wait(&plan->stop);
    for (int i = plan->count - 1; i >= 0; i--) {
        (void)coil_cancel(plan->services[i].task);
        (void)!coil_await(plan->services[i].task, NULL);
        coil_unref(plan->services[i].task);
    }
    return COIL_ERR(rc);
}

int main(int argc, char **argv)
{
    char *rest = NULL;
    double grace = argc > 2 ? strtod(argv[1], &rest) : -1;

    if (!(grace >= 0 && grace < 1e6) || rest == argv[1] || *rest) {
        fprintf(stderr, "supervisor: give it seconds and commands: supervisor GRACE COMMAND...\n");
        return 2;
    }
    struct plan plan = {.count = argc - 2, .stop = COIL_EVENT_INIT};
    plan.services = calloc((size_t)plan.count, sizeof(*plan.services));
    for (int i = 0; plan.services && i < plan.count; i++)
        plan.services[i] = (struct service){.command = argv[i + 2], .grace = COIL_SEC(grace)};
    setvbuf(stdout, NULL, _IOLBF, 0);
    int rc = plan.services ? coil_run(supervise, &plan, NULL) : -ENOMEM;
    if (rc < 0)
        fprintf(stderr, "supervisor: %s\n", coil_strerror(rc));
    free(plan.services);
    return rc < 0;
}
