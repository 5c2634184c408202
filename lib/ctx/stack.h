// SPDX-License-Identifier: MIT
/*
 * Stacks: slabs of equal blocks, a guard at the low end of each, a LIFO pool for each size.
 *
 *     low address                                                           high address
 *     | guard, one page |  frames grow downwards  <--- | reserved | struct stack | colour |
 *
 * A block costs no memory until it is used. One that was used keeps its pages for the next user, as
 * long as no more than `keep` of its size wait in the pool; beyond that its pages go back to the
 * kernel. The descriptor lies at the top, on the page that every user touches anyway, moved down
 * by a colour: without it the same line of every stack would fall into the same set of the L1
 * cache.
 */
#ifndef CTX_STACK_H
#define CTX_STACK_H

#include "base/macros.h"
#include "os/os.h"

#include <coil/base.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    STACK_SIZE_MIN = 16 << 10, /* a signal frame alone is 1.8 KiB on current CPUs */
    STACK_SIZE_MAX = 8 << 20,
    STACK_SIZE_DEFAULT = 64 << 10,
    STACK_CLASSES = 10, /* 16 KiB, 32 KiB, ... 8 MiB */
    STACKS_KEPT_DEFAULT = 1024,
    STACK_GUARD = OS_PAGE
};

struct stack_slab;

struct stack {
    struct stack *next; /* in the pool */
    struct stack_slab *slab;
    char *low; /* the first byte above the guard */
    uint32_t index;
    bool canary; /* for a guard */
};

struct stack_pool {
    struct stack *hot; /* used before, memory kept; the latest first */
    size_t hot_count;
    size_t keep;
    size_t size;              /* of a block, with its guard */
    struct stack_slab *slabs; /* one with free blocks, if any, mostly first */
    size_t next_slab;         /* blocks of the next one; 0: none was made */
    size_t ready;             /* blocks of the slabs that are free: fresh or cold */
    size_t in_use;
    coil_guard wanted; /* COIL_GUARD_NONE: the best that works */
    coil_guard weakest;
};

struct stacks {
    struct stack_pool pools[STACK_CLASSES];
};

void stacks_init(struct stacks *stacks, size_t keep);
void stacks_fini(struct stacks *stacks); /* none may be in use */

/* The class for a size in bytes, rounded up; -EINVAL above the largest. */
int stack_class(size_t size);

/* NULL: no memory. */
struct stack *stack_take(struct stack_pool *pool);

/* Has brought to the caches what the next taker of a stack that was used will touch. */
static inline void stack_fetch_hot(const struct stack_pool *pool)
{
    enum { LINES = 8 }; /* the descriptor and, below it, what a task needs to its first wait */

    for (int i = 0; pool->hot && i < LINES; i++)
        fetch_line((const char *)pool->hot - (ptrdiff_t)i * CACHE_LINE);
}

void stack_give(struct stack *stack);

NOINLINE void stack_check_canary(const struct stack *stack);

/* Ends the program if the stack's canary is not what it was: for whoever still knows who ran on it.
 * stack_give looks, too. */
static inline void stack_check(const struct stack *stack)
{
    if (unlikely(stack->canary))
        stack_check_canary(stack);
}

/* Of its block, with the guard: what was asked for, rounded up. */
size_t stack_size(const struct stack *stack);

/* Whether stack_take needs no system call and cannot fail. */
static inline bool stack_at_hand(const struct stack_pool *pool)
{
    return pool->hot || pool->ready;
}

/* `size` bytes at the high end, aligned to 64; frames go below. Only before frames are there. */
static inline void *stack_reserve(struct stack *stack, size_t size)
{
    return (void *)(((uintptr_t)stack - size) & ~(uintptr_t)63);
}

/* Whether an address lies in the page of the guard. Behind a canary nothing faults there. */
static inline bool stack_guards(const struct stack *stack, const void *address)
{
    return (uintptr_t)stack->low - (uintptr_t)address - 1 < STACK_GUARD;
}

coil_guard stacks_guard(const struct stacks *stacks);

#endif
