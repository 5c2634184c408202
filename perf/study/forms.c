// SPDX-License-Identifier: MIT
/*
 * The forms: the same function one after another, as threads, as tasks, and as tasks on a loop for
 * each core. A thread and a task have 64 KiB of stack.
 */
#include "study.h"

#include <coil/coil.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

enum { STACK_SIZE = 64 << 10, CORES_MAX = 64 };

int run_serial(struct study *study)
{
    study->calls = &thread_calls;
    for (size_t i = 0; i < study->n; i++)
        study->kind->work(&study->workers[i]);
    study->started = study->n;
    study->all_started(study);
    return 0;
}

/* ---- threads -------------------------------------------------------------------------------- */

int run_threads(struct study *study)
{
    pthread_t *threads = calloc(study->n, sizeof(*threads));
    pthread_attr_t attributes;
    int rc = threads ? 0 : -ENOMEM;

    study->calls = &thread_calls;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    while (rc == 0 && study->started < study->n) {
        size_t i = study->started;
        rc = -pthread_create(&threads[i], &attributes, study->kind->work, &study->workers[i]);
        study->started += rc == 0;
    }
    study->stopped = rc < 0 ? "pthread_create" : NULL;
    study->all_started(study);
    for (size_t i = 0; i < study->started; i++)
        pthread_join(threads[i], NULL);
    pthread_attr_destroy(&attributes);
    free(threads);
    return rc;
}

/* ---- tasks ---------------------------------------------------------------------------------- */

static void *tasks_main(void *argument)
{
    struct study *study = argument;
    coil_task **tasks = calloc(study->n, sizeof(coil_task *));
    int rc = tasks ? 0 : -ENOMEM;

    while (rc == 0 && study->started < study->n) {
        size_t i = study->started;
        tasks[i] = coil_create_task(study->kind->work, &study->workers[i]);
        rc = coil_err(tasks[i]);
        study->started += rc == 0;
    }
    study->stopped = rc < 0 ? "coil_create_task" : NULL;
    study->all_started(study);
    for (size_t i = 0; i < study->started; i++) {
        int awaited = coil_await(tasks[i], NULL);
        rc = rc < 0 ? rc : awaited;
        coil_unref(tasks[i]);
    }
    free(tasks);
    return COIL_ERR(rc);
}

int run_tasks(struct study *study)
{
    study->calls = &task_calls;
    return coil_run(tasks_main, study, NULL);
}

/* ---- a loop for each core ------------------------------------------------------------------- */

struct share {
    struct study study; /* of the workers that are dealt to this loop */
    int rc;
};

static void *share_main(void *argument)
{
    struct share *share = argument;

    share->rc = coil_run(tasks_main, &share->study, NULL);
    return NULL;
}

static void share_started(struct study *study)
{
    (void)study; /* when all of them have is known to nobody */
}

static size_t count_cores(void)
{
    cpu_set_t cores;
    int count = sched_getaffinity(0, sizeof(cores), &cores) < 0 ? 1 : CPU_COUNT(&cores);

    return count > CORES_MAX ? CORES_MAX : (size_t)count;
}

int run_loops(struct study *study)
{
    struct share shares[CORES_MAX];
    pthread_t threads[CORES_MAX];
    size_t loops = count_cores(), made = 0;
    size_t each = ((study->n + loops - 1) / loops + 1) / 2 * 2; /* pairs stay together */
    int rc = 0;

    study->calls = &task_calls;
    for (size_t first = 0; rc == 0 && first < study->n; first += each) {
        struct share *share = &shares[made];
        *share = (struct share){.study = *study};
        share->study.workers += first;
        share->study.n = study->n - first < each ? study->n - first : each;
        share->study.all_started = share_started;
        rc = -pthread_create(&threads[made], NULL, share_main, share);
        made += rc == 0;
    }
    for (size_t i = 0; i < made; i++) {
        pthread_join(threads[i], NULL);
        study->started += shares[i].study.started;
        if (shares[i].rc < 0) {
            rc = shares[i].rc;
            study->stopped = shares[i].study.stopped;
        }
    }
    study->all_started(study);
    return rc;
}
