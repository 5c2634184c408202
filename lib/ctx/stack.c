// SPDX-License-Identifier: MIT
#include "ctx/stack.h"

#include "base/assert.h"

#include <errno.h>
#include <string.h>

enum {
    SLAB_FIRST = 16,       /* blocks; each further slab has twice as many */
    SLAB_BLOCKS_MAX = 512, /* as many guards go into one call of the kernel */
    SLAB_BYTES_MAX = 64 << 20,
    COLOURS = 16, /* of a cache line each: a quarter of the page, and all that L1 needs */
    CANARY_SIZE = 64,
    CANARY_BYTE = 0xc5
};

/* Lies on a page of its own behind its blocks: it is the kernel's memory, as they are. */
struct stack_slab {
    struct stack_slab *next;
    struct stack_pool *pool;
    char *memory;
    uint32_t count;
    uint32_t fresh;      /* blocks from here on were never used */
    uint32_t cold_count; /* used, memory given back */
    uint32_t mapped_guards;
    coil_guard guard;
    uint16_t cold[]; /* their indices */
};

_Static_assert(sizeof(struct stack_slab) + SLAB_BLOCKS_MAX * sizeof(uint16_t) <= OS_PAGE,
               "a slab's description fits on its page");

static size_t slab_bytes(const struct stack_pool *pool, size_t count)
{
    return count * pool->size + OS_PAGE;
}

void stacks_init(struct stacks *stacks, size_t keep)
{
    for (int i = 0; i < STACK_CLASSES; i++) {
        stacks->pools[i] = (struct stack_pool){
            .size = (size_t)STACK_SIZE_MIN << i,
            .keep = keep,
        };
    }
}

void stacks_fini(struct stacks *stacks)
{
    for (int i = 0; i < STACK_CLASSES; i++) {
        struct stack_pool *pool = &stacks->pools[i];
        ASSERT(pool->in_use == 0);
        while (pool->slabs) {
            struct stack_slab *slab = pool->slabs;
            pool->slabs = slab->next;
            const uint32_t mapped_guards = slab->mapped_guards;
            os_release(slab->memory, slab_bytes(pool, slab->count));
            os_guard_mapped_gone(mapped_guards);
        }
        pool->hot = NULL;
        pool->hot_count = pool->ready = 0;
    }
}

int stack_class(size_t size)
{
    if (size > STACK_SIZE_MAX)
        return -EINVAL;
    int class = 0;
    while (((size_t)STACK_SIZE_MIN << class) < size)
        class ++;
    return class;
}

coil_guard stacks_guard(const struct stacks *stacks)
{
    coil_guard weakest = COIL_GUARD_NONE;

    for (int i = 0; i < STACK_CLASSES; i++)
        if (stacks->pools[i].weakest > weakest)
            weakest = stacks->pools[i].weakest;
    return weakest;
}

/* ---- guards ------------------------------------------------------------------------------- */

static bool guard_mapped(struct stack_slab *slab, size_t size)
{
    if (os_guards_left() < slab->count)
        return false;
    for (uint32_t i = 0; i < slab->count; i++) {
        if (os_guard_mapped(slab->memory + i * size) < 0)
            return false;
        slab->mapped_guards++;
    }
    return true;
}

/* The best guard that this kernel and its limits give, or the one that was asked for. */
static coil_guard guard_slab(struct stack_slab *slab, size_t size, coil_guard wanted)
{
    const int before = errno; /* a kernel that says no is no news for the program */
    coil_guard guard = COIL_GUARD_CANARY;

    if (wanted <= COIL_GUARD_PAGE && os_guard_pages(slab->memory, size, slab->count) == 0)
        guard = COIL_GUARD_PAGE;
    else if (wanted <= COIL_GUARD_MAPPED && guard_mapped(slab, size))
        guard = COIL_GUARD_MAPPED;
    errno = before;
    return guard;
}

