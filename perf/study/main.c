// SPDX-License-Identifier: MIT
/*
 * study: runs N workers of one kind in one form, and prints what that took as a line of JSON. One
 * run a process: what is resident at most, and how often the kernel switched, is then the run's
 * own.
 */
#include "study.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { WORKERS_MAX = 10000000 };

static const struct {
    const char *name;
    form_fn run;
} forms[] = {
    {"serial", run_serial}, {"thread", run_threads}, {"coil", run_tasks}, {"loops", run_loops}};

struct settings {
    struct study study;
    form_fn run;
    unsigned arguments;
};

/* ---- what is measured ----------------------------------------------------------------------- */

struct reading {
    int64_t at;
    double cpu;
    long switches, preempted;
    long resident_kib, page_tables_kib, stacks_kib; /* the last: of the whole machine */
};

/* A line of a file of the kernel's that begins with `name`, in KiB; 0: not there. */
static long number_in(const char *path, const char *name)
{
    char line[256];
    long value = 0;
    FILE *file = fopen(path, "re");

    if (!file)
        return 0;
    while (!value && fgets(line, sizeof(line), file))
        if (strncmp(line, name, strlen(name)) == 0)
            value = strtol(line + strlen(name), NULL, 10);
    fclose(file);
    return value;
}

static struct reading read_usage(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (struct reading){
        .at = now(),
        .cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
               (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
        .switches = usage.ru_nvcsw,
        .preempted = usage.ru_nivcsw,
    };
}

static void read_memory(struct reading *reading, const char *resident)
{
    reading->resident_kib = number_in("/proc/self/status", resident);
    reading->page_tables_kib = number_in("/proc/self/status", "VmPTE:");
    reading->stacks_kib = number_in("/proc/meminfo", "KernelStack:");
}

static struct reading most;

static void look_at_memory(struct study *study)
{
    (void)study;
    read_memory(&most, "VmHWM:");
}

static int by_length(const void *left, const void *right)
{
    const int64_t *a = left, *b = right;

    return (*a > *b) - (*a < *b);
}

/* In us: of `count` sorted times the one that `share` of all are not longer than. */
static double quantile(const int64_t *times, size_t count, double share)
{
    size_t place = (size_t)((double)count * share);

    return (double)times[place < count ? place : count - 1] / 1e3;
}

static void print(const struct study *study, const struct reading *begun,
                  const struct reading *ended)
{
    size_t count = study->n * study->steps;

    qsort(study->took, count, sizeof(*study->took), by_length);
    printf("{\"seconds\": %.6f, \"cpu_s\": %.6f, \"peak_kib\": %ld, \"kernel_kib\": %ld, "
           "\"switches\": %ld, \"preempted\": %ld, \"p50_us\": %.1f, \"p99_us\": %.1f, "
           "\"max_us\": %.1f}\n",
           (double)(ended->at - begun->at) / 1e9, ended->cpu - begun->cpu,
           ended->resident_kib - begun->resident_kib,
           most.stacks_kib - begun->stacks_kib + most.page_tables_kib - begun->page_tables_kib,
           ended->switches - begun->switches, ended->preempted - begun->preempted,
           quantile(study->took, count, 0.5), quantile(study->took, count, 0.99),
           quantile(study->took, count, 1));
}

/* ---- one run -------------------------------------------------------------------------------- */

/* Everything that is there before the first worker is written to, so that it is not measured. */
static int prepare(struct study *study)
{
    size_t shared = study->shared ? study->shared : study->kind->steps_shared;

    study->steps = study->kind->steps_each;
    if (!study->steps)
        study->steps = shared > study->n ? shared / study->n : 1;
    study->workers = malloc(study->n * sizeof(*study->workers));
    study->took = malloc(study->n * study->steps * sizeof(*study->took));
    if (!study->workers || !study->took)
        return -ENOMEM;
    memset(study->took, 0xff, study->n * study->steps * sizeof(*study->took));
    for (size_t i = 0; i < study->n; i++)
        study->workers[i] = (struct worker){.study = study, .index = i, .rc = -ECANCELED};
    return study->kind->prepare ? study->kind->prepare(study) : 0;
}

static void release(struct study *study)
{
    for (size_t i = 0; study->sockets && i < study->n + study->n % 2; i++)
        if (study->sockets[i] > 0)
            close(study->sockets[i]);
    if (study->fd > 0)
        close(study->fd);
    free(study->sockets);
    free(study->took);
    free(study->workers);
}

/* What the system refuses is an outcome, too; what a worker met is a failure of the study. */
static int measure(struct study *study, form_fn run)
{
    int rc = prepare(study);

    if (rc == 0) {
        struct reading begun = read_usage();
        read_memory(&begun, "VmRSS:");
        begun.at = now();
        rc = run(study);
        struct reading ended = read_usage();
        read_memory(&ended, "VmHWM:");
        for (size_t i = 0; rc == 0 && i < study->n; i++)
            rc = study->workers[i].rc;
        if (rc == 0)
            print(study, &begun, &ended);
    }
    if (rc < 0 && study->stopped)
        printf("{\"stopped\": \"%s: %s\", \"started\": %zu}\n", study->stopped, strerror(-rc),
               study->started);
    else if (rc < 0)
        fprintf(stderr, "study: %s\n", strerror(-rc));
    release(study);
    return rc < 0 && !study->stopped;
}

/* ---- arguments ------------------------------------------------------------------------------ */

static const struct argp_option options[] = {
    {"asleep", 's', "US", 0, "microseconds that a worker sleeps in all (200000)", 0},
    {"compute", 'c', "ROUNDS", 0, "of arithmetic that all share (200000000)", 0},
    {"shared", 'm', "N", 0, "messages or reads that all share (50000, 10000)", 0},
    {"file", 'f', "FILE", 0, "what the kind files reads (the program itself)", 0},
    {0},
};

static uint64_t number(const char *text, uint64_t most_of, struct argp_state *state)
{
    char *end;

    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno || end == text || *end || *text == '-' || value > most_of)
        argp_error(state, "'%s' is no number up to %llu", text, (unsigned long long)most_of);
    return value;
}

