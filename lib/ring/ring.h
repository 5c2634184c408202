// SPDX-License-Identifier: MIT
/*
 * The engine on io_uring: one ring, one io_uring_enter a turn, one timeout.
 *
 * Operations are written into the submission queue when they are submitted and go to the kernel by
 * the turn's enter; those at a place of a file a few at a time before it (ring/submit.c).
 * Completions are taken from the completion queue in one pass. All deadlines of the loop ride on
 * one IORING_OP_TIMEOUT with an absolute time: it is moved only when the earliest deadline gets
 * earlier, so a timeout that is armed and disarmed in time costs the kernel nothing, at the price
 * of at most one early wake-up a firing.
 */
#ifndef RING_RING_H
#define RING_RING_H

#include "engine/engine.h"
#include "os/features.h"
#include "pool/pool.h"
#include "ring/compat.h"

#include <signal.h>
#include <stdatomic.h>

/* The three low bits of user_data; operations are aligned to more. */
enum ring_tag { RING_OP, RING_TIMER, RING_WAKE, RING_IGNORED };

/* Whether this kernel's writes can be told to raise no SIGPIPE. */
enum ring_nosignal { NOSIGNAL_UNKNOWN, NOSIGNAL_YES, NOSIGNAL_NO };

struct ring {
    struct engine engine;
    struct io_uring uring;
    unsigned flags; /* IORING_SETUP_*, what was granted */
    bool enabled;   /* by the thread that first runs the loop */
    unsigned enter_flags;
    /* the timeout */
    struct __kernel_timespec deadline_spec; /* stays until the enter that submits it */
    int64_t armed;                          /* its deadline; INT64_MAX: none runs */
    bool fired;                             /* not yet asked for by engine_news */
    /* the wake */
    int wake_fd;
    uint64_t wake_value; /* where the kernel puts the eventfd's counter */
    bool wake_armed;
    int event_fd; /* ring/descriptor.c; -1: nobody has asked for it */
    /* what was taken from a full completion queue before its turn */
    struct io_uring_cqe *stash;
    size_t stash_first, stash_count, stash_capacity;
    bool behind;         /* the last enter had no room for what it wanted to say */
    unsigned file_ops;   /* ring/submit.c: of this turn, since some were given to a device */
    size_t cancels_owed; /* for which there was no room: the next enter asks */
    struct list groups;  /* ring/buffers.c */
    /* ring/blocking.c */
    struct pool *pool; /* NULL: it was not needed yet */
    struct pool_client blocking;
    size_t blocking_count; /* in flight */
    /* ring/sigpipe.c */
    uint8_t nosignal;  /* enum ring_nosignal */
    size_t may_signal; /* operations in flight that could raise SIGPIPE */
    uint64_t enters, submissions;
    unsigned forks; /* of this process when the ring was made */
};

extern const struct engine_class ring_class;

/* The entries of a new ring's queues; tests make them small. */
struct ring_size {
    unsigned entries;
    unsigned completions;
};
extern struct ring_size coil__ring_size;

static inline struct ring *ring_of(struct engine *engine)
{
    return container_of(engine, struct ring, engine);
}

/* A ring for one loop; its engine frees it when it is detached. -EPERM, -ENOSYS, -EINVAL: this
 * system has no io_uring for us; -ENOMEM. */
int ring_new(struct engine **engine);

/* After liburing has mapped a ring, and instead of io_uring_queue_exit. */
void ring_mapped(void);
void ring_unmap(struct io_uring *uring);

/* ring/restrict.c: before its first enter: it refuses operations that name a path, for good. */
int ring_restrict(struct engine *engine);

/* ring/probe.c: what this kernel offers and COIL_FEATURES leaves. -ENOMEM. */
int ring_probe(struct ring *ring);

/* ring/fork.c */
extern atomic_uint coil__forks; /* from the first process to this one */

/* Whether this process is the child of a fork: the ring is its parent's. */
static inline bool ring_forked(const struct ring *ring)
{
    return ring->forks != atomic_load_explicit(&coil__forks, memory_order_relaxed);
}

void ring_watch_forks(struct ring *ring);
size_t ring_reap_in_child(struct ring *ring, struct completion *completions, size_t most);

/* ring/submit.c: a free entry; makes room when there is none. -ENOMEM when the kernel has none;
 * -COIL_ECLOSED after a fork. */
int ring_sqe(struct ring *ring, struct io_uring_sqe **sqe);
int ring_submit(struct engine *engine, struct op *op);
void ring_cancel(struct engine *engine, struct op *op);
int ring_ask_again(struct ring *ring);

/* ring/enter.c: all that calls io_uring_enter: submits everything, and returns how much that was.
 * ring_call also waits for so many completions and brings them; ring_submit_early brings none. */
int ring_call(struct ring *ring, unsigned wait);
int ring_submit_early(struct ring *ring);
int ring_enter(struct engine *engine, int64_t deadline, bool block);
bool ring_quiet(const struct engine *engine);
unsigned ring_news(struct engine *engine);

/* ring/timeout.c: before an enter. */
int ring_arm(struct ring *ring, int64_t deadline);
void ring_timer_completed(struct ring *ring, int result);

/* ring/wake.c */
int ring_wake_init(struct ring *ring);
void ring_wake_fini(struct ring *ring);
int ring_wake_arm(struct ring *ring);
void ring_wake(struct engine *engine);

/* ring/descriptor.c */
int ring_descriptor(struct engine *engine);
void ring_descriptor_fini(struct ring *ring);
void ring_rouse(struct engine *engine, bool readable);

/* ring/reap.c */
size_t ring_reap(struct engine *engine, struct completion *completions, size_t most);
int ring_stash(struct ring *ring);

/* ring/written.c: for Valgrind. */
void ring_written(const struct completion *completion);

/* ring/buffers.c */
int ring_lend(struct engine *engine, uint16_t group, unsigned count, size_t size);
void *ring_lent(struct engine *engine, uint16_t group, uint16_t buffer);
void ring_give_back(struct engine *engine, uint16_t group, uint16_t buffer);

/* A completion came with a buffer: whether it is lent by it, which it is only for data. */
bool ring_buffer_taken(struct ring *ring, uint16_t group, uint16_t buffer, int32_t result);

/* An operation found no buffer: more are offered at a time from now on. */
void ring_buffers_lacked(struct ring *ring, uint16_t group);
void ring_groups_unregister(struct ring *ring);
void ring_groups_free(struct ring *ring);

/* ring/blocking.c: operations that are plain calls on a thread. */
int ring_blocking_submit(struct ring *ring, struct op *op);
void ring_blocking_cancel(struct op *op);
size_t ring_blocking_reap(struct ring *ring, struct completion *completions, size_t most);
void ring_blocking_fini(struct ring *ring);

/* ring/sigpipe.c: an operation with OP_MAY_SIGNAL is submitted; has had its last completion. */
void ring_sigpipe_begin(struct ring *ring, struct io_uring_sqe *sqe);
void ring_sigpipe_end(struct ring *ring);

/* Around every enter, where SIGPIPE may be raised. */
struct sigpipe {
    sigset_t before; /* the thread's mask */
    bool held;
    bool was_pending;
};
void ring_sigpipe_hold(const struct ring *ring, struct sigpipe *sigpipe);
void ring_sigpipe_release(const struct sigpipe *sigpipe);

#endif
