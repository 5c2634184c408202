// SPDX-License-Identifier: MIT
#include "report.h"

#include <err.h>
#include <stdio.h>

static const struct run *find(const struct report *report, enum mode mode)
{
    for (size_t i = 0; i < report->n; i++)
        if (report->runs[i].mode == mode)
            return &report->runs[i];
    return NULL;
}

/* Tasks' time by the floor's; 0: not measured. */
static double ratio_to_floor(const struct report *report)
{
    const struct run *tasks = find(report, MODE_TASKS), *floor = find(report, MODE_FLOOR);

    return tasks && floor && floor->seconds > 0 ? tasks->seconds / floor->seconds : 0;
}

/* One page after the other: as measured, else as many times the latency; 0: not known. */
static double seconds_one_by_one(const struct report *report)
{
    const struct run *sequential = find(report, MODE_SEQUENTIAL);
    const struct options *options = report->options;

    if (sequential)
        return sequential->failed ? 0 : sequential->seconds;
    return options->urls ? 0 : (double)options->pages * options->latency;
}

void report_print(const struct report *report)
{
    double one_by_one = seconds_one_by_one(report), ratio = ratio_to_floor(report);
    const struct options *options = report->options;

    printf("%-10s %8s %8s %9s %9s %8s %9s %8s\n", "mode", "pages", "failed", "seconds", "speed-up",
           "CPU s", "peak MiB", "threads");
    for (size_t i = 0; i < report->n; i++) {
        const struct run *run = &report->runs[i];
        char speed[32] = "-";
        if (one_by_one > 0 && !run->failed && run->seconds > 0)
            snprintf(speed, sizeof(speed), "%.1f", one_by_one / run->seconds);
        printf("%-10s %8zu %8zu %9.3f %9s %8.3f %9.1f %8d\n", mode_name(run->mode), run->pages,
               run->failed, run->seconds, speed, run->cpu_seconds, (double)run->peak_rss_kib / 1024,
               run->threads);
    }
    if (options->rounds > 1)
        printf("medians of %zu rounds\n", options->rounds);
    if (ratio > 0)
        printf("tasks take %.3f times what a bare curl_multi_socket loop takes\n", ratio);
}

static json_t *json_of(const struct run *run)
{
    json_t *object =
        json_pack("{s:s, s:I, s:I, s:f, s:f, s:I, s:i, s:I}", "mode", mode_name(run->mode), "ok",
                  (json_int_t)run->ok, "failed", (json_int_t)run->failed, "seconds", run->seconds,
                  "cpu_seconds", run->cpu_seconds, "peak_rss_kib", (json_int_t)run->peak_rss_kib,
                  "threads", run->threads, "concurrency", (json_int_t)run->at_once);

    if (run->interrupted)
        json_object_set_new(object, "interrupted", json_true());
    if (run->failed)
        json_object_set(object, "failures", run->failures);
    return object;
}

int report_write(const struct report *report)
{
    static const char *const clients[] = {[CLIENT_SLEEP] = "sleep", [CLIENT_HTTP] = "http"};
    const struct options *options = report->options;
    json_t *root = json_pack("{s:I, s:f, s:s, s:I}", "pages", (json_int_t)options->pages,
                             "latency_s", options->latency, "client", clients[options->client],
                             "rounds", (json_int_t)options->rounds);
    json_t *runs = json_array();
    double ratio = ratio_to_floor(report);

    for (size_t i = 0; i < report->n; i++)
        json_array_append_new(runs, json_of(&report->runs[i]));
    json_object_set_new(root, "runs", runs);
    if (ratio > 0)
        json_object_set_new(root, "tasks_to_floor", json_real(ratio));
    int rc = json_dump_file(root, options->json, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    json_decref(root);
    if (rc < 0)
        warn("%s", options->json);
    return rc;
}
