// SPDX-License-Identifier: MIT
/*
 * The simulated engine: a loop on it needs no kernel, and its clock is virtual. When nothing is
 * ready the clock jumps to the next deadline or answer; when there is none, the run ends with
 * -COIL_EDEADLOCK instead of hanging. Operations get the answers of a script, of a handler, or of
 * a seed; the same seed gives the same run.
 *
 *     coil_sim *sim = coil_sim_new(NULL);
 *     coil_loop_options options = {.size = sizeof(options), .sim = sim};
 *     rc = coil_run_with(main, NULL, NULL, &options);
 *     coil_sim_free(sim);
 */
#ifndef COIL_SIM_H
#define COIL_SIM_H

#include <coil/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct coil_sim coil_sim;

enum {
    COIL_SIM_ANY = -1 /* any operation, any descriptor */
};

typedef struct coil_sim_options {
    size_t size;           /* sizeof(coil_sim_options) */
    coil_time start;       /* what the clock shows first; 0: one second */
    uint64_t seed;         /* 0: an operation without an answer in the script waits for ever */
    coil_time latency_max; /* with a seed: answers come after 0 to this long; 0: 1 ms */
    uint32_t faults;       /* with a seed: errors and short counts, in a million operations */
    bool foreign_threads;  /* with nothing to do, wait for another thread instead of reporting */
} coil_sim_options;

/* How an operation ends; what happens when it is cancelled before. */
typedef enum coil_sim_cancel {
    COIL_SIM_CANCEL_TAKES,  /* it ends with -ECANCELED at once */
    COIL_SIM_CANCEL_LOSES,  /* it ends with its result at once */
    COIL_SIM_CANCEL_IGNORED /* it ends with its result when its time has come */
} coil_sim_cancel;

typedef struct coil_sim_answer {
    size_t size;      /* sizeof(coil_sim_answer) */
    int opcode;       /* as IORING_OP_*; COIL_SIM_ANY */
    int fd;           /* COIL_SIM_ANY */
    int result;       /* >= 0 or -errno */
    coil_time delay;  /* from the submission or, after `more`, from the answer before */
    const void *data; /* put into the operation's buffer, as far as the result goes; or NULL */
    bool more;        /* the next answer in the script is for the same operation */
    coil_sim_cancel cancel;
} coil_sim_answer;

/*
 * Makes a simulated engine for one loop.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: the caller frees it with coil_sim_free, after its loop.
 * Cancellation: none.
 * Errors: -EINVAL for options of a wrong size or out of bounds; -ENOMEM. Error-encoded.
 */
COIL_API coil_sim *coil_sim_new(const coil_sim_options *options);

/*
 * Frees a simulated engine.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the engine ends.
 * Cancellation: none.
 * Errors: -EBUSY while a loop uses it; NULL and error-encoded pointers are ignored and give 0.
 */
COIL_API int coil_sim_free(coil_sim *sim);

/*
 * Adds an answer to the script. An operation gets the first answer that fits it and was not used.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the answer is copied; its data stays the caller's until it was used.
 * Cancellation: none.
 * Errors: -EINVAL for NULL, a wrong size or a negative delay; -ENOMEM; the code of an error-encoded
 *         pointer.
 */
COIL_API int coil_sim_script(coil_sim *sim, const coil_sim_answer *answer);

/*
 * Returns the virtual clock.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EINVAL for NULL; the code of an error-encoded pointer.
 */
COIL_API coil_time coil_sim_time(const coil_sim *sim);

/*
 * Moves the virtual clock forward, as a computation or a blocking call that takes so long would.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EINVAL for NULL, a negative time or one beyond the end of time; the code of an
 * error-encoded pointer.
 */
COIL_API int coil_sim_advance(coil_sim *sim, coil_time by);

/* What a simulated engine has seen. */
typedef struct coil_sim_counts {
    size_t size;        /* sizeof(coil_sim_counts) */
    uint64_t enters;    /* calls that would have been system calls */
    uint64_t submitted; /* operations */
    uint64_t completed; /* answers given, with those that said there is more */
    uint64_t in_flight; /* operations without a last answer */
    uint64_t lent;      /* buffers lent and not given back */
    uint64_t hash;      /* of every operation and answer with its time, in order */
} coil_sim_counts;

/*
 * Reads the counters. Two runs with the same seed have the same hash.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EINVAL for NULL or a wrong size; the code of an error-encoded pointer.
 */
COIL_API int coil_sim_count(const coil_sim *sim, coil_sim_counts *counts);

#ifdef __cplusplus
}
#endif

#endif
