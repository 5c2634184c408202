/* SPDX-License-Identifier: MIT */
/*
 * generator: a generator counts. An item is one resume with its yield: two switches.
 * generator_yield_from_*: the same through so many levels of delegation. generator_create: one that
 * yields once, from its creation to its end; an item is such a generator.
 */
#include "bench.h"

#include <coil/coil.h>

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <ucontext.h>

/* ---- coil ----------------------------------------------------------------------------------- */

static void *count(void *unused)
{
    int rc = 0;

    (void)unused;
    for (uintptr_t i = 0; rc == 0; i++)
        rc = coil_yield((void *)i, NULL);
    return COIL_ERR(rc);
}

static void resume_often(struct bench *bench, coil_gen *gen)
{
    const uint64_t items = bench_items(bench);
    int rc = 0;

    bench_begin(bench);
    for (uint64_t i = 0; i < items; i++)
        rc |= coil_gen_next(gen, NULL);
    bench_end(bench);
    (void)bench_failed(bench, rc == 0 ? 0 : -EPROTO);
    coil_gen_free(gen);
}

static void generator_coil(struct bench *bench)
{
    resume_often(bench, coil_gen_primed(count, NULL));
}
BENCH("generator/coil", generator_coil, BENCH_CPU)

static void *delegate(void *levels)
{
    int below = *(int *)levels - 1;
    coil_gen *inner = below == 0 ? coil_gen_new(count, NULL) : coil_gen_new(delegate, &below);
    int rc = coil_yield_from(coil_iter_gen(inner), NULL);

    coil_gen_free(inner);
    return COIL_ERR(rc);
}

static void yield_from_1_coil(struct bench *bench)
{
    resume_often(bench, coil_gen_primed(delegate, &(int){1}));
}
BENCH("generator_yield_from_1/coil", yield_from_1_coil, BENCH_CPU)

static void yield_from_1000_coil(struct bench *bench)
{
    resume_often(bench, coil_gen_primed(delegate, &(int){1000}));
}
BENCH("generator_yield_from_1000/coil", yield_from_1000_coil, BENCH_CPU)

static void *yield_once(void *argument)
{
    return COIL_ERR(coil_yield(argument, NULL));
}

static void generator_create_coil(struct bench *bench)
{
    const uint64_t items = bench_items(bench);
    int rc = 0;

    bench_begin(bench);
    for (uint64_t i = 0; i < items; i++) {
        coil_gen *gen = coil_gen_new(yield_once, bench);
        while ((rc = coil_gen_next(gen, NULL)) == 0) {
        }
        coil_gen_free(gen);
    }
    bench_end(bench);
    (void)bench_failed(bench, rc);
}
BENCH("generator_create/coil", generator_create_coil, BENCH_CPU)

/* ---- thread: two semaphores ----------------------------------------------------------------- */

struct thread_generator {
    sem_t wanted, there;
    uint64_t value;
    bool ended;
};

static void *count_in_thread(void *argument)
{
    struct thread_generator *generator = argument;

    for (uint64_t i = 0;; i++) {
        sem_wait(&generator->wanted);
        if (generator->ended)
            return NULL;
        generator->value = i;
        sem_post(&generator->there);
    }
}

static void generator_thread(struct bench *bench)
{
    const uint64_t items = bench_items(bench);
    struct thread_generator generator = {.ended = false};
    pthread_t thread;

    sem_init(&generator.wanted, 0, 0);
    sem_init(&generator.there, 0, 0);
    if (bench_failed(bench, -pthread_create(&thread, NULL, count_in_thread, &generator)))
        return;
    bench_begin(bench);
    for (uint64_t i = 0; i < items; i++) {
        sem_post(&generator.wanted);
        sem_wait(&generator.there);
    }
    bench_end(bench);
    generator.ended = true;
    sem_post(&generator.wanted);
    pthread_join(thread, NULL);
    sem_destroy(&generator.wanted);
    sem_destroy(&generator.there);
}
BENCH("generator/thread", generator_thread, BENCH_CPU)

/* ---- swapcontext ---------------------------------------------------------------------------- */

static struct {
    ucontext_t caller, body;
    uint64_t value;
} swapping;

static void count_in_context(void)
{
    for (uint64_t i = 0;; i++) {
        swapping.value = i;
        (void)swapcontext(&swapping.body, &swapping.caller);
    }
}

static void generator_swapcontext(struct bench *bench)
{
    const uint64_t items = bench_items(bench);
    const size_t size = 64 << 10;
    char *stack = malloc(size);

    if (!stack || getcontext(&swapping.body) < 0) {
        (void)bench_failed(bench, -ENOMEM);
        free(stack);
        return;
    }
    swapping.body.uc_stack.ss_sp = stack;
    swapping.body.uc_stack.ss_size = size;
    swapping.body.uc_link = NULL;
    makecontext(&swapping.body, count_in_context, 0);
    bench_begin(bench);
    for (uint64_t i = 0; i < items; i++)
        (void)swapcontext(&swapping.caller, &swapping.body);
    bench_end(bench);
    free(stack);
}
BENCH("generator/swapcontext", generator_swapcontext, BENCH_CPU)

/* ---- by hand: a state machine --------------------------------------------------------------- */

struct machine {
    bool begun;
    uint64_t i;
};

__attribute__((noinline)) static uint64_t machine_next(struct machine *machine)
{
    if (!machine->begun) {
        machine->begun = true;
        return machine->i;
    }
    return ++machine->i;
}

static void generator_by_hand(struct bench *bench)
{
    const uint64_t items = bench_items(bench);
    struct machine machine = {false, 0};

    bench_begin(bench);
    for (uint64_t i = 0; i < items; i++)
        (void)*(volatile uint64_t *)&(uint64_t){machine_next(&machine)};
    bench_end(bench);
}
BENCH("generator/by_hand", generator_by_hand, BENCH_CPU)
