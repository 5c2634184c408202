// SPDX-License-Identifier: MIT
/* Three workers, an hour of waiting, no time at all: the clock is virtual. */
#include <coil/coil.h>

#include <stdio.h>

static void *work(void *name)
{
    coil_loop *loop = coil_get_running_loop();
    coil_time start = coil_loop_time(loop);
    int rc = coil_sleep(COIL_SEC(1200) * (*(const char *)name - 'A' + 1));

    if (rc < 0)
        return COIL_ERR(rc);
    printf("%s waited %g s\n", (char *)name, (double)(coil_loop_time(loop) - start) / 1e9);
    return name;
}

static void *hour(void *unused)
{
    const coil_coro workers[] = {{work, "C"}, {work, "A"}, {work, "B"}};
    COIL_AUTO coil_future *all = coil_gather(workers, 3, 0);
    void *results;
    int rc = coil_await(all, &results);

    (void)unused;
    return rc < 0 ? COIL_ERR(rc) : NULL;
}

int main(void)
{
    coil_sim *sim = coil_sim_new(NULL);
    coil_loop_options options = {.size = sizeof(options), .sim = sim};
    int rc = coil_run_with(hour, NULL, NULL, &options);

    if (rc < 0)
        fprintf(stderr, "virtual_time: %s\n", coil_strerror(rc));
    coil_sim_free(sim);
    return rc < 0;
}