static void parse_argument(struct settings *settings, const char *text, struct argp_state *state)
{
    switch (settings->arguments++) {
    case 0:
        for (size_t i = 0; i < kinds_count; i++)
            if (strcmp(kinds[i].name, text) == 0)
                settings->study.kind = &kinds[i];
        if (!settings->study.kind)
            argp_error(state, "'%s' is none of sleep, sockets, files, cpu, mixed", text);
        break;
    case 1:
        for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
            if (strcmp(forms[i].name, text) == 0)
                settings->run = forms[i].run;
        if (!settings->run)
            argp_error(state, "'%s' is none of serial, thread, coil, loops", text);
        break;
    case 2:
        settings->study.n = (size_t)number(text, WORKERS_MAX, state);
        if (settings->study.n == 0)
            argp_error(state, "there must be a worker");
        break;
    default:
        argp_error(state, "'%s' is one argument too many", text);
    }
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    struct settings *settings = state->input;

    switch (key) {
    case 's':
        settings->study.asleep = (int64_t)number(text, 1000000000, state) * 1000;
        return 0;
    case 'c':
        settings->study.rounds = number(text, UINT64_MAX, state);
        return 0;
    case 'm':
        settings->study.shared = (size_t)number(text, 1000000000, state);
        return 0;
    case 'f':
        settings->study.file = text;
        return 0;
    case ARGP_KEY_ARG:
        parse_argument(settings, text, state);
        return 0;
    case ARGP_KEY_END:
        if (settings->arguments < 3)
            argp_error(state, "KIND, FORM and N are needed");
        if (settings->run == run_serial && strcmp(settings->study.kind->name, "sockets") == 0)
            argp_error(state, "pairs that wait for each other cannot run one after another");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        "KIND FORM N",
        "Runs N workers of a KIND (sleep, sockets, files, cpu, mixed) in a FORM (serial, thread, "
        "coil, loops), and prints what that took.",
        NULL,
        NULL,
        NULL};
    struct settings settings = {.study = {.asleep = 200000000,
                                          .rounds = 200000000,
                                          .file = "/proc/self/exe",
                                          .all_started = look_at_memory}};

    argp_parse(&argp, argc, argv, 0, NULL, &settings);
    return measure(&settings.study, settings.run);
}