static NOINLINE void canary_write(struct stack *stack)
{
    memset(stack->low, CANARY_BYTE, CANARY_SIZE);
}

void stack_check_canary(const struct stack *stack)
{
    for (int i = 0; i < CANARY_SIZE; i++)
        ASSERT_CONTRACT((unsigned char)stack->low[i] == CANARY_BYTE, "a stack has overflowed");
}

/* ---- slabs -------------------------------------------------------------------------------- */

static struct stack_slab *slab_add(struct stack_pool *pool)
{
    size_t count = pool->next_slab ? pool->next_slab : SLAB_FIRST;

    if (count * pool->size > SLAB_BYTES_MAX)
        count = SLAB_BYTES_MAX / pool->size;
    void *memory;
    if (os_reserve(slab_bytes(pool, count), &memory) < 0)
        return NULL;
    struct stack_slab *slab = (void *)((char *)memory + count * pool->size);
    *slab = (struct stack_slab){
        .next = pool->slabs, .pool = pool, .memory = memory, .count = (uint32_t)count};
    slab->guard = guard_slab(slab, pool->size, pool->wanted);
    if (slab->guard > pool->weakest)
        pool->weakest = slab->guard;
    pool->slabs = slab;
    pool->ready += count;
    pool->next_slab = 2 * count < SLAB_BLOCKS_MAX ? 2 * count : SLAB_BLOCKS_MAX;
    return slab;
}

/* Writes the descriptor of a block whose memory is not there yet. */
static struct stack *describe(struct stack_slab *slab, uint32_t index)
{
    char *block = slab->memory + index * slab->pool->size;
    char *top = block + slab->pool->size - (size_t)(index % COLOURS) * CACHE_LINE;
    struct stack *stack = (struct stack *)(void *)(top - sizeof(*stack));

    *stack = (struct stack){
        .slab = slab,
        .low = block + OS_PAGE,
        .index = index,
        .canary = slab->guard == COIL_GUARD_CANARY,
    };
    if (unlikely(stack->canary))
        canary_write(stack);
    return stack;
}

static struct stack *take_from(struct stack_slab *slab)
{
    uint32_t index = slab->cold_count ? slab->cold[--slab->cold_count] : slab->fresh++;

    slab->pool->ready--;
    return describe(slab, index);
}

static bool has_free(const struct stack_slab *slab)
{
    return slab->cold_count || slab->fresh < slab->count;
}

static struct stack *take_slowly(struct stack_pool *pool)
{
    if (!pool->ready && !slab_add(pool))
        return NULL;
    /* Mostly the newest one. One with free blocks is moved to the front, so that it is found at
     * once by the takes that follow. */
    struct stack_slab **link = &pool->slabs;
    while (!has_free(*link))
        link = &(*link)->next;
    struct stack_slab *slab = *link;
    if (slab != pool->slabs) {
        *link = slab->next;
        slab->next = pool->slabs;
        pool->slabs = slab;
    }
    return take_from(slab);
}

struct stack *stack_take(struct stack_pool *pool)
{
    struct stack *stack = pool->hot;

    if (likely(stack != NULL)) {
        pool->hot = stack->next;
        pool->hot_count--;
    } else {
        stack = take_slowly(pool);
        if (!stack)
            return NULL;
    }
    pool->in_use++;
    return stack;
}

size_t stack_size(const struct stack *stack)
{
    return stack->slab->pool->size;
}

void stack_give(struct stack *stack)
{
    struct stack_slab *slab = stack->slab;
    struct stack_pool *pool = slab->pool;

    ASSERT(pool->in_use > 0);
    stack_check(stack);
    pool->in_use--;
    if (likely(pool->hot_count < pool->keep)) {
        stack->next = pool->hot;
        pool->hot = stack;
        pool->hot_count++;
        return;
    }
    slab->cold[slab->cold_count++] = (uint16_t)stack->index;
    pool->ready++;
    os_discard(stack->low, pool->size - OS_PAGE);
}
