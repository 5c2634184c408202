// SPDX-License-Identifier: MIT
/* The simulated engine as its user sees it. */
#include "sim/sim.h"

#include "base/alloc.h"

enum {
    FIRST_FD = 1000, /* no real descriptor by accident */
    MILLION = 1000000
};

#define START_DEFAULT   COIL_SEC(1)
#define LATENCY_DEFAULT COIL_MS(1)

int sim_attach(struct coil_sim *sim, struct engine **engine)
{
    if (err_is(sim))
        return err_code(sim);
    if (atomic_exchange(&sim->attached, true))
        return -EBUSY;
    *engine = &sim->engine;
    return 0;
}

/* ---- public ------------------------------------------------------------------------------- */

static bool options_valid(const coil_sim_options *options)
{
    return options->size == sizeof(*options) && options->start >= 0 && options->latency_max >= 0 &&
           options->faults <= MILLION;
}

coil_sim *coil_sim_new(const coil_sim_options *options)
{
    if (options && !options_valid(options))
        return COIL_ERR(-EINVAL);
    struct coil_sim *sim = coil__alloc_zeroed(sizeof(*sim));
    if (!sim)
        return COIL_ERR(-ENOMEM);
    if (options)
        sim->options = *options;
    if (!sim->options.latency_max)
        sim->options.latency_max = LATENCY_DEFAULT;
    engine_init(&sim->engine, &sim_class);
    sim->engine.opcodes = ~UINT64_C(0);
    sim->engine.capabilities = ENGINE_MANY_ACCEPT | ENGINE_MANY_RECV | ENGINE_LEND | ENGINE_SLOTS;
    list_init(&sim->waiting);
    list_init(&sim->asked);
    list_init(&sim->groups);
    fifo_init(&sim->script);
    timers_init(&sim->timers);
    sim->random = sim->options.seed;
    sim->next_fd = FIRST_FD;
    atomic_init(&sim->now, sim->options.start ? sim->options.start : START_DEFAULT);
    int rc = sem_init(&sim->woken, 0, 0);
    ASSERT(rc == 0);
    return sim;
}

int coil_sim_free(coil_sim *sim)
{
    if (!sim || err_is(sim))
        return 0;
    if (sim->attached)
        return -EBUSY;
    sim_answers_free(&sim->script);
    sim_groups_free(sim);
    timers_fini(&sim->timers);
    coil__free(sim->completions);
    int rc = sem_destroy(&sim->woken);
    ASSERT(rc == 0);
    coil__free(sim);
    return 0;
}

static int sim_argument(const coil_sim *sim)
{
    if (!sim)
        return -EINVAL;
    return err_is(sim) ? err_code(sim) : 0;
}

coil_time coil_sim_time(const coil_sim *sim)
{
    int rc = sim_argument(sim);
    return rc < 0 ? rc : sim_now(sim);
}

int coil_sim_advance(coil_sim *sim, coil_time by)
{
    int rc = sim_argument(sim);

    if (rc < 0)
        return rc;
    if (by < 0)
        return -EINVAL;
    sim_check_thread(sim);
    int64_t to = timer_after(sim_now(sim), by);
    if (to == TIMER_NEVER)
        return -EINVAL;
    sim_move_clock(sim, to);
    return 0;
}

int coil_sim_count(const coil_sim *sim, coil_sim_counts *counts)
{
    int rc = sim_argument(sim);

    if (rc < 0)
        return rc;
    if (!counts || counts->size != sizeof(*counts))
        return -EINVAL;
    sim_check_thread(sim);
    *counts = (coil_sim_counts){
        .size = sizeof(*counts),
        .enters = sim->enters,
        .submitted = sim->submitted,
        .completed = sim->completed,
        .in_flight = sim->engine.in_flight_count,
        .lent = sim_lent_count(sim),
        .hash = sim->hash,
    };
    return 0;
}
