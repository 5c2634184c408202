// SPDX-License-Identifier: MIT
/*
 * Making a ring, with the flags that this kernel grants and a size for which there is memory, and
 * ending it.
 *
 * It is made disabled, because the thread that makes a loop need not be the one that runs it: with
 * SINGLE_ISSUER the one that enables it, at its first enter, is its only user.
 */
#include "ring/ring.h"

#include "base/alloc.h"
#include "base/fault.h"
#include "base/poison.h"
#include "os/os.h"

#if WITH_TSAN
#include <sanitizer/tsan_interface.h>
#endif
#include <unistd.h>

enum {
    SQ_ENTRIES = 512,
    CQ_ENTRIES = 8 * SQ_ENTRIES, /* completions of many-shot operations come in bursts */
    SQ_ENTRIES_MIN = 64,
    LADDER_STEPS = 4
};

struct ring_size coil__ring_size = {SQ_ENTRIES, CQ_ENTRIES};

#define COOP (IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG)

/* The flags to try at a step; a kernel that does not know one says EINVAL. What completes without
 * an interruption must be told, and DEFER_TASKRUN wants SINGLE_ISSUER. */
static unsigned ladder(unsigned step)
{
    bool coop = step < 3 && feature_allowed(FEATURE_COOP_TASKRUN);
    bool single = step < 2 && feature_allowed(FEATURE_SINGLE_ISSUER);
    bool defer = step < 1 && coop && single && feature_allowed(FEATURE_DEFER_TASKRUN);
    bool all = step < 3 && feature_allowed(FEATURE_SUBMIT_ALL);

    return (coop ? COOP : 0) | (single ? IORING_SETUP_SINGLE_ISSUER : 0) |
           (defer ? IORING_SETUP_DEFER_TASKRUN : 0) | (all ? IORING_SETUP_SUBMIT_ALL : 0);
}

/*
 * liburing calls the kernel itself, so TSan sees neither that a ring's memory comes nor that it
 * goes; a ring where another thread's was before would look like a race with that one.
 */
#if WITH_TSAN
static char mappings;
#endif

void ring_mapped(void)
{
#if WITH_TSAN
    __tsan_acquire(&mappings);
#endif
}

void ring_unmap(struct io_uring *uring)
{
#if WITH_TSAN
    __tsan_release(&mappings);
#endif
    io_uring_queue_exit(uring);
}

static int try_setup(struct ring *ring, unsigned flags, struct ring_size size)
{
    struct io_uring_params params = {
        .flags = flags | IORING_SETUP_R_DISABLED | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP,
        .cq_entries = size.completions,
    };

    if (fault_here("ring_setup"))
        return -ENOMEM;
    int rc = io_uring_queue_init_params(size.entries, &ring->uring, &params);
    if (rc < 0)
        return rc;
    ring_mapped();
    ring->flags = params.flags;
    /* NODROP: completions wait in the kernel when the queue is full. Since 5.5. */
    if (!(params.features & IORING_FEAT_NODROP)) {
        ring_unmap(&ring->uring);
        return -ENOSYS;
    }
    if (params.features & IORING_FEAT_NO_IOWAIT && feature_allowed(FEATURE_NO_IOWAIT))
        ring->enter_flags |= IORING_ENTER_NO_IOWAIT;
    return 0;
}

static int setup(struct ring *ring)
{
    int rc = -EINVAL;

    for (unsigned step = 0; step < LADDER_STEPS && rc == -EINVAL; step++) {
        struct ring_size size = coil__ring_size;
        rc = try_setup(ring, ladder(step), size);
        while (rc == -ENOMEM && size.entries > SQ_ENTRIES_MIN) {
            size = (struct ring_size){size.entries / 2, size.completions / 2};
            rc = try_setup(ring, ladder(step), size);
        }
    }
    return rc;
}

int ring_new(struct engine **engine)
{
    struct ring *ring = coil__alloc_zeroed(sizeof(*ring));

    if (!ring)
        return -ENOMEM;
    int rc = setup(ring);
    if (rc < 0) {
        coil__free(ring);
        return rc;
    }
    /* Valgrind loses its way in a child that lacks mappings which it knows. */
    rc = ON_VALGRIND ? 0 : io_uring_ring_dontfork(&ring->uring);
    if (rc == 0)
        rc = ring_wake_init(ring);
    if (rc == 0 && (rc = ring_probe(ring)) < 0)
        ring_wake_fini(ring);
    if (rc < 0) {
        ring_unmap(&ring->uring);
        coil__free(ring);
        return rc;
    }
    ring_watch_forks(ring);
    ring->armed = INT64_MAX;
    ring->event_fd = -1;
    engine_init(&ring->engine, &ring_class);
    list_init(&ring->groups);
    *engine = &ring->engine;
    return 0;
}

/* Ends the timeout and the read of the wake: the kernel may write where they point until then. */
static void drain(struct ring *ring)
{
    struct completion none[1];
    struct io_uring_sqe *sqe;

    if (!ring->wake_armed && ring->armed == INT64_MAX)
        return;
    while (ring_sqe(ring, &sqe) < 0) {
        /* short of memory: what it is needed for ends some day */
    }
    io_uring_prep_cancel64(sqe, 0, IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL);
    sqe->user_data = RING_IGNORED;
    while (ring->wake_armed || ring->armed != INT64_MAX) {
        int rc = ring_call(ring, 1);
        ASSERT(rc >= 0 || rc == -EINTR || rc == -EAGAIN || rc == -EBUSY);
        size_t n = ring_reap(&ring->engine, none, array_length(none));
        ASSERT(n == 0);
    }
}

static void detach(struct engine *engine)
{
    struct ring *ring = ring_of(engine);

    if (ring_forked(ring)) {
        close(ring->uring.ring_fd); /* its memory is not there */
    } else {
        drain(ring);
        ring_groups_unregister(ring);
        ring_unmap(&ring->uring);
    }
    ring_groups_free(ring);
    ring_descriptor_fini(ring);
    ring_blocking_fini(ring);
    ring_wake_fini(ring);
    coil__free(ring->stash);
    coil__free(ring);
}

static int64_t now(const struct engine *engine)
{
    (void)engine;
    return os_now();
}

static void block(struct engine *engine, int64_t until)
{
    (void)engine;
    os_block(until);
}

const struct engine_class ring_class = {
    .name = "io_uring",
    .real = true,
    .submit = ring_submit,
    .cancel = ring_cancel,
    .enter = ring_enter,
    .reap = ring_reap,
    .quiet = ring_quiet,
    .news = ring_news,
    .now = now,
    .wake = ring_wake,
    .block = block,
    .descriptor = ring_descriptor,
    .rouse = ring_rouse,
    .lend = ring_lend,
    .lent = ring_lent,
    .give_back = ring_give_back,
    .detach = detach,
};
