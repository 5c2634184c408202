// SPDX-License-Identifier: MIT
#include "run.h"

#include "limits.h"
#include "modes.h"
#include "process.h"
#include "server.h"

#include <coil/coil.h>

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PROGRESS_MILLISECONDS = 100, NAMED_FAILURES = 20, NAME_SIZE = 2048 };

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* In the process of the mode. */
static void crawl_here(struct crawl *crawl, enum mode mode)
{
    static void (*const modes[MODES])(struct crawl *) = {crawl_sequential, crawl_threads,
                                                         crawl_tasks, crawl_floor};
    bool http = crawl->options->client == CLIENT_HTTP;

    if (http && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        crawl->record->error = -ENOMEM;
        exit(1);
    }
    double start = now();
    modes[mode](crawl);
    crawl->record->seconds = now() - start;
    if (http)
        curl_global_cleanup();
    exit(0);
}

static void show_progress(const struct crawl *crawl, enum mode mode, double seconds)
{
    fprintf(stderr, "\r%-10s  %zu of %zu pages, %.1f s\033[K", mode_name(mode),
            atomic_load(&crawl->record->finished), crawl->options->pages, seconds);
}

/* Until the process has ended, or this one is told to; returns the signal that told it, or 0. */
static int follow(pid_t child, struct server *server, const struct crawl *crawl, enum mode mode,
                  int *status, struct rusage *usage)
{
    bool terminal = isatty(STDERR_FILENO);
    double start = now();
    int told = 0;

    for (;;) {
        pid_t ended = wait4(child, status, told ? 0 : WNOHANG, usage);
        if (ended == child)
            break;
        if (server->process > 0 && waitpid(server->process, NULL, WNOHANG) == server->process) {
            if (terminal)
                fputs("\r\033[K", stderr);
            warnx("the server has ended");
            server->process = 0;
        }
        if (terminal)
            show_progress(crawl, mode, now() - start);
        int number = process_signal(PROGRESS_MILLISECONDS);
        if (number && number != SIGCHLD) {
            told = number;
            kill(child, SIGKILL);
        }
    }
    if (terminal)
        fputs("\r\033[K", stderr);
    if (crawl->record->seconds <= 0)
        crawl->record->seconds = now() - start;
    return told;
}

static void add_failure(struct run *run, const struct crawl *crawl, size_t page,
                        page_outcome outcome)
{
    char name[NAME_SIZE], reason[128];
    size_t known = run->failed - run->waiting;

    crawl_page_name(crawl, page, name, sizeof(name));
    outcome_describe(outcome, reason, sizeof(reason));
    json_array_append_new(run->failures,
                          json_pack("{s:s%, s:s}", "page", name, strlen(name), "reason", reason));
    if (outcome != OUTCOME_WAITING && known <= NAMED_FAILURES)
        warnx("%s: %s: %s", mode_name(run->mode), name, reason);
}

static void count(struct run *run, const struct crawl *crawl)
{
    run->failures = json_array();
    for (size_t i = 0; i < crawl->options->pages; i++) {
        page_outcome outcome = atomic_load(&crawl->record->outcomes[i]);
        if (outcome == OUTCOME_DONE) {
            run->ok++;
            continue;
        }
        run->failed++;
        run->waiting += outcome == OUTCOME_WAITING;
        add_failure(run, crawl, i, outcome);
    }
    if (run->failed - run->waiting > NAMED_FAILURES)
        warnx("%s: and %zu pages more; --json names all", mode_name(run->mode),
              run->failed - run->waiting - NAMED_FAILURES);
}

/* What is known only when it has ended. */
static void conclude(struct run *run, const struct crawl *crawl, int status,
                     const struct rusage *usage)
{
    const struct record *record = crawl->record;
    const char *name = mode_name(run->mode);

    count(run, crawl);
    run->at_once = record->at_once;
    run->seconds = record->seconds;
    run->cpu_seconds = (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
                       (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
    run->peak_rss_kib = usage->ru_maxrss;
    run->threads = atomic_load(&record->threads);
    if (record->error)
        warnx("%s: %zu pages at once, not %zu: %s", name, record->at_once, crawl->at_once,
              coil_strerror(record->error));
    if (run->interrupted)
        warnx("%s: interrupted: %zu of %zu pages were fetched", name, run->ok, run->pages);
    else if (WIFSIGNALED(status))
        warnx("%s: ended by a signal, %s: %zu pages were not fetched", name,
              strsignal(WTERMSIG(status)), run->waiting);
    else if (run->waiting)
        warnx("%s: %zu pages were not fetched", name, run->waiting);
}

static void choose_workers(struct crawl *crawl, enum mode mode)
{
    const struct options *options = crawl->options;
    struct limit limit = limits_of(options, mode);
    size_t wanted = options->concurrency ? options->concurrency : options->pages;

    if (wanted > options->pages)
        wanted = options->pages;
    crawl->at_once = wanted < limit.most ? wanted : limit.most;
    if (crawl->at_once < wanted && mode != MODE_SEQUENTIAL)
        warnx("%s: %zu pages at once, not %zu: the limit is %s", mode_name(mode), crawl->at_once,
              wanted, limit.why);
}

int run_mode(struct run *run, const struct options *options, enum mode mode)
{
    struct crawl crawl = {.options = options};
    struct server server = {0};
    size_t size = sizeof(*crawl.record) + options->pages * sizeof(crawl.record->outcomes[0]);
    struct rusage usage = {0};
    int status = 0, rc = 0;

    *run = (struct run){.mode = mode, .pages = options->pages};
    choose_workers(&crawl, mode);
    crawl.record = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (crawl.record == MAP_FAILED)
        return -errno;
    if (options->client == CLIENT_HTTP && !options->urls)
        rc = server_start(&server, options->latency);
    crawl.port = server.port;
    pid_t child = rc < 0 ? rc : process_fork(mode_name(mode));
    if (child == 0)
        crawl_here(&crawl, mode);
    if (child > 0) {
        run->interrupted = follow(child, &server, &crawl, mode, &status, &usage);
        conclude(run, &crawl, status, &usage);
    }
    server_stop(&server);
    munmap(crawl.record, size);
    return child < 0 ? (int)child : 0;
}
