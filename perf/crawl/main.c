// SPDX-License-Identifier: MIT
/*
 * crawl: the same pages one by one, with threads and with tasks; what each way takes. What fetches
 * a page is the same function each time (crawl_worker), the body of a thread or of a task.
 */
#include "limits.h"
#include "process.h"
#include "report.h"

#include <coil/coil.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGES_FAILED = 1 };

static int by_seconds(const void *a, const void *b)
{
    const struct run *one = a, *other = b;

    return (one->seconds > other->seconds) - (one->seconds < other->seconds);
}

/* One that shows failures rather than one that hides them. */
static const struct run *median(struct run *runs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (runs[i].failed)
            return &runs[i];
    qsort(runs, n, sizeof(*runs), by_seconds);
    return &runs[n / 2];
}

/* Round after round, so that what disturbs the machine meanwhile disturbs every mode. */
static size_t run_rounds(const struct options *options, struct run (*runs)[MODES], int *interrupted)
{
    size_t round;

    for (round = 0; round < options->rounds && !*interrupted; round++) {
        for (int mode = 0; mode < MODES && !*interrupted; mode++) {
            struct run *run = &runs[round][mode];
            if (!options->modes[mode])
                continue;
            int rc = run_mode(run, options, (enum mode)mode);
            if (rc < 0)
                errx(PAGES_FAILED, "%s: %s", mode_name((enum mode)mode), coil_strerror(rc));
            *interrupted = run->interrupted;
        }
    }
    return round;
}

static void gather_report(struct report *report, struct run (*runs)[MODES], size_t rounds)
{
    struct run *of_mode = calloc(rounds, sizeof(*of_mode));

    if (!of_mode)
        err(PAGES_FAILED, NULL);
    for (int mode = 0; mode < MODES; mode++) {
        size_t n = 0;
        for (size_t round = 0; round < rounds; round++)
            if (runs[round][mode].pages)
                of_mode[n++] = runs[round][mode];
        if (n)
            report->runs[report->n++] = *median(of_mode, n);
    }
    free(of_mode);
}

int main(int argc, char **argv)
{
    struct options options;
    struct report report = {.options = &options};
    int interrupted = 0, rc = 0;

    options_parse(&options, argc, argv);
    struct run(*runs)[MODES] = calloc(options.rounds, sizeof(*runs));
    if (!runs)
        err(PAGES_FAILED, NULL);
    limits_raise();
    process_signals();
    size_t rounds = run_rounds(&options, runs, &interrupted);
    gather_report(&report, runs, rounds);
    report_print(&report);
    if (options.json && report_write(&report) < 0)
        rc = PAGES_FAILED;
    for (size_t i = 0; i < report.n; i++)
        rc = report.runs[i].failed ? PAGES_FAILED : rc;
    for (size_t i = 0; i < rounds * MODES; i++)
        json_decref(runs[i / MODES][i % MODES].failures);
    free(runs);
    options_free(&options);
    fflush(stdout);
    if (interrupted)
        process_end_by(interrupted);
    return rc;
}
