// SPDX-License-Identifier: MIT
/*
 * The simulated engine as the loop sees it.
 *
 * Its clock stands still while threads work for the loop: how long they take is not the virtual
 * world's business, and no deadline may pass because of it.
 *
 * As the kernel may, it writes into the buffers of operations that read, at each enter until the
 * last completion: memory that was given away too early shows at once.
 */
#include "sim/flight.h"

#include <errno.h>
#include <string.h>

enum { SCRIBBLE = 0xa5 };

static void scribble(struct coil_sim *sim)
{
    list_for_each (node, &sim->engine.in_flight) {
        struct op *op = list_entry(node, struct op, in_flight);
        const struct sim_op *in_flight = op->private;
        if (in_flight && in_flight->sent && sim_reads_memory(op))
            memset((void *)(uintptr_t)op->address, SCRIBBLE, op->length);
    }
}

/* Takes the wakes if there are any, or with `wait` once there is one. */
static bool take_wake(struct coil_sim *sim, bool wait)
{
    int before = errno, wakes = 0;
    bool woken = wait;

    while (wait && sem_wait(&sim->woken) < 0)
        ASSERT(errno == EINTR);
    errno = before;
    /* Nobody else takes: they are there. */
    while (sem_getvalue(&sim->woken, &wakes) == 0 && wakes > 0 && sem_trywait(&sim->woken) == 0)
        woken = true;
    return woken;
}

static int enter(struct engine *engine, int64_t deadline, bool block)
{
    struct coil_sim *sim = sim_of(engine);

    if (unlikely(!sim->bound)) {
        sim->thread = pthread_self();
        sim->bound = true;
    }
    if (block || !list_empty(&sim->waiting) || !list_empty(&sim->asked))
        sim->enters++;
    scribble(sim);
    sim_send(sim);
    sim_answer_due(sim);
    if (!block || sim->count || take_wake(sim, false))
        return 0;
    int64_t next = timers_earliest(&sim->timers);
    if (deadline < next)
        next = deadline;
    bool stands = engine->owed_by_threads && next > sim_now(sim);
    if (stands || next == TIMER_NEVER) {
        if (!stands && !sim->options.foreign_threads)
            return -COIL_EDEADLOCK;
        (void)take_wake(sim, true);
        return 0;
    }
    sim_move_clock(sim, next);
    sim_answer_due(sim);
    return 0;
}

static size_t reap(struct engine *engine, struct completion *completions, size_t most)
{
    struct coil_sim *sim = sim_of(engine);
    size_t n = sim->count < most ? sim->count : most;

    for (size_t i = 0; i < n; i++) {
        completions[i] = sim->completions[sim->first];
        sim->first = (sim->first + 1) & (sim->capacity - 1);
        engine_hand_over(engine, &completions[i]);
    }
    sim->count -= n;
    return n;
}

static bool quiet(const struct engine *engine)
{
    const struct coil_sim *sim = container_of(engine, const struct coil_sim, engine);
    return !sim->count && !sim->time_moved && list_empty(&sim->waiting) && list_empty(&sim->asked);
}

static unsigned news(struct engine *engine)
{
    struct coil_sim *sim = sim_of(engine);
    unsigned what = sim->count ? ENGINE_CAME : 0;

    if (sim->time_moved)
        what |= ENGINE_TIME;
    sim->time_moved = false;
    return what;
}

static int64_t now(const struct engine *engine)
{
    return sim_now(container_of(engine, const struct coil_sim, engine));
}

static void wake(struct engine *engine)
{
    int rc = sem_post(&sim_of(engine)->woken);
    ASSERT(rc == 0);
}

static void block(struct engine *engine, int64_t until)
{
    sim_move_clock(sim_of(engine), until);
}

static void detach(struct engine *engine)
{
    struct coil_sim *sim = sim_of(engine);

    ASSERT(list_empty(&sim->waiting) && list_empty(&sim->asked) && sim->count == 0);
    ASSERT_CONTRACT(sim_lent_count(sim) == 0, "a lent buffer was not given back");
    sim->attached = false;
}

const struct engine_class sim_class = {
    .name = "sim",
    .submit = sim_submit,
    .cancel = sim_cancel,
    .enter = enter,
    .reap = reap,
    .quiet = quiet,
    .news = news,
    .now = now,
    .wake = wake,
    .block = block,
    .lend = sim_lend,
    .lent = sim_lent,
    .give_back = sim_give_back,
    .detach = detach,
};
