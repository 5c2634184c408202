// SPDX-License-Identifier: MIT
/* The simulated engine's parts: the clock and what is in flight, the answers, the buffers it lends.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "base/fifo.h"
#include "engine/engine.h"
#include "timer/timer.h"

#include <coil/sim.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

/* An answer that an operation will get. */
struct sim_answer {
    struct fifo_node node; /* in the script, then in its operation */
    coil_sim_answer answer;
};

/* What the engine knows of an operation in flight. */
struct sim_op {
    struct op *op;
    struct fifo answers;   /* in order; empty: it waits for ever */
    size_t owed;           /* completions that it may still have */
    struct list_node link; /* in `waiting` until an enter sends it, in `asked` when cancelled */
    struct timer_slot *timer;
    bool sent;
    bool armed; /* a timer runs for its next answer */
    bool cancelled;
};

struct sim_group {
    struct list_node link;
    uint16_t id;
    unsigned count, free_count;
    size_t size;
    char *memory;
    uint16_t free[]; /* the latest given back last */
};

struct coil_sim {
    struct engine engine;
    coil_sim_options options;
    _Atomic int64_t now;
    bool time_moved; /* since it was last looked at */
    atomic_bool attached;
    bool bound; /* to the thread that first entered it */
    pthread_t thread;
    struct timers timers; /* payloads are struct sim_op */
    struct list waiting;  /* queued, not sent */
    struct list asked;    /* cancelled, not looked at */
    struct fifo script;
    struct completion *completions; /* a ring; capacity is a power of two */
    size_t first, count, capacity;
    size_t owed; /* by all operations in flight */
    struct list groups;
    uint64_t random;
    int next_fd;
    uint64_t enters, submitted, completed, hash;
    /* the wake: the only part that other threads touch */
    sem_t woken; /* not a condition: a signal handler may wake */
};

static inline int64_t sim_now(const struct coil_sim *sim)
{
    return atomic_load_explicit(&sim->now, memory_order_relaxed);
}

static inline void sim_move_clock(struct coil_sim *sim, int64_t to)
{
    if (to <= sim_now(sim))
        return;
    atomic_store_explicit(&sim->now, to, memory_order_relaxed);
    sim->time_moved = true;
}

/* Asserts contract 2, as sched_check_thread does for loops. */
static inline void sim_check_thread(const struct coil_sim *sim)
{
    ASSERT_CONTRACT(!sim->bound || pthread_equal(sim->thread, pthread_self()),
                    "a call from another thread than the loop's");
}

extern const struct engine_class sim_class;

/* sim/answer.c: which answers an operation gets. -ENOMEM. */
int sim_answers_for(struct coil_sim *sim, const struct op *op, struct fifo *answers);
void sim_answers_free(struct fifo *answers);

/* sim/flight.c: folds a value into the hash of the run. */
void sim_hash(struct coil_sim *sim, uint64_t value);

/* sim/lend.c */
struct sim_group *sim_group(const struct coil_sim *sim, uint16_t id);
int sim_lend(struct engine *engine, uint16_t group, unsigned count, size_t size);
void *sim_lent(struct engine *engine, uint16_t group, uint16_t buffer);
void sim_give_back(struct engine *engine, uint16_t group, uint16_t buffer);
uint64_t sim_lent_count(const struct coil_sim *sim);
void sim_groups_free(struct coil_sim *sim);

static inline struct coil_sim *sim_of(struct engine *engine)
{
    return container_of(engine, struct coil_sim, engine);
}

/* For the run layer: this loop's engine from now on. -EBUSY when it has a loop. */
int sim_attach(struct coil_sim *sim, struct engine **engine);

#endif
