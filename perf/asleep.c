// SPDX-License-Identifier: MIT
/*
 * asleep: many tasks asleep at once, each on its own guarded stack. Prints what they cost, and
 * beside it the floor: as many guards and first touches of a page without any coil.
 */
#include "touch.h"

#include "os/os.h"

#include <coil/coil.h>

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct settings {
    size_t tasks;
    size_t kept;
    bool floor;
};

struct figures {
    int64_t asleep_at, parked_at, ended_at;
    long parked_rss, parked_page_tables, parked_mappings;
    coil_guard guard;
    int rc;
};

struct run {
    const struct settings *settings;
    struct figures figures;
};

static long count_mappings(void)
{
    long lines = 0;
    FILE *maps = fopen("/proc/self/maps", "re");

    if (!maps)
        return -1;
    for (int c = getc(maps); c != EOF; c = getc(maps))
        lines += c == '\n';
    fclose(maps);
    return lines;
}

static void *sleeper(void *argument)
{
    (void)argument;
    int rc = coil_sleep(COIL_SEC(3));
    return rc < 0 ? COIL_ERR(rc) : NULL;
}

static void *many(void *argument)
{
    struct run *run = argument;
    struct figures *figures = &run->figures;

    figures->asleep_at = os_now();
    for (size_t i = 0; i < run->settings->tasks; i++) {
        int rc = coil_go(sleeper, NULL);
        if (rc < 0)
            return COIL_ERR(rc);
    }
    /* Longer than nothing and shorter than they sleep: now all of them are parked. */
    int rc = coil_sleep(COIL_SEC(1));
    figures->parked_at = os_now();
    figures->parked_rss = touch_kib(TOUCH_SELF, "VmRSS:");
    figures->parked_page_tables = touch_kib(TOUCH_SELF, "VmPTE:");
    figures->parked_mappings = count_mappings();
    figures->guard = (coil_guard)coil_loop_guard(coil_get_running_loop());
    if (rc == 0)
        rc = coil_sleep(COIL_SEC(3));
    figures->ended_at = os_now();
    return rc < 0 ? COIL_ERR(rc) : NULL;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    struct settings *settings = state->input;
    char *end = NULL;

    switch (key) {
    case 'n':
    case 'k': {
        errno = 0;
        unsigned long long value = strtoull(text, &end, 10);
        if (errno || end == text || *end || *text == '-' || value < 1 || value > 100000000)
            argp_error(state, "'%s' is no number from 1 to 100000000", text);
        *(key == 'n' ? &settings->tasks : &settings->kept) = (size_t)value;
        return 0;
    }
    case 'f':
        settings->floor = false;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"tasks", 'n', "N", 0, "how many tasks sleep (1000000)", 0},
    {"kept", 'k', "N", 0, "free stacks that keep their memory (1024)", 0},
    {"no-floor", 'f', NULL, 0, "do not measure the floor", 0},
    {0},
};

static const char *guard_name(coil_guard guard)
{
    static const char *const names[] = {"none", "guard page", "mapped guard page", "canary"};
    return names[guard];
}

static void print(const struct settings *settings, const struct figures *figures, double floor)
{
    double n = (double)settings->tasks;
    double parked = (double)(figures->parked_at - figures->asleep_at) / 1e9;
    double ended = (double)(figures->ended_at - figures->parked_at) / 1e9;

    printf("tasks        %zu, %s each\n", settings->tasks, guard_name(figures->guard));
    printf("parked       %.3f s, %.0f ns a task\n", parked, parked * 1e9 / n);
    if (floor >= 0)
        printf("floor        %.3f s, %.0f ns a guard and a touch; parked is %.2f times it\n", floor,
               floor * 1e9 / n, parked / floor);
    printf("woken, ended %.3f s, %.0f ns a task\n", ended, ended * 1e9 / n);
    printf("resident     %.3f GB, %.0f bytes a task\n", (double)figures->parked_rss * 1024 / 1e9,
           (double)figures->parked_rss * 1024 / n);
    printf("page tables  %.3f GB\n", (double)figures->parked_page_tables * 1024 / 1e9);
    printf("mappings     %ld\n", figures->parked_mappings);
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        options, parse, NULL, "How much time and memory many sleeping tasks take.",
        NULL,    NULL,  NULL};
    struct settings settings = {.tasks = 1000000, .floor = true};
    struct run run = {.settings = &settings};

    argp_parse(&argp, argc, argv, 0, NULL, &settings);
    double floor = settings.floor ? touch_floor(settings.tasks) : -1;
    coil_sim *sim = coil_sim_new(NULL);
    coil_loop_options loop_options = {
        .size = sizeof(loop_options), .sim = sim, .stacks_kept = settings.kept};
    int rc = coil_run_with(many, &run, NULL, &loop_options);
    coil_sim_free(sim);
    if (rc < 0) {
        fprintf(stderr, "asleep: %s; try fewer --tasks\n", coil_strerror(rc));
        return 1;
    }
    print(&settings, &run.figures, floor);
    return 0;
}
