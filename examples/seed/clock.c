// SPDX-License-Identifier: MIT
/*
 * Chooses the clock of a program without the program knowing: with COIL_CLOCK=virtual in the
 * environment the main thread's loop, which coil_get_event_loop() returns, is one on the simulated
 * engine. So a program that takes three seconds is tested at once, and to the nanosecond.
 *
 * COIL_INTERRUPT=1.5 in the environment is Ctrl-C after so many seconds of that clock.
 */
#include <coil/coil.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static coil_sim *sim;
static coil_loop *loop;

static int interrupt(void *unused)
{
    (void)unused;
    return raise(SIGINT) ? -1 : 0;
}

__attribute__((constructor)) static void choose_clock(void)
{
    const char *clock = getenv("COIL_CLOCK"), *after = getenv("COIL_INTERRUPT");

    if (!clock || strcmp(clock, "virtual") != 0)
        return;
    sim = coil_sim_new(NULL);
    loop = coil_loop_new(&(coil_loop_options){.size = sizeof(coil_loop_options), .sim = sim});
    if (coil_set_event_loop(loop) < 0)
        abort(); /* the clock would be the real one */
    if (after)
        coil_call_later(loop, COIL_SEC(strtod(after, NULL)), interrupt, NULL);
}

__attribute__((destructor)) static void free_clock(void)
{
    coil_loop_free(loop);
    coil_sim_free(sim);
}
