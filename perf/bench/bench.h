/* SPDX-License-Identifier: MIT */
/*
 * What every benchmark is written with. A row `primitive/variant` is a C function that does its
 * work so many times between bench_begin and bench_end; Google Benchmark says how many times
 * (bench.cc). What all variants of a primitive have in common is said where they stand side by
 * side.
 */
#ifndef PERF_BENCH_H
#define PERF_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bench;

/* What a row is judged by: the time of the process's threads on a processor, where waiting is no
 * part of the work, or the time on the wall. The other one becomes a counter. */
enum bench_clock {
    BENCH_CPU,
    BENCH_WALL,
    BENCH_SLEEP, /* the wall; 100 items, which take the time that they were asked to */
    BENCH_ONCE,  /* the wall, in ms; one item is the whole, done once */
};

struct bench_row {
    const char *name;
    void (*run)(struct bench *bench);
    enum bench_clock clock;
};

void bench_add(const struct bench_row *row);

#define BENCH(name, run, clock)                                                                    \
    __attribute__((constructor)) static void run##_add(void)                                       \
    {                                                                                              \
        static const struct bench_row row = {name, run, clock};                                    \
        bench_add(&row);                                                                           \
    }

/* How many items are to be done. */
uint64_t bench_items(const struct bench *bench);

/* What is measured lies between; it may be in several pieces. */
void bench_begin(struct bench *bench);
void bench_end(struct bench *bench);

/* Time that belongs to nobody, such as what a sleep was asked for. */
void bench_subtract(struct bench *bench, int64_t ns);

void bench_counter(struct bench *bench, const char *name, double value);

/* Whether a call failed; the row then has no figure. Takes a negative errno, coil's codes too. */
bool bench_failed(struct bench *bench, int code);

#ifdef __cplusplus
}
#endif

#endif
