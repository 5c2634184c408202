// SPDX-License-Identifier: MIT
#include "options.h"

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { USAGE = 2, MOST_PAGES = 10000000, MOST_ROUNDS = 1000, FLOOR_ROUNDS = 7 };

static const double MOST_SECONDS = 3600;
static const double PATIENCE = 120; /* for a page, beside its latency */

static const char help[] =
    "Usage: crawl [OPTION...]\n"
    "Fetches pages one by one, with threads and with tasks, and prints what each took.\n"
    "\n"
    "  --pages N          how many pages (100)\n"
    "  --latency SECONDS  how long the server, or the sleep, takes for each (0.2)\n"
    "  --client NAME      http: fetch over HTTP, from a server that comes with the program;\n"
    "                     sleep: only wait (http)\n"
    "  --urls FILE        fetch these http and https addresses, one a line, instead\n"
    "  --timeout SECONDS  give a page up after so long (120 beside the latency)\n"
    "  --modes LIST       of sequential, threads, tasks (all of them)\n"
    "  --concurrency N    pages at once at most, for threads and tasks (all)\n"
    "  --floor            measure tasks against a bare curl_multi_socket loop, in turns;\n"
    "                     --modes is then tasks, and --rounds 7, unless given\n"
    "  --rounds N         run each mode N times, in turns, and report the median (1)\n"
    "  --json FILE        write the results there, too\n"
    "  --help             print this\n"
    "\n"
    "Exit status: 0, 1 when pages failed, 2 for a wrong argument.\n";

static const char *const modes[MODES] = {"sequential", "threads", "tasks", "floor"};

const char *mode_name(enum mode mode)
{
    return modes[mode];
}

static size_t parse_count(const char *option, const char *text, size_t most)
{
    char *end;

    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno || end == text || *end || text[0] == '-' || value < 1 || value > most)
        errx(USAGE, "--%s: '%s' is no number from 1 to %zu", option, text, most);
    return (size_t)value;
}

static double parse_seconds(const char *option, const char *text)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end || !(value >= 0) || value > MOST_SECONDS)
        errx(USAGE, "--%s: '%s' is no number of seconds from 0 to %g", option, text, MOST_SECONDS);
    return value;
}

static void parse_modes(struct options *options, const char *text)
{
    memset(options->modes, 0, sizeof(options->modes));
    for (;;) {
        size_t length = strcspn(text, ","), mode = 0;
        while (mode < MODE_FLOOR &&
               (strlen(modes[mode]) != length || strncmp(modes[mode], text, length) != 0))
            mode++;
        if (mode == MODE_FLOOR)
            errx(USAGE, "--modes: '%.*s' is none of sequential, threads, tasks", (int)length, text);
        options->modes[mode] = true;
        if (!text[length])
            return;
        text += length + 1;
    }
}

/* Blank lines, and those that begin with #, are no addresses. */
static void read_urls(struct options *options, const char *path)
{
    FILE *file = fopen(path, "re");
    char *line = NULL, **more;
    size_t size = 0;
    ssize_t length;

    if (!file)
        err(USAGE, "--urls: %s", path);
    options->pages = 0;
    errno = 0;
    while ((length = getline(&line, &size, file)) >= 0) {
        char *begin = line + strspn(line, " \t\r\n");
        begin[strcspn(begin, " \t\r\n")] = '\0';
        if (!*begin || *begin == '#')
            continue;
        more = reallocarray(options->urls, options->pages + 1, sizeof(*more));
        if (!more || !(more[options->pages] = strdup(begin)))
            err(1, "--urls: %s", path);
        options->urls = more;
        options->pages++;
    }
    if (ferror(file))
        err(USAGE, "--urls: %s", path);
    free(line);
    fclose(file);
    if (!options->pages)
        errx(USAGE, "--urls: %s: no address in it", path);
}

static enum client parse_client(const char *text)
{
    if (strcmp(text, "http") != 0 && strcmp(text, "sleep") != 0)
        errx(USAGE, "--client: '%s' is neither http nor sleep", text);
    return strcmp(text, "http") == 0 ? CLIENT_HTTP : CLIENT_SLEEP;
}

static const struct option names[] = {
    {"pages", required_argument, NULL, 'p'},
    {"latency", required_argument, NULL, 'l'},
    {"timeout", required_argument, NULL, 't'},
    {"client", required_argument, NULL, 'c'},
    {"urls", required_argument, NULL, 'u'},
    {"modes", required_argument, NULL, 'm'},
    {"concurrency", required_argument, NULL, 'n'},
    {"rounds", required_argument, NULL, 'r'},
    {"json", required_argument, NULL, 'j'},
    {"floor", no_argument, NULL, 'f'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

/* What one option means; which of them were given is in `given`. */
static void take(struct options *options, int key, int index, const char **urls)
{
    switch (key) {
    case 'p':
        options->pages = parse_count(names[index].name, optarg, MOST_PAGES);
        break;
    case 'l':
        options->latency = parse_seconds(names[index].name, optarg);
        break;
    case 't':
        options->timeout = parse_seconds(names[index].name, optarg);
        break;
    case 'c':
        options->client = parse_client(optarg);
        break;
    case 'u':
        *urls = optarg;
        break;
    case 'm':
        parse_modes(options, optarg);
        break;
    case 'n':
        options->concurrency = parse_count(names[index].name, optarg, MOST_PAGES);
        break;
    case 'r':
        options->rounds = parse_count(names[index].name, optarg, MOST_ROUNDS);
        break;
    case 'j':
        options->json = optarg;
        break;
    case 'h':
        fputs(help, stdout);
        exit(0);
    default: /* getopt has said what is wrong, in one line */
        exit(USAGE);
    }
}

void options_parse(struct options *options, int argc, char **argv)
{
    bool given['z'] = {0};
    const char *urls = NULL;
    int key, index = 0;

    *options = (struct options){
        .pages = 100, .latency = 0.2, .client = CLIENT_HTTP, .modes = {true, true, true}};
    argv[0] = program_invocation_short_name; /* as getopt names it, and err does */
    while ((key = getopt_long(argc, argv, "", names, &index)) != -1) {
        given[key & 0x7f] = true;
        if (key != 'f')
            take(options, key, index, &urls);
    }
    if (optind < argc)
        errx(USAGE, "'%s' is no option: crawl --help says what there is", argv[optind]);
    if (given['u'] && (given['p'] || given['c']))
        errx(USAGE, "--urls says which pages there are: it goes without --pages and --client");
    if (given['f'] && options->client != CLIENT_HTTP)
        errx(USAGE, "--floor is for --client http");
    if (given['f'] && !given['m'])
        parse_modes(options, "tasks");
    options->modes[MODE_FLOOR] = given['f'];
    if (!options->rounds)
        options->rounds = given['f'] ? FLOOR_ROUNDS : 1;
    if (!given['t'])
        options->timeout = options->latency + PATIENCE;
    if (urls)
        read_urls(options, urls);
}

void options_free(struct options *options)
{
    for (size_t i = 0; options->urls && i < options->pages; i++)
        free(options->urls[i]);
    free(options->urls);
}
