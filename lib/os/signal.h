// SPDX-License-Identifier: MIT
/*
 * Signals of the process, for whoever has a sink: a sink gets the signals that it wants, as bits.
 * While somebody wants a signal its disposition is ours; afterwards it is the former one again.
 *
 * The handler walks the list of sinks with nothing but atomic loads, on any thread, at any moment.
 * So a sink that leaves waits until no handler is inside. It cannot wait for itself: a handler runs
 * to its end before the thread that it interrupted goes on.
 */
#ifndef OS_SIGNAL_H
#define OS_SIGNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { SIGNAL_MAX = 64 };

struct signal_sink {
    struct signal_sink *_Atomic next;
    _Atomic uint64_t wanted;  /* signal_bit of each */
    _Atomic uint64_t arrived; /* and not yet taken */
    /* Called in a signal handler: does what is async-signal-safe, and no more. */
    void (*wake)(struct signal_sink *sink);
};

static inline bool signal_valid(int number)
{
    return number >= 1 && number <= SIGNAL_MAX;
}

static inline uint64_t signal_bit(int number)
{
    return UINT64_C(1) << (number - 1);
}

/* From now on the sink gets these and no others; it must want none before its memory goes. What
 * has arrived stays.
 * -EINVAL, and nothing changed: one of them cannot be handled. */
int signal_want(struct signal_sink *sink, uint64_t wanted);

/* Those of `which` that arrived since they were last taken. */
static inline uint64_t signal_take(struct signal_sink *sink, uint64_t which)
{
    return atomic_fetch_and(&sink->arrived, ~which) & which;
}

/* Whether a signal has the system's own effect. */
bool signal_is_default(int number);

#endif
